//! How maps lie in memory.

use super::Shape;
use crate::simd::LANES;

/// Maps of one image, or of sixteen side by side: channel after channel, each row by row, each pixel with a value for each
/// image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Maps {
    /// 1 or [`LANES`].
    pub(super) images: usize,
    pub(super) channels: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    /// Values from the start of a row to the start of the next. What lies between the end of a row and the next means
    /// nothing.
    pub(super) pitch: usize,
    /// Values from the start of a channel to the start of the next.
    pub(super) plane: usize,
}

impl Maps {
    /// Rows at a distance of `pitch` values. Each can be written in whole vectors without reaching the next channel.
    pub(super) fn with_pitch(images: usize, shape: Shape, pitch: usize) -> Self {
        let Shape {
            channels,
            height,
            width,
        } = shape;
        let last_row = (width * images).next_multiple_of(LANES);
        let mut plane = ((height - 1) * pitch + last_row).next_multiple_of(LANES);
        // Channels whose distance is a multiple of 1024 bytes compete for a few places in the first-level cache.
        if plane.is_multiple_of(256) {
            plane += LANES;
        }
        Self {
            images,
            channels,
            height,
            width,
            pitch,
            plane,
        }
    }

    /// Nothing between the rows.
    pub(super) fn without_gaps(images: usize, shape: Shape) -> Self {
        Self::with_pitch(images, shape, shape.width * images)
    }

    /// One value of one image a channel, and nothing between the channels.
    pub(super) fn values(channels: usize) -> Self {
        Self {
            images: 1,
            channels,
            height: 1,
            width: 1,
            pitch: 1,
            plane: 1,
        }
    }

    pub(super) fn has_gaps(&self) -> bool {
        self.pitch > self.width * self.images
    }

    pub(super) fn shape(&self) -> Shape {
        Shape {
            channels: self.channels,
            height: self.height,
            width: self.width,
        }
    }

    /// Values from a channel's first to its last, both included.
    pub(super) fn reach(&self) -> usize {
        (self.height - 1) * self.pitch + self.width * self.images
    }

    /// Values of all channels.
    pub(super) fn length(&self) -> usize {
        self.channels * self.plane
    }

    /// The values `[channels, height, width]` of one of the images whose maps lie in `memory`.
    pub(super) fn read(&self, memory: &[f32], image: usize) -> Vec<f32> {
        let mut values = vec![0.0; self.shape().values()];
        self.write(memory, image, &mut values);
        values
    }

    /// Writes the values `[channels, height, width]` of one of the images whose maps lie in `memory`.
    pub(super) fn write(&self, memory: &[f32], image: usize, values: &mut [f32]) {
        let rows = (0..self.channels).flat_map(|channel| {
            let plane = channel * self.plane;
            (0..self.height).map(move |row| plane + row * self.pitch + image)
        });
        for (row, values) in rows.zip(values.chunks_exact_mut(self.width)) {
            let row = memory[row..].iter().step_by(self.images);
            for (value, from) in values.iter_mut().zip(row) {
                *value = *from;
            }
        }
    }
}
