//! A chain's computation on plain memory: threads, and the order of the passes.
//!
//! Each block of sixteen images goes through a phase on one thread, and what is summed over images is summed block by block
//! in their order: results do not depend on the number of threads.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};

use crate::activation::{Affine, Kept, Through};
use crate::block::{Between, Block, Chain};
use crate::buffer::Buffer;
use crate::dropout::Dropped;
use crate::parallel;
use crate::passes::{Activate, Convolve, Mask, Place, Spread, WeightGradient};
use crate::plans::Plans;
use crate::simd::{InstructionSet, LANES, Lanes};

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
    /// The forward pass of a training step: the output, and what its backward pass needs.
    ///
    /// # Panics
    ///
    /// If `input` or `parameters` do not fit.
    pub fn forward(
        &self,
        input: &[Lanes],
        parameters: &[Parameters<'_>],
        stopwatch: Option<&Stopwatch>,
    ) -> (Buffer, Saved) {
        let count = self.blocks().len();
        let set = InstructionSet::current();
        let prepared = self.prepare(parameters);
        let mut output = Buffer::any(self.image_blocks() * self.last().output_length());
        let mut saved: Vec<SavedMaps> = self.saved_maps();
        let of_images = self.split(input, &mut saved, &mut output);
        let statistics: Vec<OnceLock<Option<Statistics>>> = empty_cells(count);
        let affines: Vec<OnceLock<Vec<Affine>>> = empty_cells(count);
        let begin = || Buffer::any(self.longest(Block::output_length));
        let work = |activated: &mut Buffer, phase: usize, number: usize| {
            let images = &mut *lock(&of_images[number]);
            let mut source = images.input;
            if let Some(at) = phase.checked_sub(1) {
                let block = &self.blocks()[at];
                let maps = &mut images.maps[at];
                let to = match images.output.as_deref_mut().filter(|_| phase == count) {
                    Some(output) => output,
                    None => &mut activated[..block.output_length()],
                };
                maps.dropped = block.draw(number);
                set.run(Activate {
                    place: Place {
                        block,
                        affines: affines[at].get().map_or(&[], Vec::as_slice),
                        dropped: &maps.dropped,
                    },
                    convolved: maps.convolved,
                    output: to,
                    places: maps.places,
                });
                source = to;
            }
            let Some(block) = self.blocks().get(phase) else {
                return;
            };
            let normalised = block.between.is_batch_norm();
            images.moments = set.run(Convolve {
                plan: &prepared[phase].plans.forward,
                weights: &prepared[phase].weights,
                input: source,
                map: images.maps[phase].convolved,
                moments_of: normalised.then(|| (block.convolved_plane(), self.images_in(number))),
            });
        };
        let finish = |phase: usize| {
            if let Some(block) = self.blocks().get(phase) {
                let of_batch = block.between.is_batch_norm().then(|| {
                    let images = of_images.iter();
                    self.statistics(
                        phase,
                        images.map(|images| mem::take(&mut lock(images).moments)),
                    )
                });
                let of_channels = block.affines(&parameters[phase], of_batch.as_ref());
                // Each is set once, in its phase.
                let _ = affines[phase].set(of_channels);
                let _ = statistics[phase].set(of_batch);
            }
            if let Some(stopwatch) = stopwatch {
                stopwatch.phase_ends();
            }
        };
        parallel::phases(count + 1, self.image_blocks(), begin, work, finish);
        let mut dropped: Vec<Vec<Dropped>> = (0..count).map(|_| Vec::new()).collect();
        for images in of_images {
            let images = images
                .into_inner()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            for (dropped, maps) in dropped.iter_mut().zip(images.maps) {
                dropped.push(maps.dropped);
            }
        }
        let of_blocks = affines.into_iter().zip(statistics).zip(dropped);
        for (maps, ((affines, statistics), dropped)) in saved.iter_mut().zip(of_blocks) {
            maps.affines = affines.into_inner().unwrap_or_default();
            maps.statistics = statistics.into_inner().flatten();
            maps.dropped = dropped;
        }
        (output, Saved { maps: saved })
    }

    /// The output, without anything for a backward pass: every sixteen images go through all blocks at once.
    ///
    /// # Panics
    ///
    /// If there is batch normalisation, which needs the statistics of all images, or if `input` or `parameters` do not fit.
    pub fn infer(&self, input: &[Lanes], parameters: &[Parameters<'_>]) -> Buffer {
        let set = InstructionSet::current();
        let prepared = self.prepare(parameters);
        let affines = self.blocks().iter().zip(parameters);
        let affines: Vec<_> = affines
            .map(|(block, parameters)| block.affines(parameters, None))
            .collect();
        let length = self.last().output_length();
        let mut output = Buffer::any(self.image_blocks() * length);
        let inputs = input.chunks_exact(self.blocks()[0].input_length());
        let items = inputs.zip(output.chunks_exact_mut(length)).collect();
        let nothing = Dropped::default();
        parallel::for_each(items, |_, (input, output): (&[Lanes], &mut [Lanes])| {
            let mut convolved = Buffer::any(self.longest(Block::convolved_length));
            let mut activated = Buffer::any(self.longest(Block::output_length));
            let mut source = input;
            for (at, block) in self.blocks().iter().enumerate() {
                let convolved = &mut convolved[..block.convolved_length()];
                set.run(Convolve {
                    plan: &prepared[at].plans.forward,
                    weights: &prepared[at].weights,
                    input: source,
                    map: convolved,
                    moments_of: None,
                });
                let is_last = at + 1 == self.blocks().len();
                let to = match is_last {
                    true => &mut *output,
                    false => &mut activated[..block.output_length()],
                };
                set.run(Activate {
                    place: Place {
                        block,
                        affines: &affines[at],
                        dropped: &nothing,
                    },
                    convolved,
                    output: to,
                    places: &mut [],
                });
                source = to;
            }
        });
        output
    }

    /// The backward pass of a training step, from what its forward pass had and yielded, and the gradient of its output.
    ///
    /// # Panics
    ///
    /// If anything does not fit.
    pub fn backward(
        &self,
        input: &[Lanes],
        parameters: &[Parameters<'_>],
        (output, saved): (&[Lanes], &Saved),
        gradient: &[Lanes],
        wants_input: bool,
        stopwatch: Option<&Stopwatch>,
    ) -> Gradients {
        let count = self.blocks().len();
        let set = InstructionSet::current();
        let blocks = self.blocks().iter().zip(parameters).enumerate();
        let prepared: Vec<Prepared> = blocks
            .map(|(at, (block, parameters))| {
                let plans = Plans::of(&block.geometry);
                let weights = if at > 0 || wants_input {
                    plans.backward.pack(parameters.weights)
                } else {
                    Vec::new()
                };
                Prepared { plans, weights }
            })
            .collect();
        let mut input_gradient =
            wants_input.then(|| Buffer::any(self.image_blocks() * self.blocks()[0].input_length()));
        let of_images = self.backward_images(input_gradient.as_deref_mut());
        let through: Vec<OnceLock<Option<Vec<Through>>>> = empty_cells(count);
        let gradients = Mutex::new(vec![BlockGradients::default(); count]);
        let place = |at: usize, number: usize| Place {
            block: &self.blocks()[at],
            affines: &saved.maps[at].affines,
            dropped: &saved.maps[at].dropped[number],
        };
        let kept = |at: usize, number: usize| Kept {
            convolved: self.part(&saved.maps[at].convolved, number),
            output: &[],
            places: self.part(&saved.maps[at].places, number),
        };
        let begin = || Tools {
            activated: Buffer::any(self.longest(Block::output_length)),
            spread: Buffer::any(self.longest(Block::convolved_length)),
        };
        let work = |tools: &mut Tools, phase: usize, number: usize| {
            let images = &mut *lock(&of_images[number]);
            let count_in_block = self.images_in(number);
            let mask = |at: usize, output: &[Lanes], gradient: &mut [Lanes]| {
                set.run(Mask {
                    place: place(at, number),
                    kept: Kept {
                        output,
                        ..kept(at, number)
                    },
                    gradient,
                    images: count_in_block,
                })
            };
            if phase == 0 {
                let mut copy = Buffer::any(self.last().output_length());
                copy.copy_from_slice(self.part(gradient, number));
                images.sums = mask(count - 1, self.part(output, number), &mut copy);
                images.gradient = Some(copy);
                return;
            }
            let at = count - phase;
            let block = &self.blocks()[at];
            let mut masked = images.gradient.take().expect("the phase before left it");
            let through = through[at].get().and_then(Option::as_deref);
            let gradient = if block.activation.max_pool || through.is_some() {
                let to = &mut tools.spread[..block.convolved_length()];
                set.run(Spread {
                    place: place(at, number),
                    through,
                    kept: kept(at, number),
                    gradient: &masked,
                    to,
                });
                to
            } else {
                &mut *masked
            };
            if count_in_block < LANES {
                // Where there is no image there is no gradient, or it would count in that of the weights.
                for lanes in gradient.iter_mut() {
                    lanes.0[count_in_block..].fill(0.0);
                }
            }
            let source = match at.checked_sub(1) {
                None => self.part(input, number),
                Some(before) => {
                    let block = &self.blocks()[before];
                    let to = &mut tools.activated[..block.output_length()];
                    set.run(Activate {
                        place: place(before, number),
                        convolved: kept(before, number).convolved,
                        output: to,
                        places: &mut [],
                    });
                    to
                }
            };
            let Prepared { plans, weights } = &prepared[at];
            images.weights.clear();
            images.weights.resize(parameters[at].weights.len(), 0.0);
            set.run(WeightGradient {
                plan: &plans.weights,
                groups: block.geometry.groups,
                input: source,
                gradient,
                weights: &mut images.weights,
            });
            let back = |map: &mut [Lanes]| {
                set.run(Convolve {
                    plan: &plans.backward,
                    weights,
                    input: gradient,
                    map,
                    moments_of: None,
                });
            };
            if let Some(before) = at.checked_sub(1) {
                let mut of_input = Buffer::any(block.input_length());
                back(&mut of_input);
                images.sums = mask(before, source, &mut of_input);
                images.gradient = Some(of_input);
            } else if let Some(map) = images.input_gradient.as_deref_mut() {
                back(map);
            }
        };
        let finish = |phase: usize| {
            let gradients = &mut *lock(&gradients);
            if let Some(block) = (count - 1).checked_sub(phase) {
                let sums = of_images
                    .iter()
                    .map(|images| mem::take(&mut lock(images).sums));
                let sums = self.add_up(block, sums);
                let statistics = saved.maps[block].statistics.as_ref();
                let back = self.through(block, &parameters[block], statistics, &sums);
                gradients[block].shift = sums.iter().map(|sums| sums.0 as f32).collect();
                let _ = through[block].set(back.map(|(through, gamma)| {
                    gradients[block].gamma = gamma;
                    through
                }));
            }
            if phase > 0 {
                let block = count - phase;
                let totals = &mut gradients[block].weights;
                totals.resize(parameters[block].weights.len(), 0.0);
                for images in &of_images {
                    for (total, value) in totals.iter_mut().zip(&lock(images).weights) {
                        *total += value;
                    }
                }
            }
            if let Some(stopwatch) = stopwatch {
                stopwatch.phase_ends();
            }
        };
        parallel::phases(count + 1, self.image_blocks(), begin, work, finish);
        drop(of_images);
        Gradients {
            input: input_gradient,
            blocks: gradients
                .into_inner()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        }
    }

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

    fn saved_maps(&self) -> Vec<SavedMaps> {
        let maps = self.blocks().iter().map(|block| {
            let buffer = |length| Buffer::any(self.image_blocks() * length);
            SavedMaps {
                convolved: buffer(block.convolved_length()),
                places: buffer(match block.activation.max_pool {
                    true => block.output_length(),
                    false => 0,
                }),
                dropped: Vec::new(),
                affines: Vec::new(),
                statistics: None,
            }
        });
        maps.collect()
    }

    /// What belongs to each block of images.
    fn split<'a>(
        &self,
        input: &'a [Lanes],
        saved: &'a mut [SavedMaps],
        output: &'a mut [Lanes],
    ) -> Vec<Mutex<ForwardImages<'a>>> {
        let count = self.image_blocks();
        assert_eq!(
            input.len(),
            count * self.blocks()[0].input_length(),
            "the input of the chain's images"
        );
        let outputs = parts_mut(output, count).enumerate();
        let images = outputs.map(|(number, output)| ForwardImages {
            input: self.part(input, number),
            maps: Vec::new(),
            output: Some(output),
            moments: Vec::new(),
        });
        let mut images: Vec<_> = images.collect();
        for maps in saved {
            let places = parts_mut(&mut maps.places, count);
            let parts = parts_mut(&mut maps.convolved, count).zip(places);
            for (images, (convolved, places)) in images.iter_mut().zip(parts) {
                images.maps.push(ForwardMaps {
                    convolved,
                    places,
                    dropped: Dropped::default(),
                });
            }
        }
        images.into_iter().map(Mutex::new).collect()
    }

    fn backward_images<'a>(
        &self,
        input_gradient: Option<&'a mut [Lanes]>,
    ) -> Vec<Mutex<BackwardImages<'a>>> {
        let mut of_input = input_gradient.map(|values| parts_mut(values, self.image_blocks()));
        let images = (0..self.image_blocks()).map(|_| {
            Mutex::new(BackwardImages {
                gradient: None,
                input_gradient: of_input.as_mut().and_then(Iterator::next),
                sums: Vec::new(),
                weights: Vec::new(),
            })
        });
        images.collect()
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

    fn statistics(
        &self,
        block: usize,
        moments: impl Iterator<Item = Vec<(f64, f64)>>,
    ) -> Statistics {
        let values = self.values(block);
        let of_channel = |(sum, square): (f64, f64)| {
            let mean = sum / values;
            let variance = square / values - mean * mean;
            // Rounding may take a variance of nothing below zero; NaN stays NaN.
            let variance = if variance < 0.0 { 0.0 } else { variance };
            (mean as f32, variance as f32)
        };
        let (mean, variance) = self
            .add_up(block, moments)
            .into_iter()
            .map(of_channel)
            .unzip();
        Statistics { mean, variance }
    }

    /// What takes the gradient through batch normalisation, channel by channel, and gamma's gradient, from each channel's
    /// sums of the gradient and of its product with the centred value.
    fn through(
        &self,
        block: usize,
        parameters: &Parameters<'_>,
        statistics: Option<&Statistics>,
        sums: &[(f64, f64)],
    ) -> Option<(Vec<Through>, Vec<f32>)> {
        let Between::BatchNorm { epsilon } = self.blocks()[block].between else {
            return None;
        };
        let values = self.values(block);
        let channels = sums.iter().zip(parameters.gamma).zip(&statistics?.variance);
        let of_channel =
            |((&(gradient, product), gamma), &variance): ((&(f64, f64), &f32), &f32)| {
                let inverse = inverse_deviation(variance, epsilon);
                let slope = product * f64::from(inverse) * f64::from(inverse) / values;
                let through = Through {
                    scale: gamma * inverse,
                    mean: (gradient / values) as f32,
                    slope: slope as f32,
                };
                (through, (product * f64::from(inverse)) as f32)
            };
        Some(channels.map(of_channel).unzip())
    }
}

