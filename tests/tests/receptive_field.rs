//! The receptive field by its formula against the one that gradients show, in the real Burn module, and by Burn's own operators
//! for what can only be described.
//!
//! With all weights positive and equal, every pixel of the field has a positive gradient, but for max-pooling, which
//! lets it through at one value of each window only. So four images are used that grow towards each of their corners:
//! with positive weights every map grows the same way, each pool picks its value nearest to that corner, and together
//! the gradients reach all four sides of the field.

use std::ops::RangeInclusive;

use architecture::{Architecture, Convolution, Layer, LayerSummary, PerAxis, Pool};
use burn::module::{Module, ModuleMapper, Param};
use burn::nn::PaddingConfig2d;
use burn::nn::pool::{AvgPool2dConfig, MaxPool2dConfig};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor};
use ladder::steps::experiments as steps;
use model_core::Network;

struct Positive;

impl ModuleMapper for Positive {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        parameter.map(|tensor| tensor.full_like(0.1))
    }
}

/// An image `[1, channels, size, size]` that grows towards the corner where `down` and `right` lead.
fn growing(channels: usize, size: usize, down: bool, right: bool, device: &Device) -> Tensor<4> {
    let along = |forward: bool, position: usize| if forward { position } else { size - 1 - position } as f32;
    let map: Vec<f32> = (0..size * size)
        .map(|pixel| 1.0 + along(down, pixel / size) + along(right, pixel % size))
        .collect();
    Tensor::<1>::from_floats(map.as_slice(), device)
        .reshape([1, 1, size, size])
        .repeat_dim(1, channels)
}

/// The rows and the columns of the input with any gradient of the output cell `cell` of maps of `n_out` cells. `forward` maps
/// an image `[1, channels, size, size]` to maps `[1, channels, height, width]`, which may be flattened.
fn field_by_gradient(
    forward: impl Fn(Tensor<4>) -> Tensor<2>,
    [channels, size]: [usize; 2],
    n_out: PerAxis,
    cell: PerAxis,
) -> [RangeInclusive<usize>; 2] {
    let device = Device::flex().autodiff();
    let mut rows = vec![false; size];
    let mut columns = vec![false; size];
    for (down, right) in [(false, false), (false, true), (true, false), (true, true)] {
        let image = growing(channels, size, down, right, &device).require_grad();
        let output = forward(image.clone());
        let channels_out = output.dims()[1] / n_out.area();
        let [row, column] = cell.values();
        let gradients = output
            .reshape([channels_out, n_out.height, n_out.width])
            .slice([0..channels_out, row..row + 1, column..column + 1])
            .sum()
            .backward();
        let gradient = image.grad(&gradients).expect("the input has a gradient");
        let gradient: Vec<f32> = gradient.into_data().iter::<f32>().collect();
        for (position, value) in gradient.into_iter().enumerate() {
            rows[position / size % size] |= value != 0.0;
            columns[position % size] |= value != 0.0;
        }
    }
    [rows, columns].map(|reached| {
        let first = reached.iter().position(|&it| it).expect("some gradient");
        let last = reached.iter().rposition(|&it| it).expect("some gradient");
        first..=last
    })
}

/// The network of an architecture with all weights equal.
///
/// Frozen, batch normalisation is one factor and one constant for a channel, as in inference, so that it does not let
/// every pixel see every other.
fn network(architecture: &Architecture) -> Network {
    Network::new(architecture, 0.0, &Device::flex().autodiff())
        .expect("it can be built")
        .map(&mut Positive)
        .freeze()
}

/// Layers by Burn's own operators, with all weights equal. Biases, normalisation and ReLU would change no field, as all values
/// are positive.
fn by_operators(layers: &[Layer], maps: Tensor<4>) -> Tensor<4> {
    layers.iter().fold(maps, |maps, layer| match layer {
        Layer::Convolution(layer) => {
            let [rows, columns] = layer.kernel.values();
            let inputs = layer.in_channels / layer.groups;
            let shape = [layer.out_channels, inputs, rows, columns];
            let weights = Tensor::full(shape, 0.1, &maps.device());
            let options = ConvOptions::new(
                layer.stride.values(),
                layer.padding.values(),
                layer.dilation.values(),
                layer.groups,
            );
            conv2d(maps, weights, None, options)
        }
        Layer::MaxPool(pool) => {
            let pool = MaxPool2dConfig::new(pool.kernel.values())
                .with_strides(pool.stride.values())
                .with_padding(padding(pool));
            pool.init().forward(maps)
        }
        Layer::AveragePool(pool) => {
            let pool = AvgPool2dConfig::new(pool.kernel.values())
                .with_strides(pool.stride.values())
                .with_padding(padding(pool));
            pool.init().forward(maps)
        }
        Layer::Repeat { times, layers } => {
            (0..*times).fold(maps, |maps, _| by_operators(layers, maps))
        }
        Layer::Sum { branches, .. } => {
            let outputs = branches
                .iter()
                .map(|layers| by_operators(layers, maps.clone()));
            outputs
                .reduce(|sum, output| sum + output)
                .expect("some branches")
        }
        Layer::GlobalAveragePool | Layer::FullyConnected { .. } => {
            unreachable!("every value sees the whole image")
        }
    })
}

fn padding(pool: &Pool) -> PaddingConfig2d {
    let [rows, columns] = pool.padding.values();
    PaddingConfig2d::Explicit(rows, columns, rows, columns)
}

