//! The convolution block as a Burn module.

use std::f64::consts::SQRT_2;

use burn::module::{Initializer, Module};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use crate::Convolution;

/// Convolution, then batch normalisation, ReLU and dropout, each where wanted.
#[derive(Module, Debug)]
pub struct ConvolutionBlock {
    convolution: Conv2d,
    batch_norm: Option<BatchNorm>,
    relu: bool,
    dropout: Dropout,
}

impl ConvolutionBlock {
    /// Draws the weights so that ReLU keeps the variance of what flows through (K. He, X. Zhang, S. Ren and J. Sun,
    /// "Delving Deep into Rectifiers", 2015). Burn's default, and PyTorch's, is √6 times smaller: every layer then shrinks
    /// what it is given, and a network without batch normalisation is slow to begin.
    ///
    /// Dropout of probability `dropout` follows the ReLU; a block without ReLU ends the network and has none.
    pub(crate) fn new(convolution: &Convolution, dropout: f64, device: &Device) -> Self {
        let Convolution {
            in_channels,
            out_channels,
            kernel,
            stride,
            padding,
            batch_norm,
            relu,
        } = *convolution;
        let he = Initializer::KaimingUniform {
            gain: SQRT_2,
            fan_out_only: false,
        };
        Self {
            convolution: Conv2dConfig::new([in_channels, out_channels], [kernel, kernel])
                .with_stride([stride, stride])
                .with_padding(PaddingConfig2d::Explicit(
                    padding, padding, padding, padding,
                ))
                .with_bias(false)
                .with_initializer(he)
                .init(device),
            batch_norm: batch_norm.then(|| BatchNormConfig::new(out_channels).init(device)),
            relu,
            dropout: DropoutConfig::new(if relu { dropout } else { 0.0 }).init(),
        }
    }

    /// `[batch, in_channels, height, width]` → `[batch, out_channels, out_height, out_width]`.
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let mut output = self.convolution.forward(input);
        if let Some(batch_norm) = &self.batch_norm {
            output = batch_norm.forward(output);
        }
        if self.relu {
            output = self.dropout.forward(relu(output));
        }
        output
    }
}
