//! Convolutions of each channel by itself, row by row.
//!
//! There is one multiply-add to each weight and vector, so what counts is how often a vector is loaded: once here, for
//! all output rows that it goes into. A row that is narrower than its vectors is followed by values that mean nothing,
//! which the next row overwrites: nothing stays between the rows.

use pulp::Simd;

use super::Shape;
use super::convolution::Kernel;
use super::maps::Maps;
use super::vectors::{load, relu, store};
use crate::simd::multiply_add;

/// Height and width of the kernels.
const SIDE: usize = 3;

/// A depthwise convolution with 3×3 kernels, a bias, and ReLU where wanted.
#[derive(Debug)]
pub(super) struct Depthwise {
    from: Maps,
    to: Maps,
    /// Of each channel, row by row.
    weights: Vec<[f32; SIDE * SIDE]>,
    bias: Vec<f32>,
    relu: bool,
}

impl Depthwise {
    /// The convolution, if it is one of these.
    pub(super) fn new(
        kernel: Kernel,
        from: Maps,
        weights: &[f32],
        bias: &[f32],
        relu: bool,
    ) -> Option<Self> {
        let depthwise = [from.channels, bias.len()] == [kernel.groups; 2];
        if !depthwise || [kernel.height, kernel.width, kernel.stride] != [SIDE, SIDE, 1] {
            return None;
        }
        let shape = Shape {
            channels: from.channels,
            height: from.height - (SIDE - 1),
            width: from.width - (SIDE - 1),
        };
        Some(Self {
            from,
            to: Maps::without_gaps(from.images, shape),
            weights: weights.as_chunks().0.to_vec(),
            bias: bias.to_vec(),
            relu,
        })
    }

    /// The maps that it writes.
    pub(super) fn to(&self) -> Maps {
        self.to
    }

    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, source: &[f32], target: &mut [f32]) {
        let of_channels = self.weights.iter().zip(&self.bias);
        for (channel, (weights, bias)) in of_channels.enumerate() {
            let mut factors = [[simd.splat_f32s(0.0); SIDE]; SIDE];
            for row in 0..SIDE {
                for column in 0..SIDE {
                    factors[row][column] = simd.splat_f32s(weights[row * SIDE + column]);
                }
            }
            let bias = simd.splat_f32s(*bias);
            // From the right, since what a row writes too much is where the next begins.
            for part in (0..self.to.pitch.div_ceil(S::F32_LANES)).rev() {
                let column = part * S::F32_LANES;
                let source = &source[channel * self.from.plane + column..];
                let target = &mut target[channel * self.to.plane + column..];
                self.columns(simd, &factors, bias, source, target);
            }
        }
    }

    /// As many values of each of a channel's rows as a vector has.
    #[inline(always)]
    fn columns<S: Simd>(
        &self,
        simd: S,
        factors: &[[S::f32s; SIDE]; SIDE],
        bias: S::f32s,
        source: &[f32],
        target: &mut [f32],
    ) {
        // The output rows that an input row goes into with the kernel's last row, its second and its first.
        let mut sums = [bias; SIDE];
        for row in 0..self.from.height {
            for column in 0..SIDE {
                let at = row * self.from.pitch + column * self.from.images;
                let value = load::<S>(source, at);
                for sum in 0..SIDE {
                    let factor = factors[SIDE - 1 - sum][column];
                    sums[sum] = multiply_add(simd, value, factor, sums[sum]);
                }
            }
            if let Some(row) = row.checked_sub(SIDE - 1) {
                let sum = if self.relu {
                    relu(simd, sums[0])
                } else {
                    sums[0]
                };
                store::<S>(target, row * self.to.pitch, sum);
            }
            sums = [sums[1], sums[2], bias];
        }
    }
}
