//! Windows of every shape, and layers inside layers, against calculations by hand.

mod layers;

use architecture::{Architecture, Convolution, Layer, LayerSummary, PerAxis, Pool, Summary};

use layers::{convolution, padded, repeat, sum};

/// The summary of one layer on maps of so many channels and size.
fn alone(channels: usize, size: usize, layer: Layer) -> LayerSummary {
    let summary = summary(Architecture::new(channels, size).layer(layer));
    summary.layers[0].clone()
}

fn summary(network: Architecture) -> Summary {
    network.summary().expect("it can be described")
}

#[test]
fn a_chain_with_gaps_is_computed_by_hand() {
    // Kernels of 3 span 2·2+1 = 5 and 2·4+1 = 9 values: 28 → 24 → ⌊(24 + 8 − 9)/2⌋ + 1 = 12.
    let dilated = |dilation: usize, stride: usize, padding: usize| {
        Layer::Convolution(Convolution {
            dilation: dilation.into(),
            stride: stride.into(),
            padding: padding.into(),
            bias: true,
            ..Convolution::new(1, 1, 3)
        })
    };
    let network = Architecture::new(1, 28)
        .layer(dilated(2, 1, 0))
        .layer(dilated(4, 2, 4))
        .layer(dilated(2, 1, 0));
    let summary = summary(network);
    let column = |of: fn(&LayerSummary) -> PerAxis| {
        let values = summary.layers.iter().map(of);
        values.map(|it| it.height).collect::<Vec<_>>()
    };
    assert_eq!(column(|it| it.n_out), [24, 12, 8]);
    assert_eq!(column(|it| it.receptive_field_out), [5, 13, 21]);
    assert_eq!(column(|it| it.jump_out), [1, 2, 2]);
    // 0.5 + 2; no further, as the padding is half of what the kernel spans; + 2·2.
    let starts = summary.layers.iter().map(|it| it.start.height);
    assert_eq!(starts.collect::<Vec<_>>(), [2.5, 2.5, 6.5]);
    assert_eq!(summary.totals.parameters, 3 * (9 + 1));
    assert_eq!(summary.totals.macs, 9 * (24 * 24 + 12 * 12 + 8 * 8));
    assert_eq!(summary.layers[1].operation, "Conv 3×3 (dilation 4) + bias");
}

#[test]
fn pools_with_padding_are_computed_by_hand() {
    for layer in [
        Layer::AveragePool(padded(3, 2, 1)),
        Layer::MaxPool(padded(3, 2, 1)),
    ] {
        // Windows begin at −1, 1, 3 and 5 of 7 values: ⌊(7 + 2 − 3)/2⌋ + 1 = 4.
        let pool = alone(2, 7, layer);
        assert_eq!((pool.n_out, pool.jump_out), (4.into(), 2.into()));
        assert_eq!(
            (pool.receptive_field_out, pool.start),
            (3.into(), 0.5.into())
        );
        assert_eq!((pool.parameters, pool.macs), (0, 0));
    }
    // Windows begin at 0 and 2 of 5 values, and their middles are between values.
    let pool = alone(2, 5, Layer::AveragePool(Pool::new(2, 2)));
    assert_eq!((pool.n_out, pool.start), (2.into(), 1.0.into()));
    assert_eq!(pool.operation, "Average pool 2×2");
}

