//! The reference network as a Burn module, with both ways to compute it.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use conv_kernels::{BlockOptions, Dropout, ImageBlocks};

use crate::common::layer::{Layer, REFERENCE};

/// Digits to tell apart.
pub const CLASSES: usize = 10;

/// Convolution blocks, global average pooling, and a linear layer.
#[derive(Module, Debug)]
pub struct Network {
    blocks: Vec<Block>,
    average_pool: AdaptiveAvgPool2d,
    linear: Linear,
}

/// Convolution without bias, batch normalisation, ReLU, and max-pooling where there is any.
#[derive(Module, Debug)]
struct Block {
    convolution: Conv2d,
    batch_norm: BatchNorm,
    max_pool: Option<MaxPool2d>,
    padding: usize,
}

/// The layers of the reference network with `width` times as many channels, and the features that remain after them.
pub fn layers(width: usize) -> (Vec<Layer>, usize) {
    let mut layers = REFERENCE;
    for (index, layer) in layers.iter_mut().enumerate() {
        // Images have one channel in any network.
        if index > 0 {
            layer.in_channels *= width;
        }
        layer.out_channels *= width;
    }
    let features = layers.last().map_or(0, |layer| layer.out_channels);
    (layers.into(), features)
}

/// Multiply-adds that a training step needs for each image.
pub fn training_multiply_adds(width: usize) -> usize {
    let (layers, features) = layers(width);
    let convolutions = layers.iter().enumerate();
    let convolutions = convolutions.map(|(index, layer)| layer.training_multiply_adds(index == 0));
    convolutions.sum::<usize>() + 3 * features * CLASSES
}

impl Network {
    /// The reference network, with `width` times its channels.
    pub fn new(width: usize, device: &Device) -> Self {
        let (layers, features) = layers(width);
        Self {
            blocks: layers
                .iter()
                .map(|layer| Block::new(layer, device))
                .collect(),
            average_pool: AdaptiveAvgPool2dConfig::new([1, 1]).init(),
            linear: LinearConfig::new(features, CLASSES).init(device),
        }
    }

    /// Images `[batch, 1, 28, 28]` → logits `[batch, classes]`, by the kernels of this crate.
    pub fn forward_with_kernels(&self, images: Tensor<4>) -> Tensor<2> {
        let mut maps = ImageBlocks::new(images);
        for block in &self.blocks {
            maps = block.forward_with_kernels(maps);
        }
        self.linear.forward(maps.means())
    }

    /// The same by Burn's own modules.
    pub fn forward_with_modules(&self, images: Tensor<4>) -> Tensor<2> {
        let mut maps = images;
        for block in &self.blocks {
            maps = block.forward_with_modules(maps);
        }
        self.linear
            .forward(self.average_pool.forward(maps).flatten(1, 3))
    }
}

impl Block {
    fn new(layer: &Layer, device: &Device) -> Self {
        let Layer {
            in_channels,
            out_channels,
            kernel,
            padding,
            ..
        } = *layer;
        let padded = PaddingConfig2d::Explicit(padding, padding, padding, padding);
        let halve = || MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init();
        Self {
            convolution: Conv2dConfig::new([in_channels, out_channels], [kernel, kernel])
                .with_padding(padded)
                .with_bias(false)
                .init(device),
            batch_norm: BatchNormConfig::new(out_channels).init(device),
            max_pool: layer.max_pool.then(halve),
            padding,
        }
    }

    fn forward_with_kernels(&self, maps: ImageBlocks) -> ImageBlocks {
        let norm = &self.batch_norm;
        let normalised = maps.normalised_block(
            self.convolution.weight.val(),
            norm.gamma.val(),
            norm.beta.val(),
            norm.epsilon,
            BlockOptions {
                stride: 1,
                padding: self.padding,
                groups: 1,
                relu: true,
                dropout: Dropout::NONE,
                max_pool: self.max_pool.is_some(),
            },
        );
        // As a training has to, and as Burn's module does.
        for (running, of_batch) in [
            (&norm.running_mean, normalised.mean),
            (&norm.running_var, normalised.variance),
        ] {
            let kept = running.value_sync().mul_scalar(1.0 - norm.momentum);
            running.update(kept.add(of_batch.mul_scalar(norm.momentum)).detach());
        }
        normalised.output
    }

    fn forward_with_modules(&self, maps: Tensor<4>) -> Tensor<4> {
        let maps = relu(self.batch_norm.forward(self.convolution.forward(maps)));
        match &self.max_pool {
            Some(pool) => pool.forward(maps),
            None => maps,
        }
    }
}
