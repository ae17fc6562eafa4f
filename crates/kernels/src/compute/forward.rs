//! The forward pass of a training step.

use std::mem;
use std::sync::{Mutex, OnceLock};

use super::{Parameters, Saved, SavedMaps, Statistics, Stopwatch, empty_cells, lock, parts_mut};
use crate::activation::Affine;
use crate::block::{Block, Chain};
use crate::buffer::Buffer;
use crate::dropout::Dropped;
use crate::parallel;
use crate::passes::{Activate, Convolve, Place};
use crate::simd::{InstructionSet, Lanes};

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
