//! What the layers of a network compute with, for the page to show how a value was made.

use std::iter::once;

use inference::{Layer, Model};
use mnist::{MEAN, STANDARD_DEVIATION};
use serde::{Serialize, Serializer};

use crate::networks::encode_floats;

/// What a network computes with.
#[derive(Debug, Serialize)]
pub struct Weights {
    /// The first layer takes pixels from 0 to 1, less this,
    mean: f32,
    /// and divided by this.
    deviation: f32,
    /// First to last.
    layers: Vec<Computation>,
}

/// What a layer computes its values with.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Computation {
    /// `scale · sum of weights times inputs + offset`.
    Weighted {
        /// Height and width of the kernel; none where it is as large as the map.
        kernel: Option<usize>,
        stride: usize,
        padding: usize,
        groups: usize,
        /// Whether negative values become zero.
        relu: bool,
        /// `[out_channels, in_channels / groups, kernel, kernel]`.
        weights: Numbers,
        /// `[out_channels]`; none where there is no batch normalisation.
        scale: Option<Numbers>,
        /// `[out_channels]`.
        offset: Numbers,
    },
    /// The largest value of a window.
    Largest { kernel: usize, stride: usize },
    /// The mean of a map.
    Mean,
}

/// Numbers of a layer.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Numbers {
    /// Base64 of 32-bit floats.
    #[serde(serialize_with = "as_base64")]
    Here(Vec<f32>),
    /// So many of those that [`Weights::take_numbers`] has taken out, in units of a step.
    Elsewhere { count: usize, step: f64 },
}

/// An integer that stands for a number has so many bits, and a sign.
const BITS: i32 = 20;

fn as_base64<S: Serializer>(numbers: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode_floats(numbers))
}

/// The power of two in whose units the largest of these numbers has [`BITS`] bits.
fn step(numbers: &[f32]) -> f64 {
    let largest = numbers.iter().fold(0.0_f32, |most, it| most.max(it.abs()));
    // The exponent, as the bits of a float hold it.
    let exponent = (largest.to_bits() >> 23) as i32 - 127;
    2_f64.powi(exponent + 1 - BITS)
}

impl Weights {
    /// Takes out the numbers, layer by layer the weights, the scale and the offset, as integers of at most [`BITS`] bits: a
    /// number is one times its list's step.
    pub fn take_numbers(&mut self) -> Vec<i32> {
        let mut taken = Vec::new();
        for layer in &mut self.layers {
            if let Computation::Weighted {
                weights,
                scale,
                offset,
                ..
            } = layer
            {
                for numbers in once(weights).chain(scale).chain(once(offset)) {
                    if let Numbers::Here(them) = numbers {
                        let (count, step) = (them.len(), step(them));
                        taken.extend(them.iter().map(|it| (f64::from(*it) / step).round() as i32));
                        *numbers = Numbers::Elsewhere { count, step };
                    }
                }
            }
        }
        taken
    }

    /// Those of a model.
    pub fn of(model: &Model) -> Self {
        let layers = model.layers().iter().map(|unfolded| match &unfolded.layer {
            Layer::Convolution {
                geometry,
                weights,
                bias,
                relu,
            } => Computation::Weighted {
                kernel: Some(geometry.kernel),
                stride: geometry.stride,
                padding: geometry.padding,
                groups: geometry.groups,
                relu: *relu,
                weights: Numbers::Here(weights.clone()),
                scale: unfolded.scale.clone().map(Numbers::Here),
                offset: Numbers::Here(bias.clone()),
            },
            Layer::FullyConnected { weights, bias } => Computation::Weighted {
                kernel: None,
                stride: 1,
                padding: 0,
                groups: 1,
                relu: false,
                weights: Numbers::Here(weights.clone()),
                scale: None,
                offset: Numbers::Here(bias.clone()),
            },
            Layer::MaxPool { kernel, stride } => Computation::Largest {
                kernel: *kernel,
                stride: *stride,
            },
            Layer::GlobalAveragePool => Computation::Mean,
        });
        Self {
            mean: MEAN,
            deviation: STANDARD_DEVIATION,
            layers: layers.collect(),
        }
    }
}
