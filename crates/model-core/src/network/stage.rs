//! One layer as a Burn module, and the order in which layers are computed.

use architecture::Layer;
use burn::module::Module;
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Device;
use kernels::inference::Shape;

use super::UnfoldedLayer;
use crate::ConvolutionBlock;

/// One layer of a [`Network`](super::Network).
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
    /// See [`Layer::Repeat`].
    Repeat(Repeat),
}

/// The same stages several times in a row, each time with batch normalisation of its own.
#[derive(Module, Debug)]
pub struct Repeat {
    times: usize,
    pub(super) stages: Vec<Stage>,
}

/// A stage at one of the times that it is computed for an image, from 0.
pub(super) type Turn<'a> = (&'a Stage, usize);

/// All stages in the order in which they are computed, those of repeats as often as these say. The stages themselves are
/// at their turn number `time`.
pub(super) fn turns(stages: &[Stage], time: usize) -> Vec<Turn<'_>> {
    let mut all = Vec::new();
    for stage in stages {
        if let Stage::Repeat(Repeat { times, stages }) = stage {
            let turn = |turn| turns(stages, time * times + turn);
            all.extend((0..*times).flat_map(turn));
        } else {
            all.push((stage, time));
        }
    }
    all
}

/// All convolution blocks, first to last, those inside repeats once.
pub(super) fn blocks_mut(stages: &mut [Stage]) -> Vec<&mut ConvolutionBlock> {
    let mut blocks = Vec::new();
    for stage in stages {
        match stage {
            Stage::Convolution(block) => blocks.push(block),
            Stage::Repeat(repeat) => blocks.extend(blocks_mut(&mut repeat.stages)),
            _ => {}
        }
    }
    blocks
}

/// Gives the convolution blocks among `stages` the statistics of those among `inner`.
pub(super) fn take_statistics(stages: &[Stage], inner: &[Stage]) {
    for pair in stages.iter().zip(inner) {
        match pair {
            (Stage::Convolution(block), Stage::Convolution(inner)) => block.take_statistics(inner),
            (Stage::Repeat(repeat), Stage::Repeat(inner)) => {
                take_statistics(&repeat.stages, &inner.stages);
            }
            _ => {}
        }
    }
}

/// Why a stage is not met.
pub(super) const INSIDE: &str = "turns have no repeats, and convolutions are in chains";

impl Stage {
    /// Of a layer that [can be trained](Architecture::check_trainable) and is computed so many `times` for an image.
    pub(super) fn new(layer: &Layer, times: usize, dropout: f64, device: &Device) -> Self {
        match layer {
            Layer::Convolution(convolution) => {
                Self::Convolution(ConvolutionBlock::new(convolution, times, dropout, device))
            }
            Layer::Repeat {
                times: more,
                layers,
            } => {
                let layers = layers.iter();
                let stages = layers.map(|layer| Self::new(layer, times * more, dropout, device));
                Self::Repeat(Repeat {
                    times: *more,
                    stages: stages.collect(),
                })
            }
            Layer::MaxPool(pool) => Self::MaxPool(
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
            } => Self::FullyConnected(LinearConfig::new(*in_features, *out_features).init(device)),
            Layer::AveragePool(_) | Layer::Sum { .. } => {
                unreachable!("it is not trainable, which was checked before")
            }
        }
    }

    /// The layer for inference, of maps of this shape; see [`Network::layers`].
    pub(super) fn layer(&self, input: Shape) -> kernels::inference::Layer {
        use kernels::inference::Layer;
        match self {
            Self::Convolution(block) => block.layer(input),
            Self::MaxPool(pool) => Layer::MaxPool {
                kernel: pool.kernel_size[0],
                stride: pool.stride[0],
            },
            Self::GlobalAveragePool(_) => Layer::GlobalAveragePool,
            Self::Repeat(_) => unreachable!("{INSIDE}"),
            Self::FullyConnected(linear) => {
                let [_, outputs] = linear.weight.dims();
                let rows = linear.weight.val().transpose();
                let bias = linear.bias.as_ref().map(|bias| bias.val().into_data());
                Layer::FullyConnected {
                    weights: rows.into_data().iter().collect(),
                    bias: bias.map_or_else(|| vec![0.0; outputs], |bias| bias.iter().collect()),
                }
            }
        }
    }

    /// See [`Network::unfolded_layers`].
    pub(super) fn unfolded_layer(&self, input: Shape, time: usize) -> UnfoldedLayer {
        let mut layer = self.layer(input);
        let mut scale = None;
        if let (Self::Convolution(block), kernels::inference::Layer::Convolution { bias, .. }) =
            (self, &mut layer)
            && let Some([factors, offset]) = block.scale_and_offset(time)
        {
            *bias = offset;
            scale = Some(factors);
        }
        UnfoldedLayer { layer, scale }
    }

    /// Whether this is max-pooling of 2×2 windows that do not overlap.
    pub(super) fn halves(&self) -> bool {
        matches!(self, Self::MaxPool(pool) if pool.kernel_size == [2, 2] && pool.stride == [2, 2])
    }
}
