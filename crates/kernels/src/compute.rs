//! A convolution block's computation, forward and backward, on plain memory: threads, and the order of the passes.
//!
//! Images are computed in blocks of sixteen, each on one thread, and what is summed over images is summed block by
//! block in their order: results do not depend on the number of threads.

use crate::activation::Affine;
use crate::block::Block;
use crate::buffer::Buffer;
use crate::convolution::{PackedWeights, Plan};
use crate::parallel;
use crate::passes::{Activate, Backward, BackwardPlans, Convolve, Reduce};
use crate::simd::{InstructionSet, Lanes};
use crate::sinks::Through;
use crate::weight_gradient::WeightPlan;

/// Batch normalisation's parameters, one value a channel.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    pub gamma: &'a [f32],
    pub beta: &'a [f32],
    pub epsilon: f64,
}

/// What is between the convolution and ReLU.
#[derive(Clone, Copy, Debug)]
pub enum Between<'a> {
    /// A bias for each channel is added.
    Bias(&'a [f32]),
    /// Batch normalisation, by the batch's own statistics.
    BatchNorm(BatchNorm<'a>),
}

impl<'a> Between<'a> {
    pub fn batch_norm(gamma: &'a [f32], beta: &'a [f32], epsilon: f64) -> Self {
        Self::BatchNorm(BatchNorm {
            gamma,
            beta,
            epsilon,
        })
    }
}

/// Each channel's mean and variance (that of the batch itself, not an estimate for what it is drawn from).
#[derive(Clone, Debug)]
pub struct Statistics {
    pub mean: Vec<f32>,
    pub variance: Vec<f32>,
}

/// What a training step's forward pass yields.
pub struct Forward {
    pub output: Buffer,
    /// The convolution's output, which the backward pass needs.
    pub convolved: Buffer,
    pub statistics: Option<Statistics>,
}

/// The gradients of a block's input and parameters.
pub struct Gradients {
    pub input: Option<Buffer>,
    pub weights: Vec<f32>,
    pub between: BetweenGradients,
}

/// The gradients of what [`Between`] has.
pub enum BetweenGradients {
    /// That of the bias, if wanted.
    Bias(Option<Vec<f32>>),
    BatchNorm {
        gamma: Vec<f32>,
        beta: Vec<f32>,
    },
}

/// Which gradients a backward pass computes beside the weights'; batch normalisation's are always needed.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub input: bool,
    pub bias: bool,
}

impl Block {
    /// The forward pass of a training step.
    pub fn forward(&self, input: &[Lanes], weights: &[f32], between: Between<'_>) -> Forward {
        let mut convolved = Buffer::any(self.blocks() * self.convolved_length());
        let mut output = Buffer::any(self.blocks() * self.output_length());
        let plan = Plan::forward(&self.geometry);
        let packed = PackedWeights::forward(&self.geometry, weights);
        let normalised = matches!(between, Between::BatchNorm(_));
        let inputs = input.chunks_exact(self.input_length());
        let maps = convolved.chunks_exact_mut(self.convolved_length());
        let set = InstructionSet::current();
        let moments = parallel::map(inputs.zip(maps).collect(), |block, (input, map)| {
            set.run(Convolve {
                plan: &plan,
                weights: &packed,
                input,
                map,
                planes: normalised.then_some((self.convolved_plane(), self.images_in(block))),
            })
        });
        let statistics = normalised.then(|| self.statistics(&moments));
        let affines = self.affines(between, statistics.as_ref());
        let maps = convolved.chunks_exact(self.convolved_length());
        let outputs = output.chunks_exact_mut(self.output_length());
        parallel::map(
            maps.zip(outputs).collect(),
            |number, (convolved, output)| {
                set.run(Activate {
                    block: self,
                    number,
                    affines: &affines,
                    convolved,
                    output,
                });
            },
        );
        Forward {
            output,
            convolved,
            statistics,
        }
    }

    /// The forward pass of inference: the convolution, a `bias` for each channel, and what follows.
    pub fn infer(&self, input: &[Lanes], weights: &[f32], bias: &[f32]) -> Buffer {
        let mut output = Buffer::any(self.blocks() * self.output_length());
        let plan = Plan::forward(&self.geometry);
        let packed = PackedWeights::forward(&self.geometry, weights);
        let affines = self.affines(Between::Bias(bias), None);
        let set = InstructionSet::current();
        let inputs = input.chunks_exact(self.input_length());
        let outputs = output.chunks_exact_mut(self.output_length());
        parallel::map(inputs.zip(outputs).collect(), |number, (input, output)| {
            let mut convolved = Buffer::any(self.convolved_length());
            set.run(Convolve {
                plan: &plan,
                weights: &packed,
                input,
                map: &mut convolved,
                planes: None,
            });
            set.run(Activate {
                block: self,
                number,
                affines: &affines,
                convolved: &convolved,
                output,
            });
        });
        output
    }

