//! Moving rows.

use super::Shape;
use super::maps::Maps;
use crate::simd::LANES;

/// Moves rows to where the next layer wants them.
#[derive(Debug)]
pub(super) struct Arrange {
    from: Maps,
    /// Which columns are taken: every `step`-th, of one image.
    step: usize,
    to: Maps,
    /// Zeros on each side, which belong to `to`.
    border: usize,
}

impl Arrange {
    /// Takes every `step`-th column and leaves nothing between the rows.
    pub(super) fn close_gaps(from: Maps, step: usize) -> Self {
        let shape = Shape {
            width: from.width.div_ceil(step),
            ..from.shape()
        };
        Self {
            from,
            step,
            to: Maps::without_gaps(from.images, shape),
            border: 0,
        }
    }

    /// Surrounds the maps with `border` zeros.
    pub(super) fn pad(from: Maps, border: usize) -> Self {
        let shape = Shape {
            channels: from.channels,
            height: from.height + 2 * border,
            width: from.width + 2 * border,
        };
        Self {
            from,
            step: 1,
            to: Maps::without_gaps(from.images, shape),
            border,
        }
    }

    /// The maps that it writes.
    pub(super) fn to(&self) -> Maps {
        self.to
    }

    #[inline(always)]
    pub(super) fn run(&self, source: &[f32], target: &mut [f32]) {
        if self.border > 0 {
            target[..self.to.length()].fill(0.0);
        }
        for channel in 0..self.from.channels {
            let source = &source[channel * self.from.plane..];
            let target = &mut target[channel * self.to.plane..];
            for row in 0..self.from.height {
                let source = &source[row * self.from.pitch..];
                let start = (row + self.border) * self.to.pitch + self.border * self.to.images;
                let target = &mut target[start..];
                let length = self.from.width * self.from.images;
                if self.step > 1 {
                    let source = source[..length].iter().step_by(self.step);
                    for (target, source) in target.iter_mut().zip(source) {
                        *target = *source;
                    }
                } else if self.border > 0 {
                    target[..length].copy_from_slice(&source[..length]);
                } else {
                    copy_at_least(source, target, length);
                }
            }
        }
    }
}

/// Copies `length` values, and then some: whole vectors need no call and no loop for the rest. Rows are copied in their
/// order, so that what was too much is overwritten by the next.
#[inline(always)]
fn copy_at_least(source: &[f32], target: &mut [f32], length: usize) {
    let source = source.chunks_exact(LANES);
    let targets = target.chunks_exact_mut(LANES);
    for (target, source) in targets.zip(source).take(length.div_ceil(LANES)) {
        target.copy_from_slice(source);
    }
}
