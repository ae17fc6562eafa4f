//! Architectures that are too large, as a file may hold them: refused in one line before anything is allocated.

use architecture::{
    Architecture, ArchitectureError, Convolution, Layer, LayerError, Limits, MAX_LAYERS, MAX_SIDE,
    Pool,
};

/// One convolution of 3×3 on an image of 28×28, changed.
fn convolution(change: impl FnOnce(&mut Convolution)) -> Architecture {
    let mut convolution = Convolution {
        batch_norm: true,
        relu: true,
        ..Convolution::new(1, 4, 3)
    };
    change(&mut convolution);
    Architecture::new(convolution.in_channels, 28).layer(Layer::Convolution(convolution))
}

fn max_pool(kernel: usize, stride: usize) -> Layer {
    Layer::MaxPool(Pool::new(kernel, stride))
}

#[test]
fn what_is_too_large_is_named_with_its_limit() {
    let far = (0..9).fold(Architecture::new(1, 1), |network, _| {
        network.layer(max_pool(1, 16))
    });
    let cases = [
        (
            convolution(|it| it.padding = (1_usize << 63).into()),
            "layer 1 (Conv 3×3 + BN + ReLU): its padding is 9223372036854775808; it must be at most 2",
        ),
        (
            convolution(|it| it.padding = (1 << 62).into()),
            "layer 1 (Conv 3×3 + BN + ReLU): its padding is 4611686018427387904; it must be at most 2",
        ),
        (
            convolution(|it| it.padding = 3.into()),
            "layer 1 (Conv 3×3 + BN + ReLU): its padding is 3; it must be at most 2",
        ),
        (
            convolution(|it| it.kernel = usize::MAX.into()),
            "layer 1 (Conv 18446744073709551615×18446744073709551615 + BN + ReLU): its kernel is 18446744073709551615; it must be at most 16384",
        ),
        (
            convolution(|it| it.stride = usize::MAX.into()),
            "layer 1 (Conv 3×3 + BN + ReLU): its stride is 18446744073709551615; it must be at most 16384",
        ),
        (
            convolution(|it| it.out_channels = 1_000_000_000),
            "layer 1 (Conv 3×3 + BN + ReLU): up to here the network has 11000000000 parameters; the limit is 200000000",
        ),
        (
            convolution(|it| it.out_channels = 1 << 62),
            "layer 1 (Conv 3×3 + BN + ReLU): up to here the network has 18446744073709551615 parameters; the limit is 200000000",
        ),
        (
            convolution(|it| it.in_channels = 1 << 62),
            "layer 1 (Conv 3×3 + BN + ReLU): up to here the network has 18446744073709551615 parameters; the limit is 200000000",
        ),
        (
            Architecture::new(1, 10_000).convolution_block(8, 3),
            "layer 1 (Conv 3×3 + bias + ReLU): up to here the network has 3598720128 bytes of activations for an image; the limit is 1000000000",
        ),
        (
            Architecture::new(1 << 60, 28).max_pool(2),
            "layer 1 (Max-pool 2×2): up to here the network has 18446744073709551615 bytes of activations for an image; the limit is 1000000000",
        ),
        (
            Architecture::new(100, 1000)
                .convolution_block(100, 3)
                .max_pool(100),
            "layer 1 (Conv 3×3 + bias + ReLU): up to here the network has 89640360000 multiply-adds for an image; the limit is 50000000000",
        ),
        (
            Architecture::new(1, usize::MAX).convolution_block(8, 3),
            "the input is 18446744073709551615×18446744073709551615 pixels; at most 16384×16384 are possible",
        ),
        (
            Architecture::new(1, 28).layer(Layer::FullyConnected {
                in_features: 784,
                out_features: usize::MAX,
            }),
            "layer 1 (Fully connected): up to here the network has 18446744073709551615 parameters; the limit is 200000000",
        ),
        (
            far,
            "layer 8 (Max-pool 1×1): its jump is 4294967296; it must be at most 1000000000",
        ),
        (
            (0..1_000_000).fold(Architecture::new(1, 28), |network, _| {
                network.layer(max_pool(1, 1))
            }),
            "the architecture has 1000000 layers; at most 1000 are possible",
        ),
    ];
    for (architecture, message) in cases {
        assert_eq!(architecture.summary().unwrap_err().to_string(), message);
        assert!(architecture.check(28, 1, 10).is_err());
    }
}

