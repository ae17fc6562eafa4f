//! What the layers of a network compute with, for the page to show how a value was made.

use inference::{Layer, Model};
use mnist::{MEAN, STANDARD_DEVIATION};
use serde::Serialize;

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
        /// Base64 of 32-bit floats `[out_channels, in_channels / groups, kernel, kernel]`.
        weights: String,
        /// `[out_channels]`; none where there is no batch normalisation.
        scale: Option<Vec<f32>>,
        /// `[out_channels]`.
        offset: Vec<f32>,
    },
    /// The largest value of a window.
    Largest { kernel: usize, stride: usize },
    /// The mean of a map.
    Mean,
}

impl Weights {
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
                weights: encode_floats(weights),
                scale: unfolded.scale.clone(),
                offset: bias.clone(),
            },
            Layer::FullyConnected { weights, bias } => Computation::Weighted {
                kernel: None,
                stride: 1,
                padding: 0,
                groups: 1,
                relu: false,
                weights: encode_floats(weights),
                scale: None,
                offset: bias.clone(),
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