#[test]
fn height_and_width_are_apart() {
    let network = Architecture::new(1, 28)
        .layer(Layer::Convolution(Convolution {
            stride: [2, 1].into(),
            padding: [0, 1].into(),
            ..Convolution::new(1, 4, [5, 3])
        }))
        .layer(Layer::MaxPool(Pool::new([1, 2], [1, 2])))
        .factored_head(10);
    let summary = summary(network);
    let [convolution, pool, head, classes] = &summary.layers[..] else {
        panic!("{summary:?}");
    };
    assert_eq!(convolution.n_out, [12, 28].into());
    assert_eq!(convolution.receptive_field_out, [5, 3].into());
    assert_eq!(convolution.jump_out, [2, 1].into());
    assert_eq!(convolution.start, [2.5, 0.5].into());
    assert_eq!(convolution.macs, 4 * 5 * 3 * 12 * 28);
    assert_eq!(pool.n_out, [12, 14].into());
    assert_eq!(pool.receptive_field_out, [5, 4].into());
    assert_eq!(head.parameters, 4 * 12 * 14);
    assert_eq!(head.receptive_field_out, [27, 30].into());
    assert_eq!(classes.n_out, 1.into());
    let table = architecture::to_markdown(&summary);
    assert!(table.contains("| Conv 5×3 "), "{table}");
    assert!(table.contains(" 12×28 "), "{table}");
    let json = serde_json::to_value(&summary).unwrap();
    assert_eq!(json["layers"][0]["n_out"], serde_json::json!([12, 28]));
    assert_eq!(json["layers"][0]["n_in"], 28);
}

#[test]
fn a_residual_sum_is_computed_by_hand() {
    // 8 → 16 → 8 channels of 10×10, and past them.
    let layer = sum([vec![convolution(8, 16, 3), convolution(16, 8, 1)], vec![]]);
    let sum = alone(8, 10, layer.clone());
    assert_eq!(sum.operation, "Sum of 2 branches + ReLU");
    assert_eq!(sum.receptive_field_out, 3.into());
    assert_eq!(sum.parameters, 8 * 16 * 9 + 2 * 16 + 16 * 8 + 2 * 8);
    assert_eq!(sum.non_trainable_parameters, 2 * 16 + 2 * 8);
    assert_eq!(sum.macs, (8 * 16 * 9 + 16 * 8) * 100);
    assert_eq!(sum.parts.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0]);
    let totals = summary(Architecture::new(8, 10).layer(layer)).totals;
    assert_eq!(totals.parameters, sum.parameters);
    // While the second convolution is computed, the input waits for the addition.
    assert_eq!(totals.peak_activation_bytes, 4 * (16 + 8 + 8) * 100);
    // Input, both convolutions, sum.
    assert_eq!(totals.total_activation_bytes, 4 * (8 + 16 + 8 + 8) * 100);
}

#[test]
fn a_sum_sees_what_its_branches_see() {
    let field = |branches| {
        let sum = alone(4, 12, branches);
        (sum.receptive_field_out.height, sum.start.height)
    };
    assert_eq!(
        field(sum([
            vec![convolution(4, 4, 3)],
            vec![convolution(4, 4, 7)]
        ])),
        (7, 0.5)
    );
    assert_eq!(
        field(sum([vec![convolution(4, 4, 1)], vec![], vec![]])),
        (1, 0.5)
    );
    // The centres differ: pixels −1 to 1 by the convolution, 0 and 1 by the pool (as in ResNet-D), −1 to 1 by either.
    let strided = Convolution {
        stride: 2.into(),
        ..convolution(4, 4, 3)
    };
    let halved = vec![
        vec![Layer::Convolution(strided.clone())],
        vec![Layer::AveragePool(Pool::new(2, 2))],
    ];
    let relu = false;
    assert_eq!(
        field(Layer::Sum {
            branches: halved,
            relu
        }),
        (3, 0.5)
    );
    // Pixels −1 to 1 and 0 to 2: together four pixels, whose middle is at 1.
    let [before, inside] = [1, 0].map(|padding| vec![Layer::AveragePool(padded(3, 3, padding))]);
    let branches = vec![before, inside];
    assert_eq!(field(Layer::Sum { branches, relu }), (4, 1.0));
}

