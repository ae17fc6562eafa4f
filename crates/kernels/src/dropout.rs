//! Dropout as a list of what is dropped.
//!
//! Where one value of two hundred is dropped, most of a random number for each value would be for nothing. How many values
//! are kept before the next one that is dropped has a geometric distribution, so those numbers are drawn instead.

use std::mem;
use std::sync::{Mutex, MutexGuard};

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

    /// What a value that is kept is multiplied with, so that the mean stays: 1 / (1 − probability).
    pub fn scale(&self) -> f32 {
        (1.0 / (1.0 - self.probability)) as f32
    }

    /// What the values of a channel of `pixels` pixels are multiplied with, in each of a block's sixteen images: 0 or the
    /// [scale](Self::scale). In block of images number b, channel number c of n is the `plane` b · n + c.
    pub fn factors(&self, plane: u64, pixels: usize) -> Vec<Lanes> {
        let mut factors = vec![Lanes([self.scale(); LANES]); pixels];
        let mut dropped = Vec::new();
        Gaps::new(*self).draw(plane, pixels, &mut dropped);
        set_to_zero(&mut factors, &dropped);
        factors
    }
}

/// Sets the values with these numbers to zero.
#[inline(always)]
pub(crate) fn set_to_zero(values: &mut [Lanes], numbers: &[u32]) {
    let values: &mut [f32] = bytemuck::must_cast_slice_mut(values);
    for &number in numbers {
        values[number as usize] = 0.0;
    }
}

/// What is dropped in one block of images of a layer.
///
/// Its memory is kept for the next training step: a list that one thread makes and another drops would go through the
/// allocator's locks each time.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    numbers: Vec<u32>,
    /// Where each channel's end.
    ends: Vec<u32>,
}

/// Lists that wait for their next use, at most this many.
static SPARE: Mutex<Vec<Vec<u32>>> = Mutex::new(Vec::new());
const MOST_SPARE: usize = 1_000;

fn spare() -> MutexGuard<'static, Vec<Vec<u32>>> {
    SPARE
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Drop for Dropped {
    fn drop(&mut self) {
        for mut list in [mem::take(&mut self.numbers), mem::take(&mut self.ends)] {
            let mut spare = spare();
            if list.capacity() > 0 && spare.len() < MOST_SPARE {
                list.clear();
                spare.push(list);
            }
        }
    }
}

impl Dropped {
    /// Draws what is dropped in the block of images number `images`.
    pub(crate) fn draw(dropout: Dropout, images: usize, channels: usize, pixels: usize) -> Self {
        let mut dropped = Self::default();
        if dropout.is_active() {
            let mut spare = spare();
            dropped.numbers = spare.pop().unwrap_or_default();
            dropped.ends = spare.pop().unwrap_or_default();
            drop(spare);
            let gaps = Gaps::new(dropout);
            for channel in 0..channels {
                gaps.draw(
                    (images * channels + channel) as u64,
                    pixels,
                    &mut dropped.numbers,
                );
                dropped.ends.push(dropped.numbers.len() as u32);
            }
        }
        dropped
    }

    /// The numbers of a channel's values: 16 · pixel + image of the block, ascending.
    pub(crate) fn of_channel(&self, channel: usize) -> &[u32] {
        let Some(&end) = self.ends.get(channel) else {
            return &[];
        };
        let start = channel.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.numbers[start as usize..end as usize]
    }
}

/// How many values a table of probabilities reaches.
const REACH: usize = 256;

/// Draws the numbers of values that are kept between those that are dropped.
struct Gaps {
    key: u64,
    /// For each number, the probability that more than so many values are kept in a row, in units of 2⁻³².
    more_than: [u32; REACH],
}

impl Gaps {
    fn new(dropout: Dropout) -> Self {
        let mut kept = 1.0;
        let more_than = [(); REACH].map(|()| {
            kept *= 1.0 - dropout.probability;
            (kept * (u64::from(u32::MAX) + 1) as f64) as u32
        });
        Self {
            key: dropout.key,
            more_than,
        }
    }

