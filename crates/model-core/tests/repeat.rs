//! Layers that are repeated: the same weights every time, and a batch normalisation for each time.

use architecture::{Architecture, Convolution, Layer, Pool};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Distribution, Gradients, Tensor};
use kernels::inference::{self, Shape};
use model_core::quantization::{Bits, Granularity, QuantizedWeights};
use model_core::{Network, weights};

const CHANNELS: usize = 5;
const TIMES: usize = 3;

/// A network in which a padded depthwise and a 1×1 convolution are repeated, or there as often.
fn architecture(repeated: bool) -> Architecture {
    let depthwise = Convolution {
        padding: 1.into(),
        groups: CHANNELS,
        batch_norm: true,
        ..Convolution::new(CHANNELS, CHANNELS, 3)
    };
    let pointwise = Convolution {
        batch_norm: true,
        relu: true,
        ..Convolution::new(CHANNELS, CHANNELS, 1)
    };
    let layers = [depthwise, pointwise].map(Layer::Convolution).to_vec();
    let first = Architecture::new(1, 12)
        .convolution_block(CHANNELS, 3)
        .with_batch_norm();
    let body = if repeated {
        let times = TIMES;
        first.layer(Layer::Repeat { times, layers })
    } else {
        let all = vec![layers; TIMES].into_iter().flatten();
        all.fold(first, Architecture::layer)
    };
    body.layer(Layer::MaxPool(Pool::new(2, 2)))
        .factored_head(10)
}

/// The values of all parameters and running statistics, or the gradients of those that have one.
struct Collect<'a> {
    gradients: Option<&'a Gradients>,
    values: Vec<Vec<f32>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = match self.gradients {
            None => Some(parameter.val()),
            Some(gradients) => parameter.val().grad(gradients),
        };
        let value = value.map(|value| value.into_data().iter().collect());
        self.values.extend(value);
    }
}

fn collect(network: &Network, gradients: Option<&Gradients>) -> Vec<Vec<f32>> {
    let values = Vec::new();
    let mut collect = Collect { gradients, values };
    network.visit(&mut collect);
    collect.values
}

/// Replaces the values, one parameter after the other.
struct Fill(std::vec::IntoIter<Vec<f32>>);

impl ModuleMapper for Fill {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let values = self.0.next().unwrap();
        parameter.map(|old| {
            let flat = Tensor::<1>::from_data(values.as_slice(), &old.device());
            flat.reshape(old.dims())
                .set_require_grad(old.is_require_grad())
        })
    }
}

/// Values a parameter of the block of `of` values each, in the order of visiting.
const IN_A_BLOCK: usize = 5;

/// From the values of the network that repeats to those of the one that has all layers: weights are there every time.
///
/// A block is visited weights first, then gamma, beta, mean and variance of each time.
fn unrolled(values: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let (first, rest) = values.split_at(IN_A_BLOCK);
    let in_repeated = 1 + TIMES * (IN_A_BLOCK - 1);
    let (depthwise, rest) = rest.split_at(in_repeated);
    let (pointwise, rest) = rest.split_at(in_repeated);
    let mut all = first.to_vec();
    for time in 0..TIMES {
        for block in [depthwise, pointwise] {
            all.push(block[0].clone());
            all.extend_from_slice(&block[1 + time * (IN_A_BLOCK - 1)..][..IN_A_BLOCK - 1]);
        }
    }
    all.extend_from_slice(rest);
    all
}

fn images(device: &Device) -> Tensor<4> {
    Tensor::random([20, 1, 12, 12], Distribution::Normal(0.3, 1.5), device)
}

/// The two networks with the same weights, after they have seen the same images.
fn pair() -> (Network, Network, Device) {
    let device = Device::flex().autodiff();
    let repeated = Network::new(&architecture(true), 0.0, &device).unwrap();
    let values = unrolled(collect(&repeated, None));
    let all = Network::new(&architecture(false), 0.0, &device).unwrap();
    let all = all.map(&mut Fill(values.into_iter()));
    for _ in 0..5 {
        let images = images(&device);
        repeated.forward(images.clone());
        all.forward(images);
    }
    (repeated, all, device)
}