#[test]
fn repeated_layers_have_their_weights_once_and_a_normalisation_each_time() {
    let block = vec![Layer::Convolution(Convolution {
        bias: true,
        ..convolution(8, 8, 3)
    })];
    let once = alone(8, 10, block[0].clone());
    let weights = 8 * 8 * 9 + 8;
    assert_eq!(once.parameters, weights + 16);
    let thrice = alone(8, 10, repeat(3, block.clone()));
    assert_eq!(thrice.operation, "Repeat 3 times");
    assert_eq!(thrice.parameters, weights + 3 * 16);
    assert_eq!(thrice.non_trainable_parameters, 3 * 16);
    assert_eq!(thrice.macs, 3 * once.macs);
    assert_eq!(thrice.receptive_field_out, 7.into());
    let parameters = thrice.parts.iter().map(|time| time[0].parameters);
    assert_eq!(parameters.collect::<Vec<_>>(), [weights + 16, 16, 16]);
    // Inside sums and other repeats too.
    let residual = Layer::Sum {
        branches: vec![vec![repeat(2, block)], vec![]],
        relu: true,
    };
    let nested = alone(8, 10, repeat(3, vec![residual]));
    assert_eq!(nested.parameters, weights + 6 * 16);
    assert_eq!(nested.macs, 6 * once.macs);
    assert_eq!(nested.receptive_field_out, 13.into());
}

#[test]
fn rows_say_where_a_layer_is() {
    let inner = sum([vec![convolution(4, 4, 3)], vec![]]);
    let network = Architecture::new(4, 10)
        .layer(Layer::Convolution(convolution(4, 4, 3)))
        .layer(repeat(2, vec![inner]))
        .fully_connected_head(10);
    let summary = summary(network);
    let names: Vec<_> = summary.rows().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "1",
            "2",
            "2.1.1",
            "2.1.1.1.1",
            "2.2.1",
            "2.2.1.1.1",
            "3",
            "4"
        ]
    );
    let markdown = architecture::to_markdown(&summary);
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    };
    let rows: Vec<_> = markdown.lines().map(cells).collect();
    assert_eq!(rows[0][..2], ["Layer", "Operation"]);
    // A repeat has no kernel of its own.
    assert_eq!(
        rows[3],
        [
            "2",
            "Repeat 2 times",
            "10",
            "4",
            "4",
            "",
            "",
            "",
            "10",
            "1",
            "1",
            "3",
            "7",
            "400",
            "160",
            "0.5",
            "400",
            "28800"
        ]
    );
    let json = serde_json::to_value(&summary).unwrap();
    let second = &json["layers"][1];
    assert_eq!(second.get("kernel"), None);
    assert_eq!(second["parts"][1][0]["parts"][0][0]["kernel"], 3);
    assert_eq!(json["layers"][0].get("parts"), None);
}

#[test]
fn all_that_there_is_survives_json() {
    let text = r#"{"input_channels":1,"input_size":28,"layers":[{"operation":"convolution","in_channels":1,"out_channels":4,"kernel":[3,5],"stride":1,"padding":[1,2],"dilation":2,"groups":1,"bias":true,"batch_norm":true,"relu":false},{"operation":"max_pool","kernel":3,"stride":[1,2],"padding":1},{"operation":"average_pool","kernel":2,"stride":2},{"operation":"repeat","times":2,"layers":[{"operation":"sum","branches":[[{"operation":"global_average_pool"}],[]],"relu":true}]}]}"#;
    let network: Architecture = serde_json::from_str(text).unwrap();
    let written = serde_json::to_string(&network).unwrap();
    assert_eq!(written, text.replace("\"groups\":1,", ""));
    // What is not said is what it was before it could be said.
    let plain = r#"{"input_channels":1,"input_size":28,"layers":[{"operation":"convolution","in_channels":1,"out_channels":4,"kernel":3,"stride":1,"padding":0,"batch_norm":true,"relu":true},{"operation":"max_pool","kernel":2,"stride":2}]}"#;
    let network: Architecture = serde_json::from_str(plain).unwrap();
    let expected = Architecture::new(1, 28)
        .convolution_block(4, 3)
        .max_pool(2)
        .with_batch_norm();
    assert_eq!(network, expected);
    assert_eq!(serde_json::to_string(&network).unwrap(), plain);
    for (found, message) in [
        ("-1", "a whole number or [height, width]"),
        ("[1,2,3]", "a whole number or [height, width]"),
        ("1.5", "a whole number or [height, width]"),
    ] {
        let text = plain.replace("\"kernel\":3", &format!("\"kernel\":{found}"));
        let error = serde_json::from_str::<Architecture>(&text).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}
