//! The kernels for inference against Burn's network, and against themselves: drawn networks, with every instruction set
//! that the machine has.

use std::sync::{Mutex, MutexGuard};

use architecture::{Architecture, Convolution, Layer, Pool};
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use conv_kernels::InstructionSet;
use kernels::inference::{self as prepared, Pixels, Shape};
use model_core::Network;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Relative to the largest value.
const TOLERANCE: f32 = 1e-4;

/// More than two blocks of sixteen.
const MOST_IMAGES: usize = 40;

/// Multiply-adds of a drawn network for all its images, at most.
const MOST_MULTIPLY_ADDS: usize = 20_000_000;

const PIXELS: Pixels = Pixels {
    scale: 1.0 / 80.0,
    shift: -0.4,
};

/// The instruction set is one for the whole process: tests take turns.
fn for_each_instruction_set(test: impl Fn(InstructionSet)) {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn: MutexGuard<'_, ()> = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    for set in InstructionSet::ALL {
        if set.is_available() {
            set.force();
            test(set);
        } else {
            eprintln!("this machine has no {set}");
        }
    }
}

/// A network, images for it, and what Burn makes of them.
#[derive(Debug)]
struct Case {
    architecture: Architecture,
    images: usize,
    seed: u64,
}

impl Case {
    fn shape(&self) -> Shape {
        Shape {
            channels: self.architecture.input_channels,
            height: self.architecture.input_size,
            width: self.architecture.input_size,
        }
    }

    /// Random weights, and batch normalisation that has seen something.
    fn network(&self) -> Network {
        let device = Device::flex().autodiff();
        device.seed(self.seed);
        let network = Network::new(&self.architecture, 0.0, &device).unwrap();
        let Shape {
            channels,
            height,
            width,
        } = self.shape();
        for _ in 0..3 {
            let shape = [8, channels, height, width];
            network.forward(Tensor::random(
                shape,
                Distribution::Normal(0.3, 1.5),
                &device,
            ));
        }
        network.fold_batch_norm()
    }

    fn prepare(&self, network: &Network) -> prepared::Network {
        let layers = network.layers(self.shape());
        prepared::Network::new(self.shape(), PIXELS, &layers)
    }

    fn images(&self) -> Vec<Vec<u8>> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let pixels = self.shape().values();
        let image = |_| (0..pixels).map(|_| random.random()).collect();
        (0..self.images).map(image).collect()
    }

    fn tensor(&self, images: &[Vec<u8>]) -> Tensor<4> {
        let pixels = images.iter().flatten();
        let values: Vec<f32> = pixels
            .map(|&pixel| f32::from(pixel) * PIXELS.scale + PIXELS.shift)
            .collect();
        let Shape {
            channels,
            height,
            width,
        } = self.shape();
        let shape = [images.len(), channels, height, width];
        Tensor::from_data(TensorData::new(values, shape), &Device::flex())
    }

    /// Says what is wrong, if anything is.
    fn check(&self) -> Result<(), String> {
        let network = self.network();
        let prepared = self.prepare(&network);
        let images = self.images();
        let tensor = self.tensor(&images);
        let logits = prepared.logits(&slices(&images));
        let expected: Vec<f32> = network.forward(tensor.clone()).into_data().iter().collect();
        check("logits", &logits, &expected)?;
        let first = tensor.narrow(0, 0, 1);
        let outputs = prepared.outputs(&images[0]);
        let expected = network.outputs(first);
        assert_eq!(outputs.len(), expected.len());
        for (layer, ((shape, values), expected)) in outputs.iter().zip(expected).enumerate() {
            let [_, channels, height, width] = expected.dims();
            assert_eq!(
                [shape.channels, shape.height, shape.width],
                [channels, height, width]
            );
            let expected: Vec<f32> = expected.into_data().iter().collect();
            check(&format!("layer {layer}"), values, &expected)?;
        }
        // To the bit, whatever is computed beside an image.
        let of_image = logits.len() / images.len();
        for (index, (image, together)) in images.iter().zip(logits.chunks(of_image)).enumerate() {
            let alone = prepared.logits(&[image]);
            if alone != together {
                return Err(format!(
                    "image {index}: {alone:?} alone, {together:?} together"
                ));
            }
        }
        Ok(())
    }
}