    /// The backward pass of a training step, from what its forward pass had and yielded.
    pub fn backward(
        &self,
        input: &[Lanes],
        weights: &[f32],
        between: Between<'_>,
        forward: (&[Lanes], Option<&Statistics>),
        gradient: &[Lanes],
        wanted: Wanted,
    ) -> Gradients {
        let (convolved, statistics) = forward;
        let set = InstructionSet::current();
        let affines = self.affines(between, statistics);
        let maps = convolved.chunks_exact(self.convolved_length());
        let gradients = gradient.chunks_exact(self.output_length());
        let sums = || {
            let items = maps.clone().zip(gradients.clone()).collect();
            let of_blocks = parallel::map(items, |number, (convolved, gradient)| {
                set.run(Reduce {
                    block: self,
                    number,
                    affines: &affines,
                    convolved,
                    gradient,
                })
            });
            self.add_up(&of_blocks)
        };
        let (through, between) = match (between, statistics) {
            (Between::BatchNorm(norm), Some(statistics)) => {
                let (through, gradients) = self.through(norm, statistics, &sums());
                (Some(through), gradients)
            }
            _ => {
                let bias = |(gradient, _): &(f64, f64)| *gradient as f32;
                let bias = wanted.bias.then(|| sums().iter().map(bias).collect());
                (None, BetweenGradients::Bias(bias))
            }
        };
        let plans = BackwardPlans {
            weights: WeightPlan::new(&self.geometry),
            input: wanted.input.then(|| {
                let packed = PackedWeights::backward(&self.geometry, weights);
                (Plan::backward(&self.geometry), packed)
            }),
        };
        let mut input_gradients = wanted
            .input
            .then(|| Buffer::any(self.blocks() * self.input_length()));
        let mut input_gradient = input_gradients
            .iter_mut()
            .flat_map(|gradients| gradients.chunks_exact_mut(self.input_length()));
        let inputs = input.chunks_exact(self.input_length());
        let items = inputs.zip(maps).zip(gradients);
        let items = items.map(|((input, convolved), gradient)| {
            (input, convolved, gradient, input_gradient.next())
        });
        let partial = parallel::map(
            items.collect(),
            |number, (input, convolved, gradient, input_gradient)| {
                set.run(Backward {
                    block: self,
                    number,
                    affines: &affines,
                    through: through.as_deref(),
                    plans: &plans,
                    input,
                    convolved,
                    gradient,
                    input_gradient,
                })
            },
        );
        let mut sums = vec![0.0; weights.len()];
        for partial in &partial {
            for (sum, value) in sums.iter_mut().zip(partial) {
                *sum += value;
            }
        }
        Gradients {
            input: input_gradients,
            weights: sums,
            between,
        }
    }

    /// Each channel's two sums over all blocks, in their order.
    fn add_up(&self, of_blocks: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
        let mut totals = vec![(0.0, 0.0); self.geometry.out_channels];
        for of_channels in of_blocks {
            for (total, sums) in totals.iter_mut().zip(of_channels) {
                *total = (total.0 + sums.0, total.1 + sums.1);
            }
        }
        totals
    }

    fn statistics(&self, moments: &[Vec<(f64, f64)>]) -> Statistics {
        let of_channel = |(sum, square): (f64, f64)| {
            let mean = sum / self.values();
            let variance = square / self.values() - mean * mean;
            // Rounding may take a variance of nothing below zero; NaN stays NaN.
            let variance = if variance < 0.0 { 0.0 } else { variance };
            (mean as f32, variance as f32)
        };
        let (mean, variance) = self.add_up(moments).into_iter().map(of_channel).unzip();
        Statistics { mean, variance }
    }

    /// What is done to each channel between the convolution and ReLU.
    fn affines(&self, between: Between<'_>, statistics: Option<&Statistics>) -> Vec<Affine> {
        let of_channel = |channel: usize| match (between, statistics) {
            (Between::BatchNorm(norm), Some(statistics)) => Affine {
                mean: statistics.mean[channel],
                scale: norm.gamma[channel] * norm.inverse_deviation(statistics.variance[channel]),
                shift: norm.beta[channel],
            },
            (Between::BatchNorm(_), None) => unreachable!("batch normalisation has statistics"),
            (Between::Bias(bias), _) => Affine {
                mean: 0.0,
                scale: 1.0,
                shift: bias[channel],
            },
        };
        (0..self.geometry.out_channels).map(of_channel).collect()
    }

    /// What takes the gradient through batch normalisation, channel by channel, and the gradients of gamma and beta,
    /// from each channel's sums of the gradient and of its product with the centred value.
    fn through(
        &self,
        norm: BatchNorm<'_>,
        statistics: &Statistics,
        sums: &[(f64, f64)],
    ) -> (Vec<Through>, BetweenGradients) {
        let mut through = Vec::new();
        let (mut gamma, mut beta) = (Vec::new(), Vec::new());
        for (channel, &(gradient, product)) in sums.iter().enumerate() {
            let inverse = norm.inverse_deviation(statistics.variance[channel]);
            gamma.push((product * f64::from(inverse)) as f32);
            beta.push(gradient as f32);
            let slope = product * f64::from(inverse) * f64::from(inverse) / self.values();
            through.push(Through {
                scale: norm.gamma[channel] * inverse,
                mean: (gradient / self.values()) as f32,
                slope: slope as f32,
            });
        }
        (through, BetweenGradients::BatchNorm { gamma, beta })
    }
}

impl BatchNorm<'_> {
    fn inverse_deviation(&self, variance: f32) -> f32 {
        (1.0 / (f64::from(variance) + self.epsilon).sqrt()) as f32
    }
}
