//! A network in one line, as tables name it. What was tried explains the notation.

use architecture::{Architecture, Convolution, Layer, PerAxis};

/// A network, layer by layer.
pub(crate) fn notation(architecture: &Architecture) -> String {
    let plain = if architecture.has_batch_norm() {
        ""
    } else {
        "no BN: "
    };
    format!("{plain}{}", words(&architecture.layers))
}

/// Layers in a row.
fn words(layers: &[Layer]) -> String {
    let words: Vec<String> = layers.iter().filter_map(word).collect();
    words.join(" ")
}

fn word(layer: &Layer) -> Option<String> {
    match layer {
        Layer::Convolution(convolution) => Some(of_convolution(convolution)),
        Layer::MaxPool(_) => Some("P".into()),
        Layer::AveragePool(_) => Some("A".into()),
        Layer::GlobalAveragePool | Layer::FullyConnected { .. } => None,
        Layer::Repeat { times, layers } => Some(format!("{times}×({})", words(layers))),
        Layer::Sum { branches, relu } => {
            let branches: Vec<String> = branches.iter().map(|layers| of_branch(layers)).collect();
            let linear = if *relu { "" } else { "l" };
            Some(format!("({}){linear}", branches.join(" + ")))
        }
    }
}

/// A branch of a sum; x is the input as it is.
fn of_branch(layers: &[Layer]) -> String {
    match layers {
        [] => "x".into(),
        _ => words(layers),
    }
}

fn of_convolution(convolution: &Convolution) -> String {
    let Convolution {
        out_channels,
        kernel,
        padding,
        dilation,
        groups,
        bias,
        relu,
        ..
    } = convolution;
    let depthwise = convolution.is_depthwise();
    let mut word = if depthwise {
        "d".into()
    } else {
        out_channels.to_string()
    };
    if *kernel != PerAxis::both(3) {
        word += &format!("k{kernel}");
    }
    if *dilation != PerAxis::both(1) {
        word += &format!("@{dilation}");
    }
    if *groups > 1 && !depthwise {
        word += &format!("g{groups}");
    }
    if *padding != PerAxis::default() {
        word.push('p');
    }
    if *bias {
        word.push('b');
    }
    if !relu {
        word.push('l');
    }
    word
}
