//! Layers of one image that sum over whole maps.
//!
//! Sums are in the order in which convolutions of sixteen images have them, so that an image's results do not depend on
//! what is computed beside it.

use pulp::Simd;

use super::maps::Maps;
use super::vectors::{multiply_add_values, relu};
use crate::simd::{LANES, Lanes, multiply_add, vectors, vectors_mut, vectors_per_pixel};

/// A sum of each channel's values, with a weight for each: a depthwise convolution as large as the map, or the mean.
#[derive(Debug)]
pub(super) struct SumPixels {
    from: Maps,
    /// `[channel, pixel]`.
    weights: Vec<f32>,
    bias: Vec<f32>,
    relu: bool,
}

impl SumPixels {
    /// Of maps without gaps; `weights` are `[channel, pixel]`.
    pub(super) fn new(from: Maps, weights: &[f32], bias: &[f32], relu: bool) -> Self {
        Self {
            from,
            weights: weights.to_vec(),
            bias: bias.to_vec(),
            relu,
        }
    }

    /// The maps that it writes.
    pub(super) fn to(&self) -> Maps {
        Maps::values(self.from.channels)
    }

    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, source: &[f32], target: &mut [f32]) {
        let planes = source.chunks_exact(self.from.plane);
        let of_channels = planes.zip(self.weights.chunks_exact(self.from.reach()));
        let targets = target.iter_mut().zip(&self.bias);
        for ((target, bias), (plane, weights)) in targets.zip(of_channels) {
            let mut sum = *bias;
            for (value, weight) in plane.iter().zip(weights) {
                sum = multiply_add_values::<S>(*value, *weight, sum);
            }
            *target = if self.relu && sum <= 0.0 { 0.0 } else { sum };
        }
    }
}

/// A matrix and a bias over all values.
#[derive(Debug)]
pub(super) struct FullyConnected {
    from: Maps,
    outputs: usize,
    /// `[sixteen outputs, input]`.
    weights: Vec<Lanes>,
    bias: Vec<Lanes>,
    relu: bool,
}

impl FullyConnected {
    /// Of maps without gaps; `weights` are `[output, channel, pixel]`.
    pub(super) fn new(from: Maps, weights: &[f32], bias: &[f32], relu: bool) -> Self {
        let inputs = from.channels * from.reach();
        let block = |first: usize| {
            let input = move |input: usize| {
                let mut lanes = Lanes::default();
                let rows = weights.chunks_exact(inputs).skip(first);
                for (lane, row) in lanes.0.iter_mut().zip(rows) {
                    *lane = row[input];
                }
                lanes
            };
            (0..inputs).map(input)
        };
        let biases = bias.chunks(LANES).map(|of_block| {
            let mut lanes = Lanes::default();
            lanes.0[..of_block.len()].copy_from_slice(of_block);
            lanes
        });
        Self {
            from,
            outputs: bias.len(),
            weights: (0..bias.len()).step_by(LANES).flat_map(block).collect(),
            bias: biases.collect(),
            relu,
        }
    }

    /// The maps that it writes.
    pub(super) fn to(&self) -> Maps {
        Maps::values(self.outputs)
    }

    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, source: &[f32], target: &mut [f32]) {
        let (targets, _) = target.as_chunks_mut::<LANES>();
        let inputs = self.weights.len() / self.bias.len();
        let blocks = self.weights.chunks_exact(inputs).zip(&self.bias);
        for (target, (weights, bias)) in targets.iter_mut().zip(blocks) {
            let mut lanes = [*bias];
            let sums = vectors_mut::<S>(&mut lanes);
            for part in 0..vectors_per_pixel::<S>() {
                let mut sum = sums[part];
                let planes = source.chunks_exact(self.from.plane);
                let of_planes = weights.chunks_exact(self.from.reach());
                for (plane, weights) in planes.zip(of_planes) {
                    let weights = vectors::<S>(weights).chunks_exact(vectors_per_pixel::<S>());
                    for (value, weights) in plane.iter().zip(weights) {
                        let value = simd.splat_f32s(*value);
                        sum = multiply_add(simd, value, weights[part], sum);
                    }
                }
                sums[part] = if self.relu { relu(simd, sum) } else { sum };
            }
            *target = lanes[0].0;
        }
    }
}
