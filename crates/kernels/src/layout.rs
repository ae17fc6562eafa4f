//! From images to blocks of sixteen, and back.

use crate::buffer::Buffer;
use crate::parallel;
use crate::simd::{LANES, Lanes};

/// Puts `images` images of as many values each into blocks, `[block, value, image of the block]`. Where the last block
/// has no image, it has zeros.
pub fn into_blocks(values: &[f32], images: usize) -> Buffer {
    let size = values.len() / images;
    let mut buffer = Buffer::any(images.div_ceil(LANES) * size);
    let items = buffer
        .chunks_exact_mut(size)
        .zip(values.chunks(LANES * size));
    parallel::for_each(items.collect(), |_, (block, values)| {
        let mut images = [[].as_slice(); LANES];
        for (image, values) in images.iter_mut().zip(values.chunks_exact(size)) {
            *image = values;
        }
        for (at, lanes) in block.iter_mut().enumerate() {
            *lanes = Lanes(images.map(|image| image.get(at).copied().unwrap_or(0.0)));
        }
    });
    buffer
}

/// The inverse of [`into_blocks`].
pub fn from_blocks(blocks: &[Lanes], images: usize) -> Vec<f32> {
    let size = blocks.len() / images.div_ceil(LANES);
    let mut values = vec![0.0; images * size];
    let items = blocks
        .chunks_exact(size)
        .zip(values.chunks_mut(LANES * size));
    parallel::for_each(items.collect(), |_, (block, values)| {
        for (lane, image) in values.chunks_exact_mut(size).enumerate() {
            for (lanes, value) in block.iter().zip(image) {
                *value = lanes.0[lane];
            }
        }
    });
    values
}

/// The mean of each channel of each image: blocks `[block, channel, value, image of the block]` to
/// `[image, channel]`.
pub fn means(blocks: &[Lanes], channels: usize, images: usize) -> Vec<f32> {
    let plane = blocks.len() / images.div_ceil(LANES) / channels;
    let mut means = vec![0.0; images * channels];
    let of_blocks = blocks.chunks_exact(channels * plane);
    for (block, means) in of_blocks.zip(means.chunks_mut(LANES * channels)) {
        for (channel, values) in block.chunks_exact(plane).enumerate() {
            let mut sums = [0.0; LANES];
            for lanes in values {
                for (sum, value) in sums.iter_mut().zip(lanes.0) {
                    *sum += value;
                }
            }
            for (image, sum) in means.chunks_exact_mut(channels).zip(sums) {
                image[channel] = sum / plane as f32;
            }
        }
    }
    means
}

/// The gradient of [`means`] with respect to the blocks, whose channels have `plane` values each.
pub fn means_backward(gradient: &[f32], channels: usize, plane: usize) -> Buffer {
    let images = gradient.len() / channels;
    let mut buffer = Buffer::any(images.div_ceil(LANES) * channels * plane);
    let blocks = buffer.chunks_exact_mut(channels * plane);
    for (block, gradient) in blocks.zip(gradient.chunks(LANES * channels)) {
        for (channel, values) in block.chunks_exact_mut(plane).enumerate() {
            let mut lanes = Lanes::default();
            for (lane, image) in lanes.0.iter_mut().zip(gradient.chunks_exact(channels)) {
                *lane = image[channel] / plane as f32;
            }
            values.fill(lanes);
        }
    }
    buffer
}
