//! Max-pooling.

use pulp::Simd;

use super::Shape;
use super::maps::Maps;
use super::vectors::{self, load, store};
use crate::simd::LANES;

/// Max-pooling. NaN is larger than any number.
#[derive(Debug)]
pub(super) struct MaxPool {
    from: Maps,
    to: Maps,
    kernel: usize,
    stride: usize,
    /// Whether no value has a sign, as after ReLU.
    unsigned: bool,
}

impl MaxPool {
    pub(super) fn new(from: Maps, kernel: usize, stride: usize, unsigned: bool) -> Self {
        let pooled = |side: usize| (side - kernel) / stride + 1;
        let shape = Shape {
            channels: from.channels,
            height: pooled(from.height),
            width: pooled(from.width),
        };
        Self {
            from,
            to: Maps::without_gaps(from.images, shape),
            kernel,
            stride,
            unsigned,
        }
    }

    /// The maps that it writes.
    pub(super) fn to(&self) -> Maps {
        self.to
    }

    /// How many values beyond its maps it reads or writes.
    pub(super) fn overhang(&self) -> usize {
        match self.from.images {
            1 => 2 * self.to.length() + 2 * LANES,
            _ => 0,
        }
    }

    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, source: &[f32], target: &mut [f32]) {
        let halves = (self.kernel, self.stride) == (2, 2);
        match (self.from.images > 1, self.unsigned) {
            (true, true) => self.side_by_side::<S, true>(simd, source, target),
            (true, false) => self.side_by_side::<S, false>(simd, source, target),
            (false, true) if halves => self.halve::<S, true>(simd, source, target),
            (false, false) if halves => self.halve::<S, false>(simd, source, target),
            _ => self.value_by_value(source, target),
        }
    }

    /// Of sixteen images.
    #[inline(always)]
    fn side_by_side<S: Simd, const UNSIGNED: bool>(
        &self,
        simd: S,
        source: &[f32],
        target: &mut [f32],
    ) {
        for channel in 0..self.to.channels {
            let source = &source[channel * self.from.plane..];
            let target = &mut target[channel * self.to.plane..];
            for row in 0..self.to.height {
                let source = &source[row * self.stride * self.from.pitch..];
                let target = &mut target[row * self.to.pitch..];
                for column in 0..self.to.width {
                    let source = &source[column * self.stride * LANES..];
                    for part in (0..LANES).step_by(S::F32_LANES) {
                        let mut largest = load::<S>(source, part);
                        for row in 0..self.kernel {
                            for column in 0..self.kernel {
                                let at = row * self.from.pitch + column * LANES + part;
                                let value = load::<S>(source, at);
                                largest = vectors::larger::<S, UNSIGNED>(simd, largest, value);
                            }
                        }
                        store::<S>(target, column * LANES + part, largest);
                    }
                }
            }
        }
    }

    /// The larger of each two rows, which go behind the maps, and then of each two values of these, which lie one after
    /// the other whatever the width.
    #[inline(always)]
    fn halve<S: Simd, const UNSIGNED: bool>(&self, simd: S, source: &[f32], target: &mut [f32]) {
        let (target, larger_rows) = target.split_at_mut(self.to.length());
        let width = 2 * self.to.width;
        for channel in 0..self.from.channels {
            for row in 0..self.to.height {
                let from = channel * self.from.plane + 2 * row * self.from.pitch;
                let to = channel * 2 * self.to.plane + row * width;
                for column in (0..width).step_by(S::F32_LANES) {
                    let upper = load::<S>(source, from + column);
                    let lower = load::<S>(source, from + self.from.pitch + column);
                    let larger = vectors::larger::<S, UNSIGNED>(simd, upper, lower);
                    store::<S>(larger_rows, to + column, larger);
                }
            }
        }
        for (target, pair) in target.iter_mut().zip(larger_rows.chunks_exact(2)) {
            *target = larger::<UNSIGNED>(pair[0], pair[1]);
        }
    }

    fn value_by_value(&self, source: &[f32], target: &mut [f32]) {
        for channel in 0..self.to.channels {
            for row in 0..self.to.height {
                for column in 0..self.to.width {
                    let from = channel * self.from.plane
                        + row * self.stride * self.from.pitch
                        + column * self.stride;
                    let rows = (0..self.kernel).map(|row| from + row * self.from.pitch);
                    let window = rows.flat_map(|row| &source[row..][..self.kernel]);
                    let largest = window.copied().fold(f32::NEG_INFINITY, larger::<false>);
                    target[channel * self.to.plane + row * self.to.pitch + column] = largest;
                }
            }
        }
    }
}

/// The larger of two values; see [`vectors::larger`].
#[inline(always)]
fn larger<const UNSIGNED: bool>(a: f32, b: f32) -> f32 {
    if UNSIGNED {
        f32::from_bits(a.to_bits().max(b.to_bits()))
    } else if b > a || b.is_nan() {
        b
    } else {
        a
    }
}
