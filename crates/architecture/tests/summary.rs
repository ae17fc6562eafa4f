//! The summary against published tables, and its errors.

use architecture::{Architecture, Convolution, Layer, LayerSummary, Pool};

fn convolution(
    in_channels: usize,
    out_channels: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> Layer {
    Layer::Convolution(Convolution {
        stride: stride.into(),
        padding: padding.into(),
        relu: true,
        ..Convolution::new(in_channels, out_channels, kernel)
    })
}

/// A 3×3 convolution in groups.
fn grouped(in_channels: usize, out_channels: usize, groups: usize) -> Layer {
    Layer::Convolution(Convolution {
        groups,
        relu: true,
        ..Convolution::new(in_channels, out_channels, 3)
    })
}

fn max_pool(kernel: usize, stride: usize) -> Layer {
    Layer::MaxPool(Pool::new(kernel, stride))
}

fn chain(channels: usize, size: usize, layers: Vec<Layer>) -> Architecture {
    layers
        .into_iter()
        .fold(Architecture::new(channels, size), Architecture::layer)
}

fn column<T>(architecture: &Architecture, value: fn(&LayerSummary) -> T) -> Vec<T> {
    let summary = architecture.summary().expect("it can be built");
    summary.layers.iter().map(value).collect()
}

/// The network of the table that the ladder starts from.
fn source_network() -> Architecture {
    chain(
        1,
        28,
        vec![
            convolution(1, 8, 3, 1, 0),
            convolution(8, 16, 3, 1, 0),
            max_pool(2, 2),
            convolution(16, 8, 1, 1, 0),
            convolution(8, 10, 3, 1, 0),
            convolution(10, 16, 3, 1, 0),
            convolution(16, 16, 3, 1, 0),
            convolution(16, 16, 3, 1, 1),
        ],
    )
}

#[test]
fn the_source_network_has_its_published_sizes_and_parameters_and_the_right_receptive_fields() {
    let network = source_network();
    assert_eq!(
        column(&network, |layer| layer.n_out.height),
        [26, 24, 12, 12, 10, 8, 6, 6]
    );
    assert_eq!(
        column(&network, |layer| layer.receptive_field_out.height),
        [3, 5, 6, 6, 10, 14, 18, 22]
    );
    assert_eq!(
        column(&network, |layer| layer.parameters),
        [72, 1152, 0, 128, 720, 1440, 2304, 2304]
    );
    assert_eq!(
        column(&network, |layer| layer.jump_out.height),
        [1, 1, 2, 2, 2, 2, 2, 2]
    );
    assert_eq!(network.summary().unwrap().totals.parameters, 8120);
}

#[test]
fn alexnet_v2_has_its_published_receptive_field() {
    let network = chain(
        3,
        224,
        vec![
            convolution(3, 64, 11, 4, 0),
            max_pool(3, 2),
            convolution(64, 192, 5, 1, 2),
            max_pool(3, 2),
            convolution(192, 384, 3, 1, 1),
            convolution(384, 384, 3, 1, 1),
            convolution(384, 256, 3, 1, 1),
            max_pool(3, 2),
        ],
    );
    assert_eq!(
        column(&network, |layer| layer.receptive_field_out.height).last(),
        Some(&195)
    );
}

#[test]
fn vgg_16_has_its_published_receptive_field() {
    let mut layers = Vec::new();
    let mut channels = 3;
    for (width, depth) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
        for _ in 0..depth {
            layers.push(convolution(channels, width, 3, 1, 1));
            channels = width;
        }
        layers.push(max_pool(2, 2));
    }
    let network = chain(3, 224, layers);
    assert_eq!(
        column(&network, |layer| layer.receptive_field_out.height).last(),
        Some(&212)
    );
    assert_eq!(
        column(&network, |layer| layer.n_out.height).last(),
        Some(&7)
    );
    // The convolution weights of VGG-16: its 14,714,688 parameters less 4,224 biases.
    assert_eq!(
        network.summary().unwrap().totals.parameters,
        14_714_688 - 4_224
    );
}

