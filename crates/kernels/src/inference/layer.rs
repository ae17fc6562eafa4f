//! What a network is made of.

use crate::Geometry;

/// Maps `[channels, height, width]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of maps.
    pub channels: usize,
    /// Height of a map.
    pub height: usize,
    /// Width of a map.
    pub width: usize,
}

impl Shape {
    /// Values of all maps.
    pub fn values(&self) -> usize {
        self.channels * self.height * self.width
    }
}

/// A layer with its weights.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// A convolution with a bias, into which batch normalisation is folded.
    Convolution {
        /// Its sizes; the map's are those that the layer before yields.
        geometry: Geometry,
        /// `[out_channels, in_channels / groups, kernel, kernel]`.
        weights: Vec<f32>,
        /// `[out_channels]`.
        bias: Vec<f32>,
        /// Whether negative values become zero.
        relu: bool,
    },
    /// The largest value of each `kernel`×`kernel` window.
    MaxPool {
        /// Height and width of the window.
        kernel: usize,
        /// Distance between windows.
        stride: usize,
    },
    /// The mean of each channel's whole map.
    GlobalAveragePool,
    /// A matrix and a bias over all values of the layer before.
    FullyConnected {
        /// `[outputs, channels × height × width]`.
        weights: Vec<f32>,
        /// `[outputs]`.
        bias: Vec<f32>,
    },
}

impl Layer {
    /// What it makes of maps of this shape.
    ///
    /// # Panics
    ///
    /// If it does not take such maps, or its weights are more or fewer than its sizes say.
    pub fn output(&self, input: Shape) -> Shape {
        match self {
            Self::Convolution {
                geometry,
                weights,
                bias,
                ..
            } => {
                let expected = (geometry.in_channels, geometry.height, geometry.width);
                let found = (input.channels, input.height, input.width);
                assert_eq!(found, expected, "the maps that a convolution takes");
                let (groups, padding) = (geometry.groups, 2 * geometry.padding);
                let channels = [geometry.in_channels, geometry.out_channels];
                assert!(
                    groups > 0 && channels.iter().all(|count| count.is_multiple_of(groups)),
                    "groups of as many channels each"
                );
                let sides = [input.height + padding, input.width + padding];
                check_window(geometry.kernel, geometry.stride, sides);
                assert_eq!(weights.len(), geometry.weights(), "weights");
                assert_eq!(bias.len(), geometry.out_channels, "biases");
                Shape {
                    channels: geometry.out_channels,
                    height: geometry.out_height(),
                    width: geometry.out_width(),
                }
            }
            Self::MaxPool { kernel, stride } => {
                check_window(*kernel, *stride, [input.height, input.width]);
                let pooled = |side: usize| (side - kernel) / stride + 1;
                Shape {
                    channels: input.channels,
                    height: pooled(input.height),
                    width: pooled(input.width),
                }
            }
            Self::GlobalAveragePool => values(input.channels),
            Self::FullyConnected { weights, bias } => {
                assert_eq!(weights.len(), input.values() * bias.len(), "weights");
                values(bias.len())
            }
        }
    }
}

fn check_window(kernel: usize, stride: usize, sides: [usize; 2]) {
    let fits = sides.iter().all(|&side| kernel <= side);
    assert!(kernel > 0 && stride > 0 && fits, "a window within the map");
}

/// Maps of one pixel.
fn values(channels: usize) -> Shape {
    Shape {
        channels,
        height: 1,
        width: 1,
    }
}