/// Checks the formula's size and position after every layer whose maps have an inner cell. `forward` maps an image through an
/// architecture.
fn check<F: Fn(Tensor<4>) -> Tensor<2>>(
    architecture: &Architecture,
    forward: impl Fn(&Architecture) -> F,
) {
    let summary = architecture.summary().unwrap();
    let input = [architecture.input_channels, architecture.input_size];
    for (index, layer) in summary.layers.iter().enumerate() {
        let cell = layer.n_out.map(|size| size / 2);
        let mut first = architecture.clone();
        first.layers.truncate(index + 1);
        assert_eq!(
            field_by_gradient(forward(&first), input, layer.n_out, cell),
            field_by_formula(layer, cell, architecture.input_size),
            "after layer {} ({})",
            index + 1,
            layer.operation
        );
    }
}

fn field_by_formula(
    layer: &LayerSummary,
    cell: PerAxis,
    input_size: usize,
) -> [RangeInclusive<usize>; 2] {
    [0, 1].map(|axis| {
        let [cell, jump, field] = [cell, layer.jump_out, layer.receptive_field_out]
            .map(|quantity| quantity.values()[axis]);
        let centre = layer.start.values()[axis] + (cell * jump) as f64;
        let first = centre - field as f64 / 2.0;
        assert_eq!(first.fract(), 0.0, "the field begins between pixels");
        assert!(first >= 0.0, "the input is too small for this test");
        let first = first as usize;
        let last = first + field - 1;
        assert!(last < input_size, "the input is too small for this test");
        first..=last
    })
}

/// Checks the Burn module on an image of so many pixels.
fn check_module(mut architecture: Architecture, input_size: usize) {
    architecture.input_size = input_size;
    // Layers of a fixed input size cannot follow when the input grows.
    architecture
        .layers
        .retain(|layer| matches!(layer, Layer::Convolution(_) | Layer::MaxPool(_)));
    check(&architecture, |first| {
        let network = network(first);
        move |images| network.forward(images)
    });
}

/// Checks Burn's operators.
fn check_operators(architecture: &Architecture) {
    check(architecture, |first| {
        let layers = first.layers.clone();
        move |images| by_operators(&layers, images).flatten(1, 3)
    });
}

#[test]
fn of_every_step() {
    for step in steps() {
        check_module(step.architecture, 48);
    }
}

#[test]
fn of_strides_paddings_and_overlapping_pools() {
    let normalised = |channels: [usize; 2], kernel: usize, stride: usize, padding: usize| {
        Layer::Convolution(Convolution {
            stride: stride.into(),
            padding: padding.into(),
            batch_norm: true,
            relu: true,
            ..Convolution::new(channels[0], channels[1], kernel)
        })
    };
    let architecture = Architecture::new(2, 64)
        .layer(normalised([2, 3], 5, 2, 1))
        .layer(Layer::MaxPool(Pool::new(3, 2)))
        .layer(normalised([3, 2], 3, 1, 1))
        .layer(normalised([2, 2], 1, 1, 0));
    check_operators(&architecture);
    check_module(architecture, 64);
}

/// A convolution of two channels.
fn convolution(change: impl FnOnce(&mut Convolution)) -> Layer {
    let mut convolution = Convolution::new(2, 2, 3);
    change(&mut convolution);
    Layer::Convolution(convolution)
}

#[test]
fn of_gaps_and_rectangles() {
    let architecture = Architecture::new(2, 64)
        .layer(convolution(|it| it.dilation = 2.into()))
        .layer(convolution(|it| {
            (it.kernel, it.stride) = ([5, 1].into(), [1, 2].into());
        }))
        .layer(Layer::MaxPool(Pool::new([2, 3], [2, 1])))
        .layer(convolution(|it| {
            (it.dilation, it.padding, it.groups) = ([3, 2].into(), [3, 1].into(), 2);
        }));
    check_operators(&architecture);
}

#[test]
fn of_pools_with_padding() {
    let padded = |kernel: usize, stride: usize, padding: [usize; 2]| Pool {
        padding: padding.into(),
        ..Pool::new(kernel, stride)
    };
    let architecture = Architecture::new(2, 64)
        .layer(Layer::AveragePool(padded(3, 2, [1, 0])))
        .layer(Layer::MaxPool(padded(3, 2, [1, 1])))
        .layer(Layer::AveragePool(padded(2, 1, [1, 0])))
        .layer(convolution(|it| it.padding = 1.into()));
    check_operators(&architecture);
}

#[test]
fn of_sums_and_repeats() {
    let kept = |kernel: usize| {
        convolution(|it| (it.kernel, it.padding) = (kernel.into(), (kernel / 2).into()))
    };
    let sum = |branches| Layer::Sum {
        branches,
        relu: true,
    };
    // As the first blocks of residual networks: one that keeps the map, one that halves it.
    let strided = |kernel: usize| {
        convolution(|it| {
            (it.kernel, it.stride, it.padding) = (kernel.into(), 2.into(), (kernel / 2).into());
        })
    };
    let pooled = vec![Layer::AveragePool(Pool::new(2, 2)), kept(1)];
    let padded = |padding: usize| {
        vec![Layer::AveragePool(Pool {
            padding: padding.into(),
            ..Pool::new(3, 3)
        })]
    };
    let architecture = Architecture::new(2, 96)
        .layer(sum(vec![vec![kept(3), kept(3)], vec![]]))
        .layer(sum(vec![
            vec![kept(1), strided(3)],
            vec![strided(1)],
            pooled,
        ]))
        .layer(Layer::Repeat {
            times: 2,
            layers: vec![sum(vec![vec![kept(3)], vec![]])],
        })
        // Fields of which neither holds the other.
        .layer(sum(vec![padded(1), padded(0)]));
    check_operators(&architecture);
}