#[test]
fn totals_are_computed_by_hand() {
    // 28×28 → conv 3×3 to 4 maps of 26×26 with batch norm → 2×2 pool to 13×13 → mean of each → 10 classes.
    let network = Architecture::new(1, 28)
        .convolution_block(4, 3)
        .max_pool(2)
        .fully_connected_head(10)
        .with_batch_norm();
    let totals = network.summary().unwrap().totals;
    assert_eq!(totals.parameters, 4 * 9 + 2 * 4 + 4 * 10 + 10);
    assert_eq!(totals.non_trainable_parameters, 2 * 4);
    assert_eq!(totals.macs, 4 * 9 * 26 * 26 + 4 * 10);
    // The convolution holds more than the pool: its image and its maps.
    assert_eq!(totals.peak_activation_bytes, 4 * (28 * 28 + 4 * 26 * 26));
    assert_eq!(
        totals.total_activation_bytes,
        4 * (28 * 28 + 4 * 26 * 26 + 4 * 13 * 13 + 4 + 10)
    );
}

#[test]
fn groups_share_out_parameters_and_multiply_adds() {
    // 12×12 → 8 maps of 10×10 → each by itself to 8×8 → in 2 groups, 8 to 6 maps of 6×6 → separable, to 4×4 and 5 maps.
    let network = Architecture::new(1, 12)
        .convolution_block(8, 3)
        .depthwise_block(3)
        .layer(grouped(8, 6, 2))
        .separable_block(5, 3)
        .with_batch_norm();
    assert_eq!(
        column(&network, |layer| layer.operation.clone()),
        [
            "Conv 3×3 + BN + ReLU",
            "Depthwise 3×3 + BN + ReLU",
            "Conv 3×3 (2 groups) + BN + ReLU",
            "Depthwise 3×3 + BN + ReLU",
            "Conv 1×1 + BN + ReLU"
        ]
    );
    assert_eq!(
        column(&network, |layer| layer.parameters),
        [72 + 16, 8 * 9 + 16, 6 * 4 * 9 + 12, 6 * 9 + 12, 5 * 6 + 10]
    );
    assert_eq!(
        column(&network, |layer| layer.macs),
        [72 * 100, 8 * 9 * 64, 6 * 4 * 9 * 36, 6 * 9 * 16, 5 * 6 * 16]
    );
    assert_eq!(
        column(&network, |layer| layer.receptive_field_out.height),
        [3, 5, 7, 9, 9]
    );
}

#[test]
fn a_separable_network_has_its_head_replaced() {
    let body = Architecture::new(1, 12)
        .convolution_block(8, 3)
        .separable_block(16, 3);
    assert_eq!(
        body.clone().convolution_head(10).with_factored_head(),
        Ok(body.clone().factored_head(10))
    );
    let error = body.clone().with_factored_head().unwrap_err();
    assert!(error.to_string().contains("no convolution head"), "{error}");
    // 12×12 → 10×10 → 8×8: 64 weights for each of 16 channels, then 16 to 10 classes.
    let parameters = |network: &Architecture| network.summary().unwrap().totals.parameters;
    let head = parameters(&body.clone().factored_head(10)) - parameters(&body);
    assert_eq!(head, 16 * 64 + 16 * 10 + 10);
}

