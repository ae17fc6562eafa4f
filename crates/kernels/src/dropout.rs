//! Dropout without a stream of random numbers: each value's fate is a hash of where it is.

use pulp::Simd;

use crate::simd::{LANES, Lanes};

/// Which values of a layer to drop at a training step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// The probability that a value is dropped, in `[0, 1)`.
    pub probability: f64,
    /// What distinguishes this layer at this step of this training from every other. The same key drops the same
    /// values.
    pub key: u64,
}

impl Dropout {
    /// Nothing is dropped.
    pub const NONE: Self = Self {
        probability: 0.0,
        key: 0,
    };

    /// Whether anything is dropped at all.
    pub fn is_active(&self) -> bool {
        self.probability > 0.0
    }

    /// What a value of each of a block's sixteen images is multiplied with: 0 or 1 / (1 − probability). In block number
    /// b of a layer whose maps have n values, channel by channel and row by row, value number i has the `position`
    /// b · n + i.
    ///
    /// The kernels multiply with the same numbers, whatever the instruction set.
    pub fn factors(&self, position: u64) -> Lanes {
        let threshold = self.threshold();
        let base = self.base(position);
        let scale = self.scale();
        Lanes(SALTS.map(|salt| {
            if hash(base ^ salt) < threshold {
                0.0
            } else {
                scale
            }
        }))
    }

    fn threshold(&self) -> u32 {
        (self.probability * (u64::from(u32::MAX) + 1) as f64) as u32
    }

    fn scale(&self) -> f32 {
        (1.0 / (1.0 - self.probability)) as f32
    }

    #[inline(always)]
    fn base(&self, position: u64) -> u32 {
        (mix(self.key.wrapping_add(position.wrapping_mul(GOLDEN))) >> 32) as u32
    }
}

/// [`Dropout`] as vectors of an instruction set.
#[derive(Clone, Copy)]
pub(crate) struct DropoutVectors<S: Simd> {
    dropout: Dropout,
    threshold: S::u32s,
    scale: S::f32s,
    zero: S::f32s,
}

impl<S: Simd> DropoutVectors<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, dropout: Dropout) -> Self {
        Self {
            dropout,
            threshold: simd.splat_u32s(dropout.threshold()),
            scale: simd.splat_f32s(dropout.scale()),
            zero: simd.splat_f32s(0.0),
        }
    }

    /// Part `part` of [`Dropout::factors`].
    #[inline(always)]
    pub(crate) fn factors(&self, simd: S, position: u64, part: usize) -> S::f32s {
        let salts: &[S::u32s] = bytemuck::must_cast_slice(&[SALTS]);
        let mut bits = simd.xor_u32s(simd.splat_u32s(self.dropout.base(position)), salts[part]);
        bits = simd.xor_u32s(bits, simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(16)));
        bits = simd.mul_u32s(bits, simd.splat_u32s(MULTIPLIERS[0]));
        bits = simd.xor_u32s(bits, simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(15)));
        bits = simd.mul_u32s(bits, simd.splat_u32s(MULTIPLIERS[1]));
        bits = simd.xor_u32s(bits, simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(16)));
        simd.select_f32s(
            simd.less_than_u32s(bits, self.threshold),
            self.zero,
            self.scale,
        )
    }
}

/// The golden ratio's fractional bits: successive positions get keys far apart.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The multipliers of `lowbias32`, a hash of 32 bits found by search (C. Wellons, "Prospecting for Hash Functions").
const MULTIPLIERS: [u32; 2] = [0x7feb_352d, 0x846c_a68b];

fn hash(mut bits: u32) -> u32 {
    bits ^= bits >> 16;
    bits = bits.wrapping_mul(MULTIPLIERS[0]);
    bits ^= bits >> 15;
    bits = bits.wrapping_mul(MULTIPLIERS[1]);
    bits ^ (bits >> 16)
}

/// The finaliser of the SplitMix64 generator (G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number
/// generators", 2014).
pub(crate) const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Tells the images of a block apart.
const SALTS: [u32; LANES] = {
    let mut salts = [0; LANES];
    let mut lane = 0;
    while lane < LANES {
        salts[lane] = mix((lane as u64 + 1).wrapping_mul(GOLDEN)) as u32;
        lane += 1;
    }
    salts
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_as_many_as_asked_and_keeps_the_mean() {
        for probability in [0.01, 0.1, 0.5] {
            let dropout = Dropout {
                probability,
                key: 7,
            };
            let values: Vec<f32> = (0..50_000).flat_map(|at| dropout.factors(at).0).collect();
            let dropped = values.iter().filter(|&&value| value == 0.0).count() as f64;
            let count = values.len() as f64;
            let deviation = (count * probability * (1.0 - probability)).sqrt();
            assert!((dropped - count * probability).abs() < 4.0 * deviation);
            assert_eq!(values.iter().copied().fold(0.0, f32::max), dropout.scale());
        }
    }

    #[test]
    fn neighbours_lanes_and_keys_are_independent() {
        let bits = |key, position| {
            let factors = Dropout {
                probability: 0.5,
                key,
            }
            .factors(position);
            factors.0.map(|factor| factor == 0.0)
        };
        let agreement = |other: &dyn Fn(u64) -> [bool; LANES]| {
            let same: usize = (0..20_000)
                .map(|at| {
                    let pairs = bits(1, at).into_iter().zip(other(at));
                    pairs.filter(|(a, b)| a == b).count()
                })
                .sum();
            same as f64 / (20_000 * LANES) as f64
        };
        // Half agree by chance, with a standard deviation of 0.0009.
        let rotated = |at, by| {
            let mut lanes = bits(1, at);
            lanes.rotate_left(by);
            lanes
        };
        for other in [
            &|at| bits(1, at + 1) as [bool; LANES],
            &|at| bits(1, at + 676),
            &|at| bits(2, at),
            &|at| rotated(at, 1),
            &|at| rotated(at, 8),
        ] as [&dyn Fn(u64) -> [bool; LANES]; 5]
        {
            let share = agreement(other);
            assert!((share - 0.5).abs() < 0.005, "{share}");
        }
    }
}
