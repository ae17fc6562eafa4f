//! A batch on its way through the stages.

use burn::nn::Linear;
use burn::tensor::Tensor;
use conv_kernels::{BlockOptions, Dropout, ImageBlocks, Then};

use super::stage::{INSIDE, Stage, Turn};
use crate::ConvolutionBlock;

/// How a batch goes through a network.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pass {
    /// What dropout is a function of; without, there is none.
    pub(super) dropout_key: Option<u64>,
    /// Where batch normalisation uses the batch's statistics without autodiff too: how far these move the running ones, from 0
    /// to 1.
    pub(super) share: Option<f64>,
}

/// What the stages make of `maps`, one after the other.
pub(super) fn through(turns: Vec<Turn>, mut maps: Maps, pass: Pass) -> Maps {
    let mut turns = turns.into_iter().enumerate().peekable();
    while let Some((layer, turn)) = turns.next() {
        let (Stage::Convolution(block), time) = turn else {
            maps = turn.0.forward(maps);
            continue;
        };
        // The kernels compute convolutions in a row as one chain, and pool in the same pass where the windows are the
        // usual ones.
        let mut blocks = Vec::new();
        let mut next = Some((layer, block, time));
        while let Some((layer, block, time)) = next {
            let halved = turns.next_if(|(_, (next, _))| next.halves()).is_some();
            let key = pass.dropout_key.map(|key| key_of_layer(key, layer));
            blocks.push((
                Some((block, time)),
                block.for_kernels(time, halved, key, pass.share.is_some()),
            ));
            next = turns.next_if_map(|(layer, turn)| match turn {
                (Stage::Convolution(block), time) => Ok((layer, block, time)),
                turn => Err((layer, turn)),
            });
        }
        // To the kernels, a fully connected layer is a convolution whose kernel covers the map.
        let of_linear = turns.next_if_map(|(layer, turn)| match turn {
            (Stage::FullyConnected(linear), _) => Ok(linear),
            turn => Err((layer, turn)),
        });
        if let Some(linear) = of_linear {
            let channels = blocks
                .last()
                .map_or(0, |(_, block)| block.weights.dims()[0]);
            blocks.push((None, as_convolution(linear, channels)));
        }
        maps = Maps::Blocks(chain(maps.into_blocks(), blocks, pass.share));
    }
    maps
}

/// A block whose statistics are to be kept, and at which of its turns it is.
type Keeping<'a> = (&'a ConvolutionBlock, usize);

/// The output of convolution blocks in a row, each with the module whose statistics are to be kept.
fn chain(
    maps: ImageBlocks,
    blocks: Vec<(Option<Keeping>, conv_kernels::ConvolutionBlock)>,
    share: Option<f64>,
) -> ImageBlocks {
    let (modules, blocks): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
    let chained = maps.chain(blocks);
    for (module, statistics) in modules.into_iter().zip(chained.statistics) {
        if let (Some((module, time)), Some(statistics)) = (module, statistics) {
            module.keep_statistics(time, statistics, share);
        }
    }
    chained.output
}

/// A fully connected layer on square maps of so many channels.
fn as_convolution(linear: &Linear, channels: usize) -> conv_kernels::ConvolutionBlock {
    let weights = linear.weight.val();
    let [inputs, outputs] = weights.dims();
    let side = (inputs / channels).isqrt();
    conv_kernels::ConvolutionBlock {
        weights: weights.transpose().reshape([outputs, channels, side, side]),
        then: match &linear.bias {
            Some(bias) => Then::Bias(bias.val()),
            None => Then::Nothing,
        },
        options: BlockOptions {
            stride: 1,
            padding: 0,
            groups: 1,
            relu: false,
            dropout: Dropout::NONE,
            max_pool: false,
        },
    }
}

/// What one layer hands to the next.
#[derive(Clone)]
pub(super) enum Maps {
    Blocks(ImageBlocks),
    /// `[batch, features]`: maps of one pixel.
    Features(Tensor<2>),
}

impl Maps {
    pub(super) fn into_blocks(self) -> ImageBlocks {
        match self {
            Self::Blocks(blocks) => blocks,
            Self::Features(_) => ImageBlocks::new(self.into_images()),
        }
    }

    pub(super) fn into_images(self) -> Tensor<4> {
        match self {
            Self::Blocks(blocks) => blocks.into_images(),
            Self::Features(features) => features.unsqueeze_dims(&[2, 3]),
        }
    }

    pub(super) fn into_features(self) -> Tensor<2> {
        match self {
            Self::Blocks(blocks) => blocks.into_images().flatten(1, 3),
            Self::Features(features) => features,
        }
    }
}

impl Stage {
    /// The output of a stage that is not computed in a chain.
    fn forward(&self, maps: Maps) -> Maps {
        match self {
            Self::MaxPool(pool) => Maps::Blocks(ImageBlocks::new(pool.forward(maps.into_images()))),
            Self::GlobalAveragePool(_) => Maps::Features(maps.into_blocks().means()),
            Self::FullyConnected(linear) => {
                let blocks = maps.into_blocks();
                let [channels, ..] = blocks.dims();
                Maps::Blocks(chain(
                    blocks,
                    vec![(None, as_convolution(linear, channels))],
                    None,
                ))
            }
            Self::Convolution(_) | Self::Repeat(_) => unreachable!("{INSIDE}"),
        }
    }
}

/// A key for each layer of a training step.
fn key_of_layer(key: u64, layer: usize) -> u64 {
    key.rotate_left(layer as u32) ^ layer as u64
}
