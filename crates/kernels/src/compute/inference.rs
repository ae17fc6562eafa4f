//! Blocks without anything for a backward pass.

use super::Parameters;
use crate::block::{Block, Chain};
use crate::buffer::Buffer;
use crate::dropout::Dropped;
use crate::parallel;
use crate::passes::{Activate, Convolve, Place};
use crate::simd::{InstructionSet, Lanes};

impl Chain {
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
}