impl Block {
    /// What is dropped in the block of images number `number`.
    fn draw(&self, number: usize) -> Dropped {
        let channels = self.geometry.out_channels;
        Dropped::draw(
            self.activation.dropout,
            number,
            channels,
            self.convolved_plane(),
        )
    }

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

/// What a forward pass has of one block of images.
struct ForwardImages<'a> {
    input: &'a [Lanes],
    /// Of each block of the chain.
    maps: Vec<ForwardMaps<'a>>,
    output: Option<&'a mut [Lanes]>,
    /// The present phase's.
    moments: Vec<(f64, f64)>,
}

struct ForwardMaps<'a> {
    convolved: &'a mut [Lanes],
    places: &'a mut [Lanes],
    dropped: Dropped,
}

/// What a thread keeps through a backward pass, so that it stays in its cache.
struct Tools {
    /// The present block's input.
    activated: Buffer,
    /// The gradient of the present block's convolution.
    spread: Buffer,
}

/// What a backward pass has of one block of images.
struct BackwardImages<'a> {
    /// That of the output of the present block of the chain, masked.
    gradient: Option<Buffer>,
    input_gradient: Option<&'a mut [Lanes]>,
    /// The present phase's.
    sums: Vec<(f64, f64)>,
    /// The present phase's share of the weights' gradient.
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
