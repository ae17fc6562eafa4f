//! The kernels against Burn's own operators, against finite differences, and against themselves: with every instruction
//! set that the machine has.

use std::sync::{Mutex, MutexGuard};

use burn::tensor::ops::MaxPoolOptions;
use burn::tensor::{Device, Tensor};
use conv_kernels::{
    BlockOptions, ConvolutionBlock, Dropout, ImageBlocks, InstructionSet, LANES, Then, fold,
};
use kernel_reference::{Case, EPSILON, Values, floats, tensor};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Relative to the largest value of each tensor.
const TOLERANCE: f32 = 1e-4;

/// Multiply-adds of a drawn case: the larger ones get fewer images.
const MOST_MULTIPLY_ADDS: usize = 6_000_000;

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

/// Whatever computes with the kernels.
fn devices() -> Vec<Device> {
    vec![
        Device::flex().autodiff(),
        #[cfg(feature = "ndarray")]
        Device::ndarray().autodiff(),
    ]
}

/// A block with everything, to change from.
const PLAIN: Case = Case {
    images: 20,
    in_channels: 3,
    out_channels: 5,
    groups: 1,
    kernel: 3,
    stride: 1,
    padding: 0,
    height: 9,
    width: 8,
    batch_norm: true,
    relu: true,
    dropout: 0.2,
    max_pool: true,
    second: false,
    seed: 1,
};

fn cases() -> impl Strategy<Value = Case> {
    let channels = (1..=32_usize, 1..=32_usize);
    let channels = (channels, 0..3).prop_map(|((inputs, outputs), grouping)| match grouping {
        0 => (inputs, outputs, 1),
        1 => (2 * inputs.div_ceil(2), 2 * outputs.div_ceil(2), 2),
        // Depthwise.
        _ => (inputs, inputs, inputs),
    });
    let convolution = (channels, prop::sample::select(vec![1_usize, 3, 5]));
    let places = (
        1..=2_usize,
        0..=2_usize,
        1..=32_usize,
        1..=32_usize,
        1..=130_usize,
    );
    let follows = (
        any::<bool>(),
        any::<bool>(),
        prop::sample::select(vec![0.0, 0.1, 0.5]),
        any::<bool>(),
    );
    (convolution, places, follows, any::<u64>())
        .prop_map(|(convolution, places, follows, seed)| {
            let ((in_channels, out_channels, groups), kernel) = convolution;
            let (stride, padding, height, width, images) = places;
            let (batch_norm, relu, dropout, max_pool) = follows;
            Case {
                images,
                in_channels,
                out_channels,
                groups,
                kernel,
                stride,
                padding,
                height,
                width,
                batch_norm,
                relu,
                dropout,
                max_pool,
                second: false,
                seed,
            }
        })
        .prop_filter("the kernel must fit, and the pool", Case::is_possible)
        .prop_map(|mut case| {
            let of_one = case.multiply_adds() / case.images;
            case.images = case.images.min((MOST_MULTIPLY_ADDS / of_one).max(1));
            case
        })
}

fn agrees_with_burn(case: &Case, device: &Device) -> Result<(), String> {
    let data = case.data();
    // Batch normalisation undoes the scale of a single weight: its gradient is nothing but rounding error.
    if case.batch_norm && case.inputs_of_group() * case.kernel * case.kernel == 1 {
        return Ok(());
    }
    let expected = case.by_burn(&data, device);
    // What is divided by nothing is all rounding error, whoever computes it.
    if case.batch_norm
        && expected
            .get("variance")
            .iter()
            .any(|&variance| variance < 0.1)
    {
        return Ok(());
    }
    let found = case.by_kernels(&data, device);
    found.check(&expected, TOLERANCE)
}

#[test]
fn blocks_of_any_shape_agree_with_burn() {
    for_each_instruction_set(|set| {
        for device in devices() {
            // The same cases every time; PROPTEST_CASES asks for more than 256.
            let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
            let mut runner = TestRunner::new_with_rng(Config::default(), random);
            let outcome = runner.run(&cases(), |case| {
                agrees_with_burn(&case, &device).map_err(TestCaseError::fail)
            });
            outcome.unwrap_or_else(|error| panic!("{set}, {device:?}: {error}"));
        }
    });
}

#[test]
fn every_width_of_a_tile_agrees_with_burn() {
    for_each_instruction_set(|set| {
        for channels in 1..=17 {
            for width in 3..=11 {
                let case = Case {
                    images: 3,
                    out_channels: channels,
                    width,
                    max_pool: false,
                    ..PLAIN
                };
                agrees_with_burn(&case, &Device::flex().autodiff())
                    .unwrap_or_else(|error| panic!("{set}, {case:?}: {error}"));
            }
        }
    });
}

