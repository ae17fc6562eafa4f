//! The sizes of a convolution block, and chains of them.

use crate::activation::{Activation, Affine, Channel};
use crate::convolution::Geometry;
use crate::dropout::Dropped;
use crate::simd::LANES;

/// A convolution block: its sizes, and what follows its convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The convolution.
    pub geometry: Geometry,
    /// What is between the convolution and ReLU.
    pub between: Between,
    /// What comes then.
    pub activation: Activation,
}

/// What is between a convolution and ReLU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Between {
    /// Nothing.
    Nothing,
    /// A bias for each channel is added.
    Bias,
    /// Batch normalisation, by the batch's own statistics.
    BatchNorm {
        /// What is added to the variance, so that nothing is divided by zero.
        epsilon: f64,
    },
}

impl Between {
    /// How many parameters of one value a channel there are: the bias, or gamma and beta.
    pub fn parameters(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Bias => 1,
            Self::BatchNorm { .. } => 2,
        }
    }

    pub(crate) fn is_batch_norm(self) -> bool {
        matches!(self, Self::BatchNorm { .. })
    }
}

impl Block {
    /// Height of the block's output.
    pub fn out_height(&self) -> usize {
        self.geometry.out_height() / self.activation.pooled()
    }

    /// Width of the block's output.
    pub fn out_width(&self) -> usize {
        self.geometry.out_width() / self.activation.pooled()
    }

    pub(crate) fn input_length(&self) -> usize {
        self.geometry.in_channels * self.geometry.height * self.geometry.width
    }

    pub(crate) fn convolved_plane(&self) -> usize {
        self.geometry.out_height() * self.geometry.out_width()
    }

    pub(crate) fn convolved_length(&self) -> usize {
        self.geometry.out_channels * self.convolved_plane()
    }

    pub(crate) fn output_plane(&self) -> usize {
        self.out_height() * self.out_width()
    }

    pub(crate) fn output_length(&self) -> usize {
        self.geometry.out_channels * self.output_plane()
    }

    /// A channel of a block of images, its affine function and what is dropped in it.
    pub(crate) fn channel<'a>(
        &self,
        channel: usize,
        affines: &[Affine],
        dropped: &'a Dropped,
    ) -> Channel<'a> {
        Channel {
            height: self.geometry.out_height(),
            width: self.geometry.out_width(),
            affine: affines[channel],
            activation: self.activation,
            dropped: dropped.of_channel(channel),
        }
    }
}

/// Convolution blocks, each of which computes on the output of the one before.
///
/// A chain is computed as a whole, sixteen images at a time, so that threads meet only where batch normalisation needs the
/// sums of all images.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    blocks: Vec<Block>,
    images: usize,
}

impl Chain {
    /// The chain of `blocks` for batches of `images` images; the last sixteen may be fewer.
    ///
    /// # Panics
    ///
    /// If there are no blocks, if there are no images, or if a block does not fit on the one before.
    pub fn new(blocks: Vec<Block>, images: usize) -> Self {
        assert!(
            !blocks.is_empty() && images > 0,
            "at least one block and one image"
        );
        for pair in blocks.windows(2) {
            let next = pair[1].geometry;
            assert_eq!(
                [
                    pair[0].geometry.out_channels,
                    pair[0].out_height(),
                    pair[0].out_width()
                ],
                [next.in_channels, next.height, next.width],
                "a block computes on the output of the one before"
            );
        }
        Self { blocks, images }
    }

    /// The blocks, first to last.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Images in the batch.
    pub fn images(&self) -> usize {
        self.images
    }

    /// Whether there is batch normalisation.
    pub fn has_batch_norm(&self) -> bool {
        let mut blocks = self.blocks.iter();
        blocks.any(|block| block.between.is_batch_norm())
    }

    /// The last block.
    pub fn last(&self) -> &Block {
        self.blocks.last().expect("a chain has blocks")
    }

    /// How many blocks of sixteen images there are.
    pub fn image_blocks(&self) -> usize {
        self.images.div_ceil(LANES)
    }

    /// Images in the block of images number `number`.
    pub(crate) fn images_in(&self, number: usize) -> usize {
        (self.images - number * LANES).min(LANES)
    }

    /// The values that every channel of a block's convolution has over the whole batch.
    pub(crate) fn values(&self, block: usize) -> f64 {
        (self.images * self.blocks[block].convolved_plane()) as f64
    }
}