#[test]
fn every_quantity_may_be_anything() {
    let values = [
        0,
        1,
        2,
        3,
        MAX_SIDE,
        MAX_SIDE + 1,
        1 << 31,
        1 << 62,
        1 << 63,
        usize::MAX - 1,
        usize::MAX,
    ];
    for a in values {
        for b in values {
            let networks = [
                convolution(|it| (it.padding, it.kernel) = (a.into(), b.into())),
                convolution(|it| (it.padding, it.stride) = (a.into(), b.into())),
                convolution(|it| (it.in_channels, it.out_channels) = (a, b)),
                convolution(|it| (it.in_channels, it.groups) = (a, b)),
                convolution(|it| (it.out_channels, it.kernel) = (a, b.into())),
                convolution(|it| (it.dilation, it.kernel) = (a.into(), [b, 3].into())),
                convolution(|it| (it.dilation, it.padding) = ([1, a].into(), b.into())),
                convolution(|it| (it.out_channels, it.bias) = (a, true)).layer(Layer::Repeat {
                    times: b,
                    layers: vec![max_pool(1, 1)],
                }),
                Architecture::new(a, 28).layer(Layer::Sum {
                    branches: vec![vec![max_pool(b, 1)], vec![]],
                    relu: true,
                }),
                Architecture::new(1, 28).layer(Layer::AveragePool(Pool {
                    padding: [a, 0].into(),
                    ..Pool::new(b, [1, b])
                })),
                Architecture::new(a, b).max_pool(2).fully_connected_head(10),
                Architecture::new(a, b).factored_head(10),
                Architecture::new(1, 28).layer(max_pool(a, b)),
                Architecture::new(1, 28)
                    .layer(max_pool(a, b))
                    .factored_head(a),
                Architecture::new(1, 28)
                    .convolution_block(a, b)
                    .separable_block(b, a),
                Architecture::new(1, 28).layer(Layer::FullyConnected {
                    in_features: a,
                    out_features: b,
                }),
            ];
            for network in networks {
                if let Ok(summary) = network.summary() {
                    assert!(summary.totals.parameters <= Limits::DESCRIBED.parameters);
                    assert!(summary.totals.macs <= Limits::DESCRIBED.macs);
                    let bytes = summary.totals.total_activation_bytes;
                    assert!(bytes <= Limits::DESCRIBED.activation_bytes);
                    // An architecture of so few layers, so that nothing else was allocated.
                    assert!(summary.layers.len() < MAX_LAYERS);
                }
            }
        }
    }
}

#[test]
fn what_is_trained_has_tighter_limits() {
    let ladder = |widths: [usize; 3]| {
        let [first, second, third] = widths;
        Architecture::new(1, 28)
            .convolution_block(first, 3)
            .convolution_block(second, 3)
            .max_pool(2)
            .convolution_block(third, 3)
            .convolution_head(10)
            .with_batch_norm()
    };
    ladder([64, 128, 256]).check(28, 1, 10).unwrap();
    let check = |widths, quantity: &str| {
        let network = ladder(widths);
        network.summary().unwrap();
        let error = network.check(28, 1, 10).unwrap_err();
        assert!(
            matches!(
                error,
                ArchitectureError::Layer {
                    error: LayerError::NetworkTooLarge { .. },
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains(quantity), "{error}");
    };
    check([8, 512, 512], "2398296 parameters; the limit is 2000000");
    check(
        [512, 256, 10],
        "multiply-adds for an image; the limit is 500000000",
    );
    check(
        [4000, 10, 10],
        "bytes of activations for an image; the limit is 8000000",
    );
}
