//! A network by Burn's own modules, as one would write it without the kernels.

use architecture::{Architecture, Convolution, Layer};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{
    BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d,
};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use experiment::{DropoutAfter, Recipe};

/// An architecture by Burn's own modules.
#[derive(Module, Debug)]
pub struct Modules {
    layers: Vec<Stage>,
}

// A network has a handful of them, so the space that the small ones waste does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
enum Stage {
    Convolution(Block),
    MaxPool(MaxPool2d),
    GlobalAveragePool(AdaptiveAvgPool2d),
    FullyConnected(Linear),
}

#[derive(Module, Debug)]
struct Block {
    convolution: Conv2d,
    batch_norm: Option<BatchNorm>,
    relu: bool,
    dropout: Option<Dropout>,
}

impl Modules {
    /// The network of an architecture, with the dropout of a recipe.
    pub fn new(architecture: &Architecture, recipe: &Recipe, device: &Device) -> Self {
        let layers = architecture.layers.iter();
        let has_relu = |layer: &&Layer| matches!(layer, Layer::Convolution(c) if c.relu);
        let last = architecture.layers.iter().rfind(has_relu);
        let dropout = |layer: &Layer| match recipe.dropout_after {
            DropoutAfter::LastRelu if Some(layer) != last => 0.0,
            _ => recipe.dropout,
        };
        Self {
            layers: layers
                .map(|layer| Stage::new(layer, dropout(layer), device))
                .collect(),
        }
    }

    /// Images `[batch, channels, height, width]` → logits `[batch, classes]`.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let mut maps = images;
        for layer in &self.layers {
            maps = layer.forward(maps);
        }
        maps.flatten(1, 3)
    }
}

impl Stage {
    fn new(layer: &Layer, dropout: f64, device: &Device) -> Self {
        match *layer {
            Layer::Convolution(ref convolution) => {
                Self::Convolution(Block::new(convolution, dropout, device))
            }
            Layer::MaxPool(ref pool) => Self::MaxPool(
                MaxPool2dConfig::new(pool.kernel.values())
                    .with_strides(pool.stride.values())
                    .init(),
            ),
            Layer::GlobalAveragePool => {
                Self::GlobalAveragePool(AdaptiveAvgPool2dConfig::new([1, 1]).init())
            }
            Layer::FullyConnected {
                in_features,
                out_features,
            } => Self::FullyConnected(LinearConfig::new(in_features, out_features).init(device)),
            Layer::AveragePool(_) | Layer::Repeat { .. } | Layer::Sum { .. } => {
                unreachable!("only what can be trained is measured")
            }
        }
    }

    fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Convolution(block) => block.forward(maps),
            Self::MaxPool(pool) => pool.forward(maps),
            Self::GlobalAveragePool(pool) => pool.forward(maps),
            Self::FullyConnected(linear) => linear
                .forward(maps.flatten::<2>(1, 3))
                .unsqueeze_dims(&[2, 3]),
        }
    }
}

impl Block {
    fn new(layer: &Convolution, dropout: f64, device: &Device) -> Self {
        let Convolution {
            in_channels,
            out_channels,
            kernel,
            stride,
            padding,
            groups,
            bias,
            batch_norm,
            relu,
            ..
        } = *layer;
        let [rows, columns] = padding.values();
        let padded = PaddingConfig2d::Explicit(rows, columns, rows, columns);
        let has_dropout = relu && dropout > 0.0;
        Self {
            convolution: Conv2dConfig::new([in_channels, out_channels], kernel.values())
                .with_stride(stride.values())
                .with_padding(padded)
                .with_groups(groups)
                .with_bias(bias)
                .init(device),
            batch_norm: batch_norm.then(|| BatchNormConfig::new(out_channels).init(device)),
            relu,
            dropout: has_dropout.then(|| DropoutConfig::new(dropout).init()),
        }
    }

    fn forward(&self, maps: Tensor<4>) -> Tensor<4> {
        let mut maps = self.convolution.forward(maps);
        if let Some(norm) = &self.batch_norm {
            maps = norm.forward(maps);
        }
        if self.relu {
            maps = relu(maps);
        }
        if let Some(dropout) = &self.dropout {
            maps = dropout.forward(maps);
        }
        maps
    }
}
