//! The networks in `networks/` against what is published about them.

use std::fs;
use std::path::Path;

use architecture::{Architecture, Convolution, Layer, LayerSummary, Pool, Summary};

/// A network of `networks/`.
fn network(file: &str) -> Architecture {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../networks");
    let text = fs::read_to_string(folder.join(file)).expect("the file is there");
    serde_json::from_str(&text).expect("it is a network")
}

/// Its last layer that is neither pooling nor fully connected.
fn last_of_body(summary: &Summary) -> &LayerSummary {
    let is_body = |layer: &&LayerSummary| layer.n_out.area() > 1;
    let mut layers = summary.layers.iter();
    layers.rfind(is_body).expect("there is a body")
}

/// A convolution with batch normalisation and padding that keeps the map's size at stride 1.
fn convolution(channels: [usize; 2], kernel: usize, stride: usize) -> Convolution {
    Convolution {
        stride: stride.into(),
        padding: (kernel / 2).into(),
        batch_norm: true,
        relu: true,
        ..Convolution::new(channels[0], channels[1], kernel)
    }
}

fn linear(convolution: Convolution) -> Convolution {
    Convolution {
        relu: false,
        ..convolution
    }
}

/// ResNet-50 (K. He et al., "Deep Residual Learning for Image Recognition", 2016). `strides` are those of a block's
/// first two convolutions where it halves the map.
fn resnet_50(strides: [usize; 2]) -> Architecture {
    let mut pool = Pool::new(3, 2);
    pool.padding = 1.into();
    let mut network = Architecture::new(3, 224)
        .layer(Layer::Convolution(convolution([3, 64], 7, 2)))
        .layer(Layer::MaxPool(pool));
    let mut channels = 64;
    for (stage, blocks) in [3, 4, 6, 3].into_iter().enumerate() {
        let width = 64 << stage;
        for block in 0..blocks {
            let [first, second] = if block == 0 && stage > 0 {
                strides
            } else {
                [1, 1]
            };
            let residual = [
                convolution([channels, width], 1, first),
                convolution([width, width], 3, second),
                linear(convolution([width, 4 * width], 1, 1)),
            ];
            let shortcut = linear(convolution([channels, 4 * width], 1, first * second));
            let branches = vec![
                residual.map(Layer::Convolution).to_vec(),
                Vec::from_iter((block == 0).then_some(Layer::Convolution(shortcut))),
            ];
            let relu = true;
            network = network.layer(Layer::Sum { branches, relu });
            channels = 4 * width;
        }
    }
    network.fully_connected_head(1000)
}

/// MobileNetV2 (M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018).
fn mobilenet_v2() -> Architecture {
    let mut network =
        Architecture::new(3, 224).layer(Layer::Convolution(convolution([3, 32], 3, 2)));
    let mut channels = 32;
    for (expansion, width, blocks, stride) in [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ] {
        for block in 0..blocks {
            let stride = if block == 0 { stride } else { 1 };
            let inner = expansion * channels;
            let expanding = convolution([channels, inner], 1, 1);
            let depthwise = Convolution {
                groups: inner,
                ..convolution([inner, inner], 3, stride)
            };
            let projecting = linear(convolution([inner, width], 1, 1));
            let layers = (expansion > 1).then_some(expanding).into_iter();
            let layers = layers
                .chain([depthwise, projecting])
                .map(Layer::Convolution);
            if block == 0 {
                network = layers.fold(network, Architecture::layer);
            } else {
                network = network.layer(Layer::Sum {
                    branches: vec![layers.collect(), vec![]],
                    relu: false,
                });
            }
            channels = width;
        }
    }
    network
        .layer(Layer::Convolution(convolution([320, 1280], 1, 1)))
        .fully_connected_head(1000)
}

/// The basic context module (F. Yu and V. Koltun, "Multi-Scale Context Aggregation by Dilated Convolutions", 2016).
fn context_module() -> Architecture {
    let classes = 21;
    let dilated = |dilation: usize| Convolution {
        padding: dilation.into(),
        dilation: dilation.into(),
        bias: true,
        relu: true,
        ..Convolution::new(classes, classes, 3)
    };
    let last = Convolution {
        bias: true,
        ..Convolution::new(classes, classes, 1)
    };
    let layers = [1, 1, 2, 4, 8, 16, 1].map(dilated);
    let layers = layers.into_iter().chain([last]).map(Layer::Convolution);
    layers.fold(Architecture::new(classes, 64), Architecture::layer)
}

/// Table 1 of the paper: maps of 112, 56, 28, 14 and 7 pixels, 3.8 billion multiply-adds. The receptive field is that of A.
/// Araujo et al., "Computing Receptive Fields of Convolutional Neural Networks", 2019.
#[test]
fn resnet_50_is_as_published() {
    let network = network("resnet-50.json");
    assert_eq!(network, resnet_50([2, 1]));
    let summary = network.summary().unwrap();
    let body = last_of_body(&summary);
    assert_eq!((body.n_out, body.jump_out), (7.into(), 32.into()));
    assert_eq!(body.receptive_field_out, 483.into());
    assert_eq!(summary.totals.parameters, 25_557_032);
    assert_eq!(summary.totals.macs, 3_857_973_248);
    // Sixteen blocks of three convolutions, four that go past a block, and the first and last layers.
    let leaves = summary
        .rows()
        .into_iter()
        .filter(|(_, layer)| layer.window.is_some());
    assert_eq!(leaves.count(), 16 * 3 + 4 + 2 + 2);
}

/// The variant of torchvision, whose weights are used most: 25,557,032 parameters and 4.09 billion multiply-adds in its
/// documentation.
#[test]
fn resnet_50_as_in_torchvision_sees_less_and_computes_more() {
    let network = network("resnet-50-v1.5.json");
    assert_eq!(network, resnet_50([1, 2]));
    let summary = network.summary().unwrap();
    assert_eq!(last_of_body(&summary).receptive_field_out, 427.into());
    assert_eq!(summary.totals.parameters, 25_557_032);
    assert_eq!(summary.totals.macs, 4_089_184_256);
}

/// torchvision has 3,504,872 parameters and 0.3 billion multiply-adds, the paper 300 million; the receptive field is that of
/// Araujo et al.
#[test]
fn mobilenet_v2_is_as_published() {
    let network = network("mobilenet-v2.json");
    assert_eq!(network, mobilenet_v2());
    let summary = network.summary().unwrap();
    let body = last_of_body(&summary);
    assert_eq!((body.n_out, body.channels_out), (7.into(), 1280));
    assert_eq!(body.receptive_field_out, 491.into());
    assert_eq!(summary.totals.parameters, 3_504_872);
    assert_eq!(summary.totals.macs, 300_774_272);
}

/// Table 1 of the paper has the receptive fields; there are "approximately 64C²" parameters.
#[test]
fn the_dilated_context_module_is_as_published() {
    let network = network("context-module.json");
    assert_eq!(network, context_module());
    let summary = network.summary().unwrap();
    let fields = summary
        .layers
        .iter()
        .map(|layer| layer.receptive_field_out.height);
    assert_eq!(fields.collect::<Vec<_>>(), [3, 5, 9, 17, 33, 65, 67, 67]);
    assert!(summary.layers.iter().all(|layer| layer.n_out == 64.into()));
    assert_eq!(summary.totals.parameters, 64 * 21 * 21 + 8 * 21);
    assert_eq!(summary.totals.macs, 64 * 21 * 21 * 64 * 64);
}
