//! A network in one line, as tables name it. What was tried explains the notation.

use architecture::{Architecture, Convolution, Layer};

/// A network, layer by layer.
pub(crate) fn notation(architecture: &Architecture) -> String {
    let words: Vec<String> = architecture.layers.iter().filter_map(word).collect();
    let plain = if architecture.has_batch_norm() {
        ""
    } else {
        "no BN: "
    };
    format!("{plain}{}", words.join(" "))
}

fn word(layer: &Layer) -> Option<String> {
    match layer {
        Layer::Convolution(convolution) => {
            let Convolution {
                in_channels,
                out_channels,
                kernel,
                padding,
                groups,
                relu,
                ..
            } = convolution;
            let depthwise = *groups > 1 && groups == in_channels && groups == out_channels;
            let mut word = if depthwise {
                "d".into()
            } else {
                out_channels.to_string()
            };
            if *kernel != 3 {
                word += &format!("k{kernel}");
            }
            if *groups > 1 && !depthwise {
                word += &format!("g{groups}");
            }
            if *padding > 0 {
                word.push('p');
            }
            if !relu {
                word.push('l');
            }
            Some(word)
        }
        Layer::MaxPool { .. } => Some("P".into()),
        Layer::GlobalAveragePool | Layer::FullyConnected { .. } => None,
    }
}
