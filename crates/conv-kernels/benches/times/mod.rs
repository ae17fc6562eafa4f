//! How long the layers of a network take, one by one: the only place that knows how that is measured.

use std::time::{Duration, Instant};

use architecture::{Convolution, Layer};
use benchmarks::roofline::Work;
use burn::tensor::{Device, Distribution, Tensor};
use conv_kernels::{BlockOptions, Dropout, ImageBlocks};
use experiment::Experiment;

/// How long a layer is measured in each round.
const ROUND: Duration = Duration::from_millis(40);

/// Seconds of a layer, for one batch.
#[derive(Clone, Copy, Debug)]
pub struct Seconds {
    /// Of its forward pass.
    pub forward: f64,
    /// Of its forward and its backward pass.
    pub with_backward: f64,
}

/// The layers of a network, ready to be measured.
pub struct LayerTimes {
    layers: Vec<Option<Alone>>,
}

impl LayerTimes {
    /// The layers of an experiment whose `work` is this.
    pub fn new(experiment: &Experiment, work: &[Work]) -> Self {
        let alone = |(position, work): (usize, &Work)| {
            let layers = &experiment.architecture.layers;
            let Layer::Convolution(convolution) = &layers[work.layer] else {
                return None;
            };
            Some(Alone::new(convolution, work, position == 0, experiment))
        };
        Self {
            layers: work.iter().enumerate().map(alone).collect(),
        }
    }

    /// Measures one round: for each layer, or none for one that is not a convolution.
    pub fn measure(&self) -> Vec<Option<Seconds>> {
        let layers = self.layers.iter();
        layers
            .map(|layer| layer.as_ref().map(Alone::measure))
            .collect()
    }
}

/// A convolution block as a network of its own.
struct Alone {
    is_first: bool,
    images: Tensor<4>,
    weights: Tensor<4>,
    /// Gamma and beta.
    norm: Option<[Tensor<1>; 2]>,
    options: BlockOptions,
}

impl Alone {
    fn new(layer: &Convolution, work: &Work, is_first: bool, experiment: &Experiment) -> Self {
        let Convolution {
            in_channels,
            out_channels,
            kernel,
            stride,
            padding,
            groups,
            batch_norm,
            relu,
        } = *layer;
        let device = Device::flex().autodiff();
        let normal = Distribution::Normal(0.0, 1.0);
        let recipe = &experiment.recipe;
        let images = [recipe.batch_size, in_channels, work.size, work.size];
        let images = Tensor::random(images, normal, &device);
        let weights = [out_channels, in_channels / groups, kernel, kernel];
        let norm = || {
            let gamma = Tensor::ones([out_channels], &device);
            let beta = Tensor::zeros([out_channels], &device);
            [gamma, beta].map(Tensor::require_grad)
        };
        Self {
            is_first,
            images: match is_first {
                true => images,
                false => images.require_grad(),
            },
            weights: Tensor::random(weights, normal, &device).require_grad(),
            norm: batch_norm.then(norm),
            options: BlockOptions {
                stride,
                padding,
                groups,
                relu,
                dropout: Dropout {
                    probability: if relu { recipe.dropout } else { 0.0 },
                    key: 1,
                },
                max_pool: work.pooled,
            },
        }
    }

    /// The means over one round.
    fn measure(&self) -> Seconds {
        // Other layers have had the caches.
        self.step();
        let (mut forward, mut with_backward, mut steps) = (0.0, 0.0, 0);
        let start = Instant::now();
        while start.elapsed() < ROUND {
            let of_step = self.step();
            forward += of_step.forward;
            with_backward += of_step.with_backward;
            steps += 1;
        }
        Seconds {
            forward: forward / f64::from(steps),
            with_backward: with_backward / f64::from(steps),
        }
    }

    /// One forward and one backward pass. There is none without the other: what a forward pass leaves for its backward
    /// pass stays in memory until that has come.
    fn step(&self) -> Seconds {
        let maps = ImageBlocks::new(self.images.clone());
        let (output, forward) = timed(|| self.output(maps));
        let (_gradients, backward) = timed(|| output.means().sum().backward());
        let mut with_backward = forward + backward;
        if !self.is_first {
            // Inside a network a gradient goes from layer to layer as it is. Here it went back to the order of the images,
            // which is not the layer's work.
            let maps = ImageBlocks::new(self.images.clone().detach());
            let (_images, conversion) = timed(|| maps.into_images());
            with_backward -= conversion;
        }
        Seconds {
            forward,
            with_backward,
        }
    }

    fn output(&self, maps: ImageBlocks) -> ImageBlocks {
        let weights = self.weights.clone();
        match self.norm.clone() {
            Some([gamma, beta]) => {
                maps.normalised_block(weights, gamma, beta, 1e-5, self.options)
                    .output
            }
            None => maps.block(weights, None, self.options),
        }
    }
}

/// What `work` returns, so that freeing it does not count, and the seconds that it took.
fn timed<Output>(work: impl FnOnce() -> Output) -> (Output, f64) {
    let start = Instant::now();
    let output = work();
    (output, start.elapsed().as_secs_f64())
}
