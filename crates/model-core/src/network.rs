//! The Burn module of an [`Architecture`].

use burn::module::Module;
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use crate::{Architecture, ArchitectureError, ConvolutionBlock, Layer};

/// A network that maps images to the logits of their classes.
#[derive(Module, Debug)]
pub struct Network {
    stages: Vec<Stage>,
}

/// One layer of a [`Network`].
// A network has a handful of stages, so the space that the small ones waste does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Stage {
    /// See [`Layer::Convolution`].
    Convolution(ConvolutionBlock),
    /// See [`Layer::MaxPool`].
    MaxPool(MaxPool2d),
    /// See [`Layer::GlobalAveragePool`].
    GlobalAveragePool(AdaptiveAvgPool2d),
    /// See [`Layer::FullyConnected`].
    FullyConnected(Linear),
}

impl Architecture {
    /// Builds the network on `device`, with weights drawn from the device's generator (see [`Device::seed`]).
    ///
    /// `dropout` is the probability of dropping a value after each ReLU; it is a matter of training, not of the
    /// architecture, and does nothing at inference.
    ///
    /// # Errors
    ///
    /// An architecture that cannot be built, with the layer at fault.
    ///
    /// # Panics
    ///
    /// If `dropout` is not in `[0, 1)`.
    pub fn init(&self, dropout: f64, device: &Device) -> Result<Network, ArchitectureError> {
        self.summary()?;
        let stages = self
            .layers
            .iter()
            .map(|layer| Stage::new(layer, dropout, device))
            .collect();
        Ok(Network { stages })
    }
}

impl Network {
    /// `[batch, channels, height, width]` → logits `[batch, classes]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.forward_to(images, self.stages.len()).flatten(1, 3)
    }

    /// The output `[batch, channels, height, width]` of the first `layers` layers.
    pub fn forward_to(&self, images: Tensor<4>, layers: usize) -> Tensor<4> {
        self.stages
            .iter()
            .take(layers)
            .fold(images, |map, stage| stage.forward(map))
    }
}

impl Stage {
    fn new(layer: &Layer, dropout: f64, device: &Device) -> Self {
        match layer {
            Layer::Convolution(convolution) => {
                Self::Convolution(ConvolutionBlock::new(convolution, dropout, device))
            }
            Layer::MaxPool { kernel, stride } => Self::MaxPool(
                MaxPool2dConfig::new([*kernel, *kernel])
                    .with_strides([*stride, *stride])
                    .init(),
            ),
            Layer::GlobalAveragePool => {
                Self::GlobalAveragePool(AdaptiveAvgPool2dConfig::new([1, 1]).init())
            }
            Layer::FullyConnected {
                in_features,
                out_features,
            } => Self::FullyConnected(LinearConfig::new(*in_features, *out_features).init(device)),
        }
    }

    fn forward(&self, map: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Convolution(block) => block.forward(map),
            Self::MaxPool(pool) => pool.forward(map),
            Self::GlobalAveragePool(pool) => pool.forward(map),
            Self::FullyConnected(linear) => {
                let features: Tensor<2> = map.flatten(1, 3);
                linear.forward(features).unsqueeze_dims(&[2, 3])
            }
        }
    }
}