fn slices(images: &[Vec<u8>]) -> Vec<&[u8]> {
    images.iter().map(Vec::as_slice).collect()
}

fn check(what: &str, found: &[f32], expected: &[f32]) -> Result<(), String> {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected
        .iter()
        .fold(1e-3_f32, |most, it| most.max(it.abs()));
    for (found, expected) in found.iter().zip(expected) {
        let difference = (found - expected).abs();
        if difference.is_nan() || difference > TOLERANCE * largest {
            return Err(format!(
                "{what}: {found}, expected {expected}; the largest is {largest}"
            ));
        }
    }
    Ok(())
}

/// A layer before it is known what it takes.
#[derive(Clone, Debug)]
enum Drawn {
    Convolution {
        out_channels: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        grouping: usize,
        batch_norm: bool,
        relu: bool,
    },
    MaxPool {
        kernel: usize,
        stride: usize,
    },
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let kernel = prop::sample::select(vec![1_usize, 2, 3, 3, 3, 5]);
    let stride = prop::sample::select(vec![1_usize, 1, 1, 2, 3]);
    let convolution = (
        1..=20_usize,
        kernel,
        stride,
        prop::sample::select(vec![0_usize, 0, 1, 2]),
        0..=4_usize,
        any::<bool>(),
        any::<bool>(),
    );
    let convolution = convolution.prop_map(
        |(out_channels, kernel, stride, padding, grouping, batch_norm, relu)| Drawn::Convolution {
            out_channels,
            kernel,
            stride,
            padding,
            grouping,
            batch_norm,
            relu,
        },
    );
    let pool = prop::sample::select(vec![
        (2_usize, 2_usize),
        (2, 2),
        (3, 2),
        (2, 1),
        (1, 1),
        (3, 3),
    ]);
    let pool = pool.prop_map(|(kernel, stride)| Drawn::MaxPool { kernel, stride });
    prop_oneof![3 => convolution, 1 => pool]
}

impl Drawn {
    fn layer(&self, channels: usize) -> Layer {
        match *self {
            Self::MaxPool { kernel, stride } => Layer::MaxPool(Pool::new(kernel, stride)),
            Self::Convolution {
                out_channels,
                kernel,
                stride,
                padding,
                grouping,
                batch_norm,
                relu,
            } => {
                let (groups, out_channels) = match grouping {
                    // Depthwise.
                    0 => (channels, channels),
                    // Two outputs for each input.
                    1 => (channels, 2 * channels),
                    2 if channels.is_multiple_of(2) => (2, 2 * out_channels),
                    _ => (1, out_channels),
                };
                Layer::Convolution(Convolution {
                    stride: stride.into(),
                    padding: padding.into(),
                    groups,
                    batch_norm,
                    relu,
                    ..Convolution::new(channels, out_channels, kernel)
                })
            }
        }
    }
}

/// The layers that fit, and one of the heads.
fn architecture(channels: usize, size: usize, layers: &[Drawn], head: usize) -> Architecture {
    let mut architecture = Architecture::new(channels, size);
    let mut shape = (channels, size);
    for drawn in layers {
        let longer = architecture.clone().layer(drawn.layer(shape.0));
        let fits = longer
            .summary()
            .ok()
            .and_then(|it| it.layers.last().cloned());
        if let Some(last) = fits.filter(|last| last.channels_out <= 40) {
            shape = (last.channels_out, last.n_out.height);
            architecture = longer;
        }
    }
    let whole = |groups, out_channels| {
        Layer::Convolution(Convolution {
            groups,
            relu: head.is_multiple_of(2),
            ..Convolution::new(shape.0, out_channels, shape.1)
        })
    };
    let connected = |in_features| Layer::FullyConnected {
        in_features,
        out_features: 10,
    };
    match head {
        0 => architecture.convolution_head(10),
        1 => architecture
            .layer(Layer::GlobalAveragePool)
            .layer(connected(shape.0)),
        2 | 3 => architecture
            .layer(whole(shape.0, shape.0))
            .layer(connected(shape.0)),
        4 | 5 => architecture.layer(whole(1, 19)).layer(connected(19)),
        6 => architecture.layer(connected(shape.0 * shape.1 * shape.1)),
        _ => architecture
            .layer(Layer::GlobalAveragePool)
            .layer(connected(shape.0))
            .layer(connected(10)),
    }
}