#[test]
fn lanes_without_an_image_count_nowhere() {
    for_each_instruction_set(|set| {
        for images in 1..=LANES + 1 {
            // After the first block they hold something.
            let case = Case {
                images,
                second: true,
                ..PLAIN
            };
            for device in devices() {
                agrees_with_burn(&case, &device)
                    .unwrap_or_else(|error| panic!("{set}, {case:?}: {error}"));
            }
        }
    });
}

/// The sum of the outputs times fixed numbers, in 64-bit floats, term by term as the definitions have it.
fn loss(case: &Case, values: &[(&str, Vec<f64>)]) -> f64 {
    let get = |name: &str| {
        &values
            .iter()
            .find(|(known, _)| *known == name)
            .expect("it is there")
            .1
    };
    let (images, weights, gradient) = (get("images"), get("weights"), get("gradient"));
    let [height, width] = [case.height, case.width]
        .map(|inputs| (inputs + 2 * case.padding - case.kernel) / case.stride + 1);
    let mut maps = vec![0.0; case.images * case.out_channels * height * width];
    for image in 0..case.images {
        for channel in 0..case.out_channels {
            for row in 0..height {
                for column in 0..width {
                    let to =
                        ((image * case.out_channels + channel) * height + row) * width + column;
                    let inputs = case.inputs_of_group();
                    let first = channel / (case.out_channels / case.groups) * inputs;
                    for source in 0..inputs {
                        for (kernel_row, kernel_column) in (0..case.kernel)
                            .flat_map(|row| (0..case.kernel).map(move |column| (row, column)))
                        {
                            let from = |out: usize, kernel: usize, size: usize| {
                                (out * case.stride + kernel)
                                    .checked_sub(case.padding)
                                    .filter(|&at| at < size)
                            };
                            let (Some(y), Some(x)) = (
                                from(row, kernel_row, case.height),
                                from(column, kernel_column, case.width),
                            ) else {
                                continue;
                            };
                            let source_map = image * case.in_channels + first + source;
                            let image = source_map * case.height + y;
                            let weight = (channel * inputs + source) * case.kernel + kernel_row;
                            maps[to] += images[image * case.width + x]
                                * weights[weight * case.kernel + kernel_column];
                        }
                    }
                }
            }
        }
    }
    let of_channel = |at: usize| at / (height * width) % case.out_channels;
    for channel in 0..case.out_channels {
        let places: Vec<usize> = (0..maps.len())
            .filter(|&at| of_channel(at) == channel)
            .collect();
        let count = places.len() as f64;
        let mean = places.iter().map(|&at| maps[at]).sum::<f64>() / count;
        let variance = places
            .iter()
            .map(|&at| (maps[at] - mean).powi(2))
            .sum::<f64>()
            / count;
        for at in places {
            let normalised = (maps[at] - mean) / (variance + EPSILON).sqrt();
            maps[at] = (get("gamma")[channel] * normalised + get("beta")[channel]).max(0.0);
        }
    }
    let mut total = 0.0;
    let (pooled_height, pooled_width) = (height / 2, width / 2);
    for (at, gradient) in gradient.iter().enumerate() {
        let (map, place) = (
            at / (pooled_height * pooled_width),
            at % (pooled_height * pooled_width),
        );
        let corner =
            map * height * width + place / pooled_width * 2 * width + place % pooled_width * 2;
        let window = [corner, corner + 1, corner + width, corner + width + 1];
        total += gradient
            * window
                .map(|at| maps[at])
                .into_iter()
                .fold(f64::MIN, f64::max);
    }
    total
}

#[test]
fn gradients_are_finite_differences() {
    const STEP: f64 = 1e-6;
    for_each_instruction_set(|set| {
        for (stride, padding, in_channels, out_channels, groups) in [
            (1, 0, 3, 5, 1),
            (1, 1, 3, 5, 1),
            (2, 2, 3, 5, 1),
            (1, 1, 4, 6, 2),
            (2, 1, 5, 5, 5),
        ] {
            let case = Case {
                in_channels,
                out_channels,
                groups,
                stride,
                padding,
                dropout: 0.0,
                ..PLAIN
            };
            // Not whole numbers here: where two values of a window are equal there is no derivative.
            let mut data = case.data();
            for (_, values) in &mut data.0[..2] {
                for (index, value) in values.iter_mut().enumerate() {
                    *value += (index as f32 * 0.7).sin() * 0.4;
                }
            }
            let exact: Vec<(&str, Vec<f64>)> = data
                .0
                .iter()
                .map(|(name, values)| (*name, values.iter().copied().map(f64::from).collect()))
                .collect();
            let found = case.by_kernels(&data, &Device::flex().autodiff());
            for (input, name, gradient) in [
                (0, "images", "images' gradient"),
                (1, "weights", "weights' gradient"),
                (2, "gamma", "gamma's gradient"),
                (3, "beta", "beta's gradient"),
            ] {
                let gradient = found.get(gradient);
                let largest = gradient
                    .iter()
                    .fold(0.0_f32, |most, value| most.max(value.abs()));
                for index in (0..gradient.len()).step_by(gradient.len() / 12 + 1) {
                    let moved = |by: f64| {
                        let mut values = exact.clone();
                        values[input].1[index] += by;
                        loss(&case, &values)
                    };
                    let difference = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                    let error = (f64::from(gradient[index]) - difference).abs();
                    assert!(
                        error <= f64::from(TOLERANCE * largest),
                        "{set}, stride {stride}, {groups} groups: {name}[{index}] has {}, not {difference}",
                        gradient[index]
                    );
                }
            }
        }
    });
}

