//! Training with Burn, by the kernels of this crate or by Burn's own operators.

use std::time::Instant;

use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor};

use super::Train;
use super::network::{CLASSES, Network};
use crate::common::Result;

const LEARNING_RATE: f64 = 0.01;

/// How a network computes its logits.
type Forward = fn(&Network, Tensor<4>) -> Tensor<2>;

/// A network, its optimizer, and one batch of random images.
pub struct Training {
    network: Network,
    forward: Forward,
    /// Whether steps run on a thread of rayon's pool, as this workspace's trainings do, or on one that is not, as with
    /// Burn's `Learner` alone.
    in_pool: bool,
    loss: CrossEntropyLoss,
    optimizer: ModuleOptimizer,
    images: Tensor<4>,
    labels: Tensor<1, Int>,
}

impl Training {
    /// By the kernels of this crate, with `width` times the reference network's channels.
    pub fn with_kernels(width: usize, batch: usize) -> Self {
        let forward = Network::forward_with_kernels;
        Self::new(width, batch, Device::flex(), forward, true)
    }

    /// The reference network by Burn's own modules, on `device`.
    pub fn with_modules(batch: usize, device: Device) -> Self {
        Self::new(1, batch, device, Network::forward_with_modules, false)
    }

    fn new(width: usize, batch: usize, device: Device, forward: Forward, in_pool: bool) -> Self {
        let device = device.autodiff();
        device.seed(0);
        let normal = Distribution::Normal(0.0, 1.0);
        let momentum = MomentumConfig {
            momentum: 0.9,
            dampening: 0.0,
            nesterov: false,
        };
        Self {
            network: Network::new(width, &device),
            forward,
            in_pool,
            loss: CrossEntropyLossConfig::new().init(&device),
            optimizer: SgdConfig::new().with_momentum(Some(momentum)).init(),
            images: Tensor::random([batch, 1, 28, 28], normal, &device),
            labels: Tensor::arange(0..batch as i64, &device).remainder_scalar(CLASSES as i64),
        }
    }

    fn step(&mut self) {
        let logits = (self.forward)(&self.network, self.images.clone());
        let loss = self.loss.forward(logits, self.labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &self.network);
        // Burn's `Learner` gives its optimizer a copy too.
        let network = self.network.clone();
        self.network = self.optimizer.step(LEARNING_RATE, network, gradients);
    }
}

impl Training {
    fn seconds(&mut self, steps: usize) -> f64 {
        self.step();
        let start = Instant::now();
        for _ in 0..steps {
            self.step();
        }
        start.elapsed().as_secs_f64()
    }
}

impl Train for Training {
    fn milliseconds_per_step(&mut self, steps: usize) -> Result<f64> {
        let seconds = if self.in_pool {
            rayon::scope(|_| self.seconds(steps))
        } else {
            self.seconds(steps)
        };
        Ok(seconds * 1e3 / steps as f64)
    }
}