fn cases() -> impl Strategy<Value = Case> {
    (
        1..=3_usize,
        3..=30_usize,
        prop::collection::vec(drawn(), 0..7),
        0..=7_usize,
        1..=MOST_IMAGES,
        any::<u64>(),
    )
        .prop_map(|(channels, size, layers, head, images, seed)| {
            let architecture = architecture(channels, size, &layers, head);
            let macs = architecture.summary().unwrap().totals.macs;
            Case {
                architecture,
                images: images.min((MOST_MULTIPLY_ADDS / macs.max(1)).max(1)),
                seed,
            }
        })
}

#[test]
fn drawn_networks_agree_with_burn_and_with_themselves() {
    for_each_instruction_set(|set| {
        // The same cases every time; PROPTEST_CASES asks for more than 256.
        let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), random);
        let outcome = runner.run(&cases(), |case| case.check().map_err(TestCaseError::fail));
        outcome.unwrap_or_else(|error| panic!("{set}: {error}"));
    });
}

/// One network with every kind of layer that the ladder's have.
fn ladder_like(images: usize) -> Case {
    let architecture = Architecture::new(1, 28)
        .convolution_block(8, 3)
        .convolution_block(9, 3)
        .max_pool(2)
        .separable_block(17, 3)
        .linear_separable_block(20, 3)
        .factored_head(10)
        .with_batch_norm();
    Case {
        architecture,
        images,
        seed: 5,
    }
}

#[test]
fn every_number_of_images_agrees_with_burn() {
    for_each_instruction_set(|set| {
        for images in 1..=MOST_IMAGES {
            let checked = ladder_like(images).check();
            checked.unwrap_or_else(|error| panic!("{set}, {images} images: {error}"));
        }
    });
}

#[test]
fn logits_do_not_depend_on_the_number_of_threads() {
    for_each_instruction_set(|set| {
        let case = ladder_like(100);
        let prepared = case.prepare(&case.network());
        let images = case.images();
        let by_threads = [1, 2, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| prepared.logits(&slices(&images)))
        });
        assert_eq!(by_threads[0], by_threads[1], "{set}");
        assert_eq!(by_threads[0], by_threads[2], "{set}");
    });
}

#[test]
fn a_weight_that_is_no_number_makes_logits_that_are_none() {
    for_each_instruction_set(|set| {
        let case = ladder_like(20);
        let layers = case.network().layers(case.shape());
        let images = case.images();
        for layer in 0..layers.len() {
            let mut layers = layers.clone();
            match &mut layers[layer] {
                prepared::Layer::Convolution { weights, .. }
                | prepared::Layer::FullyConnected { weights, .. } => weights[0] = f32::NAN,
                _ => continue,
            }
            let network = prepared::Network::new(case.shape(), PIXELS, &layers);
            for count in [1, images.len()] {
                let logits = network.logits(&slices(&images[..count]));
                for logits in logits.chunks(10) {
                    let some = logits.iter().any(|logit| logit.is_nan());
                    assert!(some, "{set}, layer {layer}: {logits:?}");
                }
            }
        }
    });
}

#[test]
#[should_panic(expected = "pixels of an image")]
fn an_image_of_another_size_is_a_mistake() {
    let case = ladder_like(1);
    let prepared = case.prepare(&case.network());
    prepared.logits(&[&[0; 27 * 28]]);
}