#[test]
fn a_repeat_is_its_layers_as_often_with_the_same_weights() {
    let (repeated, all, device) = pair();
    let images = images(&device);
    let [found, expected] = [&repeated, &all].map(|network| {
        let logits = network.forward(images.clone());
        let gradients = logits.clone().powf_scalar(2.0).mean().backward();
        (logits.into_data(), collect(network, Some(&gradients)))
    });
    assert_eq!(found.0, expected.0);
    // Gradients are of weights, gamma and beta. Those of a weight that is there several times add up.
    let (first, rest) = expected.1.split_at(3);
    let (repeats, head) = rest.split_at(2 * 3 * TIMES);
    let mut added = first.to_vec();
    for block in 0..2 {
        let of_time = |time: usize| &repeats[(2 * time + block) * 3..][..3];
        let total = (0..TIMES).map(|time| of_time(time)[0].clone());
        added.extend(total.reduce(|a, b| a.iter().zip(b).map(|(a, b)| a + b).collect()));
        added.extend((0..TIMES).flat_map(|time| of_time(time)[1..].to_vec()));
    }
    added.extend_from_slice(head);
    assert_eq!(found.1.len(), added.len());
    for (found, expected) in found.1.iter().zip(&added) {
        let largest = expected
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-5 * largest + 1e-9);
        }
    }
}

#[test]
fn inference_is_that_of_all_layers() {
    let (repeated, all, _) = pair();
    let device = Device::flex();
    let images = images(&device);
    let [found, expected] = [&repeated, &all].map(|network| {
        let folded = network.fold_batch_norm();
        let outputs = folded.outputs(images.clone()).into_iter();
        let outputs: Vec<_> = outputs.map(Tensor::into_data).collect();
        let layers = architecture(false).layers.len();
        assert_eq!(outputs.len(), layers);
        let quantized = QuantizedWeights::new(network, Granularity::OutputChannel, Bits::Eight);
        (
            folded.forward(images.clone()).into_data(),
            outputs,
            quantized,
        )
    });
    assert_eq!(found, expected);
}

#[test]
fn weights_by_themselves_times_the_scale_are_the_folded_ones() {
    let (repeated, _, _) = pair();
    let images = Shape {
        channels: 1,
        height: 12,
        width: 12,
    };
    let weights_and_bias = |layer: &inference::Layer| match layer {
        inference::Layer::Convolution { weights, bias, .. }
        | inference::Layer::FullyConnected { weights, bias } => (weights.clone(), bias.clone()),
        _ => Default::default(),
    };
    let folded = repeated.layers(images);
    let unfolded = repeated.unfolded_layers(images);
    assert_eq!(unfolded.len(), folded.len());
    let mut scaled = 0;
    for (unfolded, folded) in unfolded.iter().zip(&folded) {
        let (weights, bias) = weights_and_bias(&unfolded.layer);
        let (expected, expected_bias) = weights_and_bias(folded);
        assert_eq!(bias, expected_bias);
        let of_channel = weights.len() / bias.len().max(1);
        for (at, (weight, expected)) in weights.iter().zip(expected).enumerate() {
            let scale = unfolded
                .scale
                .as_ref()
                .map_or(1.0, |it| it[at / of_channel]);
            assert!((weight * scale - expected).abs() <= 1e-6 * expected.abs());
        }
        scaled += usize::from(unfolded.scale.is_some());
    }
    assert_eq!(scaled, 1 + 2 * TIMES);
}

#[test]
fn weights_of_repeats_come_back_from_a_file() {
    let (repeated, _, _) = pair();
    let bytes = weights::to_bytes(&repeated).unwrap();
    let empty = Network::new(&architecture(true), 0.0, &Device::flex()).unwrap();
    let loaded = weights::from_bytes(empty, bytes.clone(), "a file").unwrap();
    assert_eq!(weights::to_bytes(&loaded).unwrap(), bytes);
    let parameters = architecture(true).summary().unwrap().totals;
    let kept: usize = collect(&loaded, None).iter().map(Vec::len).sum();
    assert_eq!(
        kept,
        parameters.parameters + parameters.non_trainable_parameters
    );
}
