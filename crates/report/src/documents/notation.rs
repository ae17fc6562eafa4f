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

#[cfg(test)]
mod tests {
    use architecture::Pool;

    use super::*;

    #[test]
    fn layers_inside_others_are_in_parentheses() {
        let convolution = |kernel: [usize; 2], dilation: usize, relu| {
            Layer::Convolution(Convolution {
                dilation: dilation.into(),
                bias: dilation > 1,
                relu,
                ..Convolution::new(8, 8, kernel)
            })
        };
        let residual = Layer::Sum {
            branches: vec![
                vec![convolution([3, 3], 2, true), convolution([3, 1], 1, false)],
                vec![],
            ],
            relu: true,
        };
        let network = Architecture::new(8, 28)
            .layer(residual.clone())
            .layer(Layer::AveragePool(Pool::new(2, 2)))
            .layer(Layer::Repeat {
                times: 2,
                layers: vec![residual],
            })
            .convolution_block(16, 5)
            .layer(Layer::GlobalAveragePool);
        assert_eq!(
            notation(&network),
            "no BN: (8@2b 8k3×1l + x) A 2×((8@2b 8k3×1l + x)) 16k5b"
        );
    }
}