fn bits(values: &Values) -> Vec<Vec<u32>> {
    let of = |(_, values): &(&str, Vec<f32>)| values.iter().map(|value| value.to_bits()).collect();
    values.0.iter().map(of).collect()
}

#[test]
fn fused_instruction_sets_agree_in_every_bit() {
    let found = Mutex::new(Vec::new());
    for_each_instruction_set(|set| {
        if set == InstructionSet::Portable {
            return;
        }
        let mut of_set = Vec::new();
        for (channels, groups, kernel, batch_norm, max_pool) in [
            (3, 1, 3, true, true),
            (8, 1, 1, true, false),
            (20, 1, 5, false, true),
            (6, 6, 3, true, false),
        ] {
            let case = Case {
                in_channels: channels,
                out_channels: if groups == 1 { 10 } else { channels },
                groups,
                kernel,
                batch_norm,
                max_pool,
                // What comes out of the block before are no whole numbers: the sums are rounded.
                second: true,
                ..PLAIN
            };
            of_set.push(bits(
                &case.by_kernels(&case.data(), &Device::flex().autodiff()),
            ));
        }
        found.lock().unwrap().push((set, of_set));
    });
    let found = found.into_inner().unwrap();
    for pair in found.windows(2) {
        assert!(pair[0].1 == pair[1].1, "{} and {}", pair[0].0, pair[1].0);
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    for_each_instruction_set(|set| {
        for images in [16, 33, 130] {
            let case = Case { images, ..PLAIN };
            let data = case.data();
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                bits(&pool.install(|| case.by_kernels(&data, &Device::flex().autodiff())))
            };
            let one = with(1);
            for threads in [2, 3] {
                assert_eq!(
                    one,
                    with(threads),
                    "{set}, {images} images, {threads} threads"
                );
            }
        }
    });
}

/// What kind of number each value is.
fn kinds(values: &[f32]) -> Vec<&'static str> {
    let kind = |value: &f32| match value {
        value if value.is_nan() => "NaN",
        value if *value == f32::INFINITY => "infinity",
        value if *value == f32::NEG_INFINITY => "minus infinity",
        _ => "finite",
    };
    values.iter().map(kind).collect()
}