#[test]
fn an_impossible_architecture_names_its_layer() {
    let cases = [
        (
            chain(1, 28, vec![]),
            "the architecture has no layers; at least one is needed",
        ),
        (
            chain(0, 28, vec![max_pool(2, 2)]),
            "the input is 0 channels of 28×28; both must be at least 1",
        ),
        (
            chain(
                1,
                4,
                vec![convolution(1, 4, 3, 1, 0), convolution(4, 4, 3, 1, 0)],
            ),
            "layer 2 (Conv 3×3 + ReLU): its kernel of 3×3 is larger than its map of 2×2 with padding 0",
        ),
        (
            chain(1, 28, vec![convolution(1, 4, 3, 0, 0)]),
            "layer 1 (Conv 3×3 + ReLU): its stride is 0; it must be at least 1",
        ),
        (
            chain(
                1,
                28,
                vec![convolution(1, 4, 3, 1, 0), convolution(5, 4, 3, 1, 0)],
            ),
            "layer 2 (Conv 3×3 + ReLU): it takes 5 channels, but is given 4",
        ),
        (
            chain(1, 28, vec![convolution(1, 0, 3, 1, 0)]),
            "layer 1 (Conv 3×3 + ReLU): its number of outputs is 0; it must be at least 1",
        ),
        (
            chain(1, 28, vec![grouped(1, 4, 0)]),
            "layer 1 (Conv 3×3 (0 groups) + ReLU): its number of groups is 0; it must be at least 1",
        ),
        (
            chain(8, 28, vec![grouped(8, 6, 4)]),
            "layer 1 (Conv 3×3 (4 groups) + ReLU): its 4 groups do not divide its 8 input and 6 output channels",
        ),
        (
            chain(6, 28, vec![grouped(6, 8, 4)]),
            "layer 1 (Conv 3×3 (4 groups) + ReLU): its 4 groups do not divide its 6 input and 8 output channels",
        ),
        (
            chain(1, 28, vec![max_pool(0, 1)]),
            "layer 1 (Max-pool 0×0): its kernel is 0; it must be at least 1",
        ),
        (
            chain(
                1,
                28,
                vec![Layer::FullyConnected {
                    in_features: 10,
                    out_features: 10,
                }],
            ),
            "layer 1 (Fully connected): it takes 10 features, but is given 784",
        ),
    ];
    for (architecture, message) in cases {
        assert_eq!(architecture.summary().unwrap_err().to_string(), message);
    }
}

#[test]
fn an_architecture_survives_json() {
    let network = source_network().with_batch_norm();
    let text = serde_json::to_string(&network).unwrap();
    assert_eq!(
        serde_json::from_str::<Architecture>(&text).unwrap(),
        network
    );
}

#[test]
fn groups_are_written_only_where_there_are_some() {
    let plain = Architecture::new(1, 28).convolution_block(4, 3);
    let text = serde_json::to_string(&plain).unwrap();
    assert!(!text.contains("groups"), "{text}");
    assert_eq!(serde_json::from_str::<Architecture>(&text).unwrap(), plain);
    let grouped = plain.depthwise_block(3);
    let text = serde_json::to_string(&grouped).unwrap();
    assert!(text.contains("\"groups\":4"), "{text}");
    assert_eq!(
        serde_json::from_str::<Architecture>(&text).unwrap(),
        grouped
    );
}

#[test]
fn the_tables_have_exactly_the_columns_and_rows() {
    let summary = source_network().summary().unwrap();
    let markdown = architecture::to_markdown(&summary);
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_string())
            .collect()
    };
    let mut lines = markdown.lines();
    assert_eq!(
        cells(lines.next().unwrap()),
        [
            "Operation",
            "nin",
            "Ch_in",
            "Ch_Out",
            "padding",
            "kernel",
            "stride",
            "nout",
            "jin",
            "jout",
            "rin",
            "rout",
            "Act_Size",
            "Params#",
            "start",
            "Act_out",
            "MACs"
        ]
    );
    let second_convolution = cells(lines.nth(2).unwrap());
    assert_eq!(
        second_convolution,
        [
            "Conv 3×3 + ReLU",
            "26",
            "8",
            "16",
            "0",
            "3",
            "1",
            "24",
            "1",
            "1",
            "3",
            "5",
            "5408",
            "1152",
            "2.5",
            "9216",
            "663552"
        ]
    );
    let json: serde_json::Value =
        serde_json::from_str(&architecture::to_json(&summary).unwrap()).unwrap();
    assert_eq!(json["totals"]["parameters"], 8120);
    assert_eq!(json["layers"].as_array().unwrap().len(), 8);
}
