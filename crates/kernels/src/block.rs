//! The sizes of a convolution block.

use crate::activation::{Activation, Affine, Channel};
use crate::convolution::Geometry;
use crate::simd::LANES;

/// A convolution block's sizes and what follows its convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// The convolution.
    pub geometry: Geometry,
    /// What follows it, and batch normalisation where there is any.
    pub activation: Activation,
    /// Images in the batch; the last block may have fewer than sixteen.
    pub images: usize,
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

    /// Blocks of images.
    pub fn blocks(&self) -> usize {
        self.images.div_ceil(LANES)
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

    /// Images in the block number `block`.
    pub(crate) fn images_in(&self, block: usize) -> usize {
        (self.images - block * LANES).min(LANES)
    }

    /// Channel number `channel` of the block number `block`.
    pub(crate) fn channel(&self, block: usize, channel: usize, affine: Affine) -> Channel {
        let first = (block * self.geometry.out_channels + channel) * self.convolved_plane();
        Channel {
            height: self.geometry.out_height(),
            width: self.geometry.out_width(),
            affine,
            activation: self.activation,
            position: first as u64,
        }
    }

    /// The values that every channel of the convolution's output has over the whole batch.
    pub(crate) fn values(&self) -> f64 {
        (self.images * self.convolved_plane()) as f64
    }
}
