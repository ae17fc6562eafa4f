//! The receptive field by its formula against the one that gradients show, in the real Burn module.
//!
//! With all weights positive and equal, every pixel of the field has a positive gradient, but for max-pooling, which
//! lets it through at one value of each window only. So four images are used that grow towards each of their corners:
//! with positive weights every map grows the same way, each pool picks its value nearest to that corner, and together
//! the gradients reach all four sides of the field.

use std::ops::RangeInclusive;

use architecture::{Architecture, Convolution, Layer, Pool};
use burn::module::{Module, ModuleMapper, Param};
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

/// Rows of the input with any gradient of the output cell `(cell, cell)` of maps of `n_out` cells a side. Maps, images
/// and kernels are symmetric, so the columns are the same.
fn field_by_gradient(
    network: &Network,
    input: [usize; 2],
    n_out: usize,
    cell: usize,
) -> RangeInclusive<usize> {
    let [channels, size] = input;
    let device = Device::flex().autodiff();
    let mut reached = vec![false; size];
    for (down, right) in [(false, false), (false, true), (true, false), (true, true)] {
        let image = growing(channels, size, down, right, &device).require_grad();
        let output = network.forward(image.clone());
        let channels_out = output.dims()[1] / (n_out * n_out);
        let gradients = output
            .reshape([channels_out, n_out, n_out])
            .slice([0..channels_out, cell..cell + 1, cell..cell + 1])
            .sum()
            .backward();
        let gradient = image.grad(&gradients).expect("the input has a gradient");
        let gradient: Vec<f32> = gradient.into_data().iter::<f32>().collect();
        for (position, value) in gradient.into_iter().enumerate() {
            reached[position / size % size] |= value != 0.0;
        }
    }
    let first = reached.iter().position(|&it| it).expect("some gradient");
    let last = reached.iter().rposition(|&it| it).expect("some gradient");
    first..=last
}

/// The network of an architecture's first `layers` layers with all weights equal.
///
/// Frozen, batch normalisation is one factor and one constant for a channel, as in inference, so that it does not let
/// every pixel see every other.
fn first_layers(architecture: &Architecture, layers: usize) -> Network {
    let mut first = architecture.clone();
    first.layers.truncate(layers);
    Network::new(&first, 0.0, &Device::flex().autodiff())
        .expect("it can be built")
        .map(&mut Positive)
        .freeze()
}

/// Checks the formula's size and position after every layer whose maps have an inner cell.
fn check(mut architecture: Architecture, input_size: usize) {
    architecture.input_size = input_size;
    // Layers of a fixed input size cannot follow when the input grows.
    architecture
        .layers
        .retain(|layer| matches!(layer, Layer::Convolution(_) | Layer::MaxPool(_)));
    let summary = architecture.summary().unwrap();
    for (index, layer) in summary.layers.iter().enumerate() {
        let [n_out, jump, field] =
            [layer.n_out, layer.jump_out, layer.receptive_field_out].map(|it| it.height);
        let cell = n_out / 2;
        let centre = layer.start.height + (cell * jump) as f64;
        let first = centre - field as f64 / 2.0;
        assert_eq!(first.fract(), 0.0, "the field begins between pixels");
        assert!(first >= 0.0, "the input is too small for this test");
        let first = first as usize;
        let last = first + field - 1;
        assert!(last < input_size, "the input is too small for this test");
        let input = [architecture.input_channels, input_size];
        let network = first_layers(&architecture, index + 1);
        assert_eq!(
            field_by_gradient(&network, input, n_out, cell),
            first..=last,
            "after layer {} ({})",
            index + 1,
            layer.operation
        );
    }
}

#[test]
fn of_every_step() {
    for step in steps() {
        check(step.architecture, 48);
    }
}

#[test]
fn of_strides_paddings_and_overlapping_pools() {
    let convolution = |channels: [usize; 2], kernel: usize, stride: usize, padding: usize| {
        Layer::Convolution(Convolution {
            stride: stride.into(),
            padding: padding.into(),
            batch_norm: true,
            relu: true,
            ..Convolution::new(channels[0], channels[1], kernel)
        })
    };
    let architecture = Architecture::new(2, 64)
        .layer(convolution([2, 3], 5, 2, 1))
        .layer(Layer::MaxPool(Pool::new(3, 2)))
        .layer(convolution([3, 2], 3, 1, 1))
        .layer(convolution([2, 2], 1, 1, 0));
    check(architecture, 64);
}
