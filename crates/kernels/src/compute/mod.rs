//! A chain's computation on plain memory: threads, and the order of the passes.
//!
//! Each block of sixteen images goes through a phase on one thread, and what is summed over images is summed block by block
//! in their order: results do not depend on the number of threads.

mod backward;
mod forward;
mod inference;

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use crate::activation::Affine;
use crate::block::{Between, Block, Chain};
use crate::buffer::Buffer;
use crate::dropout::Dropped;
use crate::plans::Plans;
use crate::simd::Lanes;

/// The parameters of a convolution block.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// `[out_channels, in_channels / groups, kernel, kernel]`.
    pub weights: &'a [f32],
    /// Batch normalisation's gamma, `[out_channels]`; empty where there is none.
    pub gamma: &'a [f32],
    /// The bias, or batch normalisation's beta, `[out_channels]`; empty where there is neither.
    pub shift: &'a [f32],
}

/// Each channel's mean and variance (that of the batch itself, not an estimate for what it is drawn from).
#[derive(Clone, Debug)]
pub struct Statistics {
    /// `[out_channels]`.
    pub mean: Vec<f32>,
    /// `[out_channels]`.
    pub variance: Vec<f32>,
}

/// What a training step's forward pass leaves for its backward pass.
#[derive(Debug)]
pub struct Saved {
    /// Of each block.
    maps: Vec<SavedMaps>,
}

#[derive(Debug)]
struct SavedMaps {
    /// The convolution's output. The block's own is computed from it again: it is in nobody's cache by then, and reading it
    /// would take longer.
    convolved: Buffer,
    /// Which value of each window of max-pooling has the gradient.
    places: Buffer,
    /// Of each block of images.
    dropped: Vec<Dropped>,
    affines: Vec<Affine>,
    statistics: Option<Statistics>,
}

impl Saved {
    /// Each block's statistics, where it has batch normalisation.
    pub fn statistics(&self) -> impl Iterator<Item = Option<&Statistics>> {
        self.maps.iter().map(|maps| maps.statistics.as_ref())
    }
}

/// The gradients of a chain's input and parameters.
#[derive(Debug)]
pub struct Gradients {
    /// The input's, if wanted, in blocks like it.
    pub input: Option<Buffer>,
    /// Of each block.
    pub blocks: Vec<BlockGradients>,
}

/// The gradients of [`Parameters`].
#[derive(Clone, Debug, Default)]
pub struct BlockGradients {
    /// The weights'.
    pub weights: Vec<f32>,
    /// Gamma's.
    pub gamma: Vec<f32>,
    /// The bias's, or beta's.
    pub shift: Vec<f32>,
}

/// How long each phase of a pass takes, first to last.
///
/// A forward pass has a phase for the convolution of each block, with what follows the convolution of the block before, and
/// one for what follows the last convolution. A backward pass has them in the opposite order.
#[derive(Debug)]
pub struct Stopwatch(Mutex<(Instant, Vec<Duration>)>);

impl Default for Stopwatch {
    fn default() -> Self {
        Self(Mutex::new((Instant::now(), Vec::new())))
    }
}

impl Stopwatch {
    /// The phases so far.
    pub fn phases(self) -> Vec<Duration> {
        let (_, phases) = self
            .0
            .into_inner()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        phases
    }

    fn phase_ends(&self) {
        let (since, phases) = &mut *lock(&self.0);
        let now = Instant::now();
        phases.push(now - *since);
        *since = now;
    }
}

impl Chain {
    /// The most values that any block has for sixteen images.
    fn longest(&self, length: impl Fn(&Block) -> usize) -> usize {
        self.blocks().iter().map(length).max().unwrap_or(0)
    }

    /// The part of a buffer that belongs to the block of images number `number`.
    fn part<'a>(&self, values: &'a [Lanes], number: usize) -> &'a [Lanes] {
        let size = values.len() / self.image_blocks();
        &values[number * size..][..size]
    }

    fn prepare(&self, parameters: &[Parameters<'_>]) -> Vec<Prepared> {
        assert_eq!(
            self.blocks().len(),
            parameters.len(),
            "parameters of every block"
        );
        let blocks = self.blocks().iter().zip(parameters);
        let prepared = blocks.map(|(block, parameters)| {
            let plans = Plans::of(&block.geometry);
            let weights = plans.forward.pack(parameters.weights);
            Prepared { plans, weights }
        });
        prepared.collect()
    }

    /// Each channel's two sums over all blocks of images, in their order.
    fn add_up(
        &self,
        block: usize,
        of_images: impl Iterator<Item = Vec<(f64, f64)>>,
    ) -> Vec<(f64, f64)> {
        let mut totals = vec![(0.0, 0.0); self.blocks()[block].geometry.out_channels];
        for of_channels in of_images {
            for (total, sums) in totals.iter_mut().zip(of_channels) {
                *total = (total.0 + sums.0, total.1 + sums.1);
            }
        }
        totals
    }
}

impl Block {
    /// What is done to each channel between the convolution and dropout, whose scale is in it: ReLU leaves it as it is.
    fn affines(&self, parameters: &Parameters<'_>, statistics: Option<&Statistics>) -> Vec<Affine> {
        let of_channel = |channel: usize| match (self.between, statistics) {
            (Between::BatchNorm { epsilon }, Some(statistics)) => Affine {
                mean: statistics.mean[channel],
                scale: parameters.gamma[channel]
                    * inverse_deviation(statistics.variance[channel], epsilon),
                shift: parameters.shift[channel],
            },
            (Between::BatchNorm { .. }, None) => unreachable!("batch normalisation has statistics"),
            (Between::Bias, _) => Affine {
                shift: parameters.shift[channel],
                ..Affine::NOTHING
            },
            (Between::Nothing, _) => Affine::NOTHING,
        };
        let kept = self.activation.dropout.scale();
        let scaled = |affine: Affine| Affine {
            scale: affine.scale * kept,
            shift: affine.shift * kept,
            ..affine
        };
        let channels = 0..self.geometry.out_channels;
        channels.map(of_channel).map(scaled).collect()
    }
}

/// A convolution's plans and packed weights.
struct Prepared {
    plans: Arc<Plans>,
    weights: Vec<f32>,
}

fn inverse_deviation(variance: f32, epsilon: f64) -> f32 {
    (1.0 / (f64::from(variance) + epsilon).sqrt()) as f32
}

/// `count` parts of the same size, which may be none.
fn parts_mut(values: &mut [Lanes], count: usize) -> impl Iterator<Item = &mut [Lanes]> {
    let size = values.len() / count;
    let mut rest = values;
    (0..count).map(move |_| {
        let (part, after) = mem::take(&mut rest).split_at_mut(size);
        rest = after;
        part
    })
}

fn empty_cells<T>(count: usize) -> Vec<OnceLock<T>> {
    (0..count).map(|_| OnceLock::new()).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
