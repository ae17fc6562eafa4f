//! Layers that do not fit, trees that are too large, and what cannot be trained: one line that names the layer.

mod layers;

use architecture::{Architecture, Convolution, Layer, MAX_DEPTH, Pool};

use layers::{convolution, padded, repeat, sum};

fn error(network: Architecture) -> String {
    network.summary().expect_err("it cannot be").to_string()
}

#[test]
fn what_does_not_fit_names_the_layer_inside() {
    let image = || Architecture::new(4, 10);
    let strided = Convolution {
        stride: 2.into(),
        ..convolution(4, 4, 3)
    };
    let change = |change: fn(&mut Convolution)| {
        let mut changed = convolution(4, 4, 3);
        change(&mut changed);
        image().layer(Layer::Convolution(changed))
    };
    let cases = [
        (
            image().layer(sum([vec![], vec![convolution(4, 8, 3)]])),
            "layer 1 (Sum of 2 branches + ReLU): branch 2 makes 8 channels of 10×10 with jump 1, but branch 1 makes 4 channels of 10×10 with jump 1",
        ),
        (
            image().layer(sum([vec![strided.clone()], vec![]])),
            "layer 1 (Sum of 2 branches + ReLU): branch 2 makes 4 channels of 10×10 with jump 1, but branch 1 makes 4 channels of 5×5 with jump 2",
        ),
        (
            Architecture::new(4, 1).layer(sum([vec![strided], vec![]])),
            "layer 1 (Sum of 2 branches + ReLU): branch 2 makes 4 channels of 1×1 with jump 1, but branch 1 makes 4 channels of 1×1 with jump 2",
        ),
        (
            image().layer(sum([vec![]])),
            "layer 1 (Sum of 1 branches + ReLU): it has 1 branches; at least two are needed",
        ),
        (
            image().layer(sum([])),
            "layer 1 (Sum of 0 branches + ReLU): it has 0 branches; at least two are needed",
        ),
        (
            image().layer(sum([
                vec![convolution(4, 8, 3), convolution(4, 8, 3)],
                vec![],
            ])),
            "layer 1.1.2 (Conv 3×3 + BN + ReLU): it takes 4 channels, but is given 8",
        ),
        (
            image().layer(repeat(2, vec![Layer::Convolution(convolution(4, 8, 3))])),
            "layer 1.2.1 (Conv 3×3 + BN + ReLU): it takes 4 channels, but is given 8",
        ),
        (
            image().layer(repeat(0, vec![Layer::GlobalAveragePool])),
            "layer 1 (Repeat 0 times): its number of times is 0; it must be at least 1",
        ),
        (
            image().layer(repeat(2, vec![])),
            "layer 1 (Repeat 2 times): it has no layers; at least one is needed",
        ),
        (
            image().layer(Layer::AveragePool(padded(3, 1, 3))),
            "layer 1 (Average pool 3×3): its padding is 3; it must be at most 2",
        ),
        (
            change(|it| it.kernel = [0, 3].into()),
            "layer 1 (Conv 0×3 + BN + ReLU): its kernel is 0; it must be at least 1",
        ),
        (
            change(|it| it.dilation = 0.into()),
            "layer 1 (Conv 3×3 (dilation 0) + BN + ReLU): its dilation is 0; it must be at least 1",
        ),
        (
            change(|it| it.dilation = [1, 7].into()),
            "layer 1 (Conv 3×3 (dilation 1×7) + BN + ReLU): its kernel of 3×15 is larger than its map of 10×10 with padding 1",
        ),
        (
            change(|it| it.dilation = usize::MAX.into()),
            "layer 1 (Conv 3×3 (dilation 18446744073709551615) + BN + ReLU): its dilation is 18446744073709551615; it must be at most 16384",
        ),
    ];
    for (network, message) in cases {
        assert_eq!(error(network), message);
    }
}

#[test]
fn a_tree_is_refused_before_it_is_walked_where_it_is_too_large() {
    let image = || Architecture::new(1, 28);
    let pool = || vec![Layer::MaxPool(Pool::new(1, 1))];
    let times = |times| error(image().layer(repeat(times, pool())));
    assert_eq!(
        times(1_000),
        "the architecture has 1001 layers; at most 1000 are possible"
    );
    assert_eq!(
        times(usize::MAX),
        "the architecture has 18446744073709551615 layers; at most 1000 are possible"
    );
    // Ten times ten times and so on: a short file may say 10⁸ layers.
    let nested = |times, depth| (0..depth).fold(pool(), |inner, _| vec![repeat(times, inner)]);
    let network = |times, depth| image().layer(repeat(times, nested(times, depth - 1)));
    assert_eq!(
        error(network(10, MAX_DEPTH)),
        "the architecture has 111111111 layers; at most 1000 are possible"
    );
    assert!(network(1, MAX_DEPTH).summary().is_ok());
    assert_eq!(
        error(network(1, MAX_DEPTH + 1)),
        "layers lie inside layers more than 8 deep"
    );
    let branches = vec![vec![]; 1_000_000];
    let relu = false;
    assert_eq!(
        error(image().layer(Layer::Sum { branches, relu })),
        "the architecture has 1000001 layers; at most 1000 are possible"
    );
}

#[test]
fn what_can_only_be_described_is_not_trained() {
    let image = || Architecture::new(1, 28);
    let change = |change: fn(&mut Convolution)| {
        let mut changed = convolution(1, 4, 3);
        change(&mut changed);
        Layer::Convolution(changed)
    };
    for (layer, message) in [
        (sum([vec![], vec![]]), "(Sum of 2 branches + ReLU): a sum"),
        (
            repeat(2, vec![Layer::AveragePool(Pool::new(2, 2))]),
            "(Repeat 2 times): an average pool of windows",
        ),
        (
            Layer::AveragePool(Pool::new(2, 2)),
            "(Average pool 2×2): an average pool of windows",
        ),
        (
            Layer::MaxPool(padded(3, 2, 1)),
            "(Max-pool 3×3): a pool with padding",
        ),
        (
            Layer::MaxPool(Pool::new(2, [2, 1])),
            "(Max-pool 2×2): a rectangular window or stride",
        ),
        (
            change(|it| it.kernel = [3, 5].into()),
            "(Conv 3×5 + BN + ReLU): a rectangular kernel, stride or padding",
        ),
        (
            change(|it| it.dilation = 2.into()),
            "(Conv 3×3 (dilation 2) + BN + ReLU): a dilation",
        ),
        (
            change(|it| it.bias = true),
            "(Conv 3×3 + bias + BN + ReLU): a bias before batch normalisation",
        ),
    ] {
        let network = image()
            .max_pool(1)
            .layer(layer)
            .layer(Layer::GlobalAveragePool);
        let outputs = network.summary().unwrap().outputs();
        let error = network.check(28, 1, outputs).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("layer 2 {message} can be described, but not trained")
        );
    }
}
