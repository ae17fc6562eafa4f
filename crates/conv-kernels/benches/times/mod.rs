//! How long the layers of a network take, one by one: the only place that knows how that is measured.

use std::time::{Duration, Instant};

use architecture::{Convolution, Layer};
use benchmarks::roofline::Work;
use conv_kernels::Dropout;
use experiment::{DropoutAfter, Experiment};
use kernels::{Activation, Between, Block, Buffer, Chain, Geometry, Parameters, Stopwatch, layout};

/// How long a network is measured in each round.
const ROUND: Duration = Duration::from_millis(200);

/// Seconds of a layer, for one batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seconds {
    /// Of its forward pass.
    pub forward: f64,
    /// Of its forward and its backward pass.
    pub with_backward: f64,
}

/// The convolutions of a network as a training step computes them: as one chain, so that each finds in the caches what the
/// one before left there. What follows a convolution is computed, and counted, with the next.
pub struct LayerTimes {
    chain: Chain,
    /// Of each layer that `work` has: which block of the chain it is.
    blocks: Vec<Option<usize>>,
    /// Of each block.
    parameters: Vec<OwnParameters>,
    input: Buffer,
    gradient: Buffer,
}

/// The parameters of a block.
struct OwnParameters {
    weights: Vec<f32>,
    gamma: Vec<f32>,
    shift: Vec<f32>,
}

impl LayerTimes {
    /// The layers of an experiment whose `work` is this.
    pub fn new(experiment: &Experiment, work: &[Work]) -> Self {
        let mut random = Random(1);
        let mut chained = Vec::new();
        let mut blocks = Vec::new();
        for work in work {
            let layer = &experiment.architecture.layers[work.layer];
            blocks.push(match layer {
                Layer::Convolution(layer) => {
                    chained.push(block(layer, work));
                    Some(chained.len() - 1)
                }
                _ => None,
            });
        }
        let dropped = match experiment.recipe.dropout_after {
            DropoutAfter::EveryRelu => chained.len(),
            DropoutAfter::LastRelu => 1,
        };
        let with_relu = chained.iter_mut().rev().filter(|it| it.activation.relu);
        for block in with_relu.take(dropped) {
            block.activation.dropout = Dropout {
                probability: experiment.recipe.dropout,
                key: 1,
            };
        }
        let images = experiment.recipe.batch_size;
        let parameters = chained
            .iter()
            .map(|block| OwnParameters::new(block, &mut random));
        let parameters = parameters.collect();
        let chain = Chain::new(chained, images);
        let first = chain.blocks()[0].geometry;
        let last = chain.last();
        let inputs = images * first.in_channels * first.height * first.width;
        let outputs = images * last.geometry.out_channels * last.out_height() * last.out_width();
        Self {
            input: layout::into_blocks(&random.values(inputs), images),
            gradient: layout::into_blocks(&random.values(outputs), images),
            chain,
            blocks,
            parameters,
        }
    }

    /// Measures one round: for each layer, or none for one that is not a convolution.
    pub fn measure(&self) -> Vec<Option<Seconds>> {
        // Other networks have had the caches.
        self.step();
        let mut sums = vec![Seconds::default(); self.parameters.len()];
        let mut steps = 0;
        let start = Instant::now();
        while start.elapsed() < ROUND {
            for (sum, seconds) in sums.iter_mut().zip(self.step()) {
                sum.forward += seconds.forward;
                sum.with_backward += seconds.with_backward;
            }
            steps += 1;
        }
        let mean = |block: &usize| Seconds {
            forward: sums[*block].forward / f64::from(steps),
            with_backward: sums[*block].with_backward / f64::from(steps),
        };
        self.blocks
            .iter()
            .map(|block| block.as_ref().map(mean))
            .collect()
    }

    /// The seconds of each block in one step.
    fn step(&self) -> Vec<Seconds> {
        let parameters: Vec<_> = self.parameters.iter().map(OwnParameters::borrow).collect();
        let forward = Stopwatch::default();
        let (output, saved) = self.chain.forward(&self.input, &parameters, Some(&forward));
        let backward = {
            let backward = Stopwatch::default();
            let of = (&*output, &saved);
            self.chain.backward(
                &self.input,
                &parameters,
                of,
                &self.gradient,
                false,
                Some(&backward),
            );
            backward.phases()
        };
        let last = self.parameters.len() - 1;
        let mut seconds = vec![Seconds::default(); last + 1];
        for (phase, time) in forward.phases().into_iter().enumerate() {
            let of_block = &mut seconds[phase.min(last)];
            of_block.forward += time.as_secs_f64();
            of_block.with_backward += time.as_secs_f64();
        }
        for (phase, time) in backward.into_iter().rev().enumerate() {
            seconds[phase.min(last)].with_backward += time.as_secs_f64();
        }
        seconds
    }
}

fn block(layer: &Convolution, work: &Work) -> Block {
    Block {
        geometry: Geometry {
            in_channels: layer.in_channels,
            out_channels: layer.out_channels,
            groups: layer.groups,
            kernel: layer.kernel.height,
            stride: layer.stride.height,
            padding: layer.padding.height,
            height: work.size,
            width: work.size,
        },
        between: match layer.batch_norm {
            true => Between::BatchNorm { epsilon: 1e-5 },
            false => Between::Nothing,
        },
        activation: Activation {
            relu: layer.relu,
            dropout: Dropout::NONE,
            max_pool: work.pooled,
        },
    }
}

impl OwnParameters {
    fn new(block: &Block, random: &mut Random) -> Self {
        let geometry = block.geometry;
        let inputs = geometry.in_channels / geometry.groups * geometry.kernel * geometry.kernel;
        let normalised = match block.between {
            Between::BatchNorm { .. } => geometry.out_channels,
            Between::Bias | Between::Nothing => 0,
        };
        Self {
            weights: random.values(geometry.out_channels * inputs),
            gamma: vec![1.0; normalised],
            shift: vec![0.0; normalised],
        }
    }

    fn borrow(&self) -> Parameters<'_> {
        Parameters {
            weights: &self.weights,
            gamma: &self.gamma,
            shift: &self.shift,
        }
    }
}

/// Numbers without a pattern; which ones does not matter.
struct Random(u32);

impl Random {
    /// Between −1 and 1.
    fn values(&mut self, count: usize) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }
}