#[test]
fn what_is_not_finite_goes_through_as_in_burn() {
    for_each_instruction_set(|set| {
        for device in devices() {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                for (batch_norm, max_pool) in [(false, false), (false, true), (true, true)] {
                    let case = Case {
                        batch_norm,
                        max_pool,
                        dropout: 0.0,
                        ..PLAIN
                    };
                    let mut data = case.data();
                    for index in [0, 100, 777] {
                        data.0[0].1[index] = value;
                    }
                    // NdArray's own operators lose NaN on the way; the kernels do the same on every backend.
                    let expected = case.by_burn(&data, &Device::flex().autodiff());
                    let found = case.by_kernels(&data, &device);
                    assert!(
                        kinds(found.get("output")) == kinds(expected.get("output")),
                        "{set}, {device:?}, {value}, {case:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn inference_is_convolution_and_fixed_batch_normalisation() {
    let cases = [(3, 1), (5, 5)];
    for_each_instruction_set(|set| {
        for (device, (inputs, groups)) in devices()
            .iter()
            .flat_map(|device| cases.map(|case| (device.clone().inner(), case)))
        {
            let case = Case {
                images: 37,
                in_channels: inputs,
                groups,
                dropout: 0.0,
                ..PLAIN
            };
            let data = case.data();
            let images = tensor(data.get("images"), [37, inputs, 9, 8], &device);
            let of_group = case.inputs_of_group();
            let weights = tensor(data.get("weights"), [5, of_group, 3, 3], &device);
            let vector = |values: [f32; 5]| tensor(&values, [5], &device);
            let (gamma, beta) = (
                vector([1.0, 0.5, -2.0, 0.1, 3.0]),
                vector([0.3, -0.2, 0.0, 1.0, -1.0]),
            );
            let (mean, variance) = (
                vector([0.0, 5.0, -3.0, 1.0, 20.0]),
                vector([30.0, 1.0, 9.0, 100.0, 2.0]),
            );
            let options = burn::tensor::ops::ConvOptions::new([1, 1], [0, 0], [1, 1], groups);
            let maps = burn::tensor::module::conv2d(images.clone(), weights.clone(), None, options);
            let maps = burn::tensor::module::batch_norm(
                maps,
                gamma.clone(),
                beta.clone(),
                mean.clone(),
                variance.clone(),
                EPSILON,
            );
            let maps = burn::tensor::activation::relu(maps);
            let expected = burn::tensor::module::max_pool2d(maps, MaxPoolOptions::new([2, 2]));
            let (weights, bias) = fold(weights, gamma, beta, mean, variance, EPSILON);
            let block = ConvolutionBlock {
                weights,
                then: Then::Bias(bias),
                options: case.options(),
            };
            let found = ImageBlocks::new(images).chain(vec![block]);
            let found = found.output.into_images();
            let values = |tensor: Tensor<4>| Values(vec![("output", floats(tensor))]);
            values(found)
                .check(&values(expected), TOLERANCE)
                .unwrap_or_else(|error| panic!("{set}, {groups} groups: {error}"));
        }
    });
}

#[test]
fn images_come_back_from_blocks_with_their_gradients() {
    for device in devices() {
        for images in [1, LANES, 3 * LANES + 5] {
            let values: Vec<f32> = (0..images * 2 * 3 * 5).map(|value| value as f32).collect();
            let images_in = tensor(&values, [images, 2, 3, 5], &device).require_grad();
            let through = ImageBlocks::new(images_in.clone()).into_images();
            assert_eq!(floats(through.clone()), values);
            let gradients = (through * images_in.clone().detach()).sum().backward();
            assert_eq!(floats(images_in.grad(&gradients).unwrap()), values);
        }
    }
}

#[test]
fn means_and_their_gradient_are_burns() {
    for device in devices() {
        for images in [1, LANES, 3 * LANES + 5] {
            let values: Vec<f32> = (0..images * 2 * 3 * 5)
                .map(|value| (value as f32).sin())
                .collect();
            let factors: Vec<f32> = (0..images * 2).map(|value| (value as f32).cos()).collect();
            let factors = tensor(&factors, [images, 2], &device);
            let outcome = |by_kernels: bool| {
                let maps = tensor(&values, [images, 2, 3, 5], &device).require_grad();
                let means = if by_kernels {
                    ImageBlocks::new(maps.clone()).means()
                } else {
                    maps.clone().flatten::<3>(2, 3).mean_dim(2).flatten(1, 2)
                };
                let gradients = (means.clone() * factors.clone()).sum().backward();
                Values(vec![
                    ("means", floats(means)),
                    ("gradient", floats(maps.grad(&gradients).unwrap())),
                ])
            };
            outcome(true).check(&outcome(false), TOLERANCE).unwrap();
        }
    }
}

#[test]
fn kernels_that_cover_the_map_agree_with_burn() {
    for_each_instruction_set(|set| {
        for (size, kernel, padding) in [(5, 5, 0), (1, 1, 0), (1, 3, 1), (1, 3, 2), (2, 3, 1)] {
            let case = Case {
                in_channels: 6,
                out_channels: 6,
                groups: 6,
                kernel,
                padding,
                height: size,
                width: size,
                batch_norm: false,
                max_pool: false,
                ..PLAIN
            };
            for device in devices() {
                agrees_with_burn(&case, &device)
                    .unwrap_or_else(|error| panic!("{set}, {case:?}: {error}"));
            }
        }
    });
}

/// A block of maps of 3 channels with these weights.
fn try_weights(shape: [usize; 4], groups: usize) {
    let device = Device::flex();
    let maps = ImageBlocks::new(Tensor::zeros([2, 3, 9, 9], &device));
    let options = BlockOptions {
        stride: 1,
        padding: 0,
        groups,
        relu: true,
        dropout: Dropout::NONE,
        max_pool: false,
    };
    maps.chain(vec![ConvolutionBlock {
        weights: Tensor::zeros(shape, &device),
        then: Then::Nothing,
        options,
    }]);
}

#[test]
#[should_panic(expected = "as many input channels as the maps have")]
fn weights_that_do_not_fit_are_refused() {
    try_weights([4, 2, 3, 3], 1);
}

#[test]
#[should_panic(expected = "3 groups do not divide 4 output channels")]
fn groups_that_do_not_fit_are_refused() {
    try_weights([4, 1, 3, 3], 3);
}