    /// Adds the numbers of the values that are dropped in a channel of `pixels` pixels, ascending: value number
    /// 16 · pixel + image of the block.
    fn draw(&self, plane: u64, pixels: usize, dropped: &mut Vec<u32>) {
        let values = pixels * LANES;
        let mut state = mix(self.key ^ mix(plane.wrapping_mul(GOLDEN)));
        let mut next = 0;
        loop {
            state = state.wrapping_add(GOLDEN);
            let drawn = (mix(state) >> 32) as u32;
            let gap = self.more_than.partition_point(|&more| drawn < more);
            next += gap;
            if next >= values {
                return;
            }
            // Beyond the table it all begins again: how many more are kept does not depend on how many were.
            if gap < REACH {
                dropped.push(next as u32);
                next += 1;
            }
        }
    }
}

/// The golden ratio's fractional bits: successive positions get keys far apart.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of the SplitMix64 generator (G. Steele, D. Lea and C. Flood, "Fast splittable pseudorandom number
/// generators", 2014).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANES: u64 = 80;
    const PIXELS: usize = 625;

    fn bits(probability: f64, key: u64, plane: u64) -> Vec<bool> {
        let dropout = Dropout { probability, key };
        let factors = dropout.factors(plane, PIXELS);
        let values = factors.iter().flat_map(|lanes| lanes.0);
        values.map(|factor| factor == 0.0).collect()
    }

    #[test]
    fn drops_as_many_as_asked_and_keeps_the_mean() {
        for probability in [0.0005, 0.01, 0.1, 0.5] {
            let dropout = Dropout {
                probability,
                key: 7,
            };
            let planes = (0..PLANES).flat_map(|plane| dropout.factors(plane, PIXELS));
            let values: Vec<f32> = planes.flat_map(|lanes| lanes.0).collect();
            let dropped = values.iter().filter(|&&value| value == 0.0).count() as f64;
            let count = values.len() as f64;
            let deviation = (count * probability * (1.0 - probability)).sqrt();
            assert!((dropped - count * probability).abs() < 4.0 * deviation);
            assert_eq!(values.iter().copied().fold(0.0, f32::max), dropout.scale());
        }
    }

    #[test]
    fn every_pixel_and_image_is_dropped_as_often() {
        let mut counts = vec![0_u32; PIXELS * LANES];
        let planes = 20_000;
        for plane in 0..planes {
            let mut dropped = Vec::new();
            let dropout = Dropout {
                probability: 0.02,
                key: 3,
            };
            Gaps::new(dropout).draw(plane, PIXELS, &mut dropped);
            for number in dropped {
                counts[number as usize] += 1;
            }
        }
        // The variance of the counts is that of a binomial distribution.
        let expected = planes as f64 * 0.02;
        let squares = counts
            .iter()
            .map(|&count| (f64::from(count) - expected).powi(2));
        let ratio = squares.sum::<f64>() / counts.len() as f64 / (expected * 0.98);
        assert!(
            (ratio - 1.0).abs() < 4.0 * (2.0 / counts.len() as f64).sqrt(),
            "{ratio}"
        );
    }

    #[test]
    fn neighbours_planes_and_keys_are_independent() {
        let agreement = |other: &dyn Fn(u64) -> Vec<bool>, shift: usize| {
            let same: usize = (0..PLANES)
                .map(|plane| {
                    let (a, b) = (bits(0.5, 1, plane), other(plane));
                    let pairs = a.iter().skip(shift).zip(&b);
                    pairs.filter(|(a, b)| a == b).count()
                })
                .sum();
            same as f64 / (PLANES as usize * (PIXELS * LANES - shift)) as f64
        };
        // Half agree by chance, with a standard deviation of 0.0006.
        for shift in [1, 8, LANES, 25 * LANES] {
            let share = agreement(&|plane| bits(0.5, 1, plane), shift);
            assert!((share - 0.5).abs() < 0.003, "{shift}: {share}");
        }
        for other in [&|plane| bits(0.5, 1, plane + 1) as Vec<bool>, &|plane| {
            bits(0.5, 2, plane)
        }] as [&dyn Fn(u64) -> Vec<bool>; 2]
        {
            let share = agreement(other, 0);
            assert!((share - 0.5).abs() < 0.003, "{share}");
        }
    }
}
