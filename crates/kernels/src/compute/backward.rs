//! The backward pass of a training step.

use std::mem;
use std::sync::{Mutex, OnceLock};

use super::{
    BlockGradients, Gradients, Parameters, Prepared, Saved, Statistics, Stopwatch, empty_cells,
    inverse_deviation, lock, parts_mut,
};
use crate::activation::{Kept, Through};
use crate::block::{Between, Block, Chain};
use crate::buffer::Buffer;
use crate::parallel;
use crate::passes::{Activate, Convolve, Mask, Place, Spread, WeightGradient};
use crate::plans::Plans;
use crate::simd::{InstructionSet, LANES, Lanes};

impl Chain {
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
