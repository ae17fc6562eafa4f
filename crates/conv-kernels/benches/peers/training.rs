//! Training with Burn: as this workspace does it, with the kernels, or by Burn's own operators.

use std::time::Instant;

use anyhow::{Result, ensure};
use batches::Batch;
use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Distribution, Tensor};
use burn::train::TrainStep;
use conv_kernels::in_awake_pool;
use experiment::Experiment;
use mnist::CLASSES;
use training::{Classifier, optimizer};

use super::Train;
use super::modules::Modules;

/// A network that takes training steps on one batch of random images.
pub struct Training<Trained> {
    trained: Trained,
    experiment: Experiment,
    optimizer: ModuleOptimizer,
    batch: Batch,
}

/// A module with the gradients of its loss.
pub trait Gradients: Module {
    /// Whether it is trained in an awake pool, as this workspace's networks are.
    const IN_POOL: bool;

    /// The gradients on a batch.
    fn gradients(&self, batch: Batch, experiment: &Experiment) -> GradientsParams;
}

impl Training<Classifier> {
    /// What a run of the experiment trains.
    ///
    /// # Errors
    ///
    /// The network cannot be built.
    pub fn of_workspace(experiment: &Experiment) -> Result<Self> {
        let device = Device::flex().autodiff();
        let recipe = &experiment.recipe;
        let network = training::network(&experiment.architecture, recipe, &device)?;
        let classifier = Classifier {
            network,
            label_smoothing: recipe.label_smoothing,
            teacher: None,
            statistics: None,
        };
        Ok(Self::new(classifier, experiment, &device))
    }
}

impl Training<Modules> {
    /// The same network by Burn's own modules, on `device`.
    ///
    /// # Errors
    ///
    /// It is another one.
    pub fn with_modules(experiment: &Experiment, device: Device) -> Result<Self> {
        let device = device.autodiff();
        let network = Modules::new(&experiment.architecture, &experiment.recipe, &device);
        let totals = experiment.architecture.summary()?.totals;
        // Burn counts running statistics too.
        let expected = totals.parameters + totals.non_trainable_parameters;
        let found = network.num_params();
        ensure!(
            found == expected,
            "the network of Burn's modules has {found} parameters, expected {expected}"
        );
        Ok(Self::new(network, experiment, &device))
    }
}

impl<Trained: Gradients> Training<Trained> {
    fn new(trained: Trained, experiment: &Experiment, device: &Device) -> Self {
        device.seed(0);
        let size = experiment.recipe.batch_size;
        let architecture = &experiment.architecture;
        let (channels, side) = (architecture.input_channels, architecture.input_size);
        let normal = Distribution::Normal(0.0, 1.0);
        Self {
            trained,
            optimizer: optimizer(&experiment.recipe.optimizer),
            batch: Batch {
                images: Tensor::random([size, channels, side, side], normal, device),
                labels: Tensor::arange(0..size as i64, device).remainder_scalar(CLASSES as i64),
                dropout_key: 1,
            },
            experiment: experiment.clone(),
        }
    }

    fn step(&mut self) {
        let gradients = self.trained.gradients(self.batch.clone(), &self.experiment);
        let rate = self.experiment.recipe.learning_rate;
        // Burn's `Learner` gives its optimizer a copy too.
        self.trained = self.optimizer.step(rate, self.trained.clone(), gradients);
    }
}

impl Gradients for Classifier {
    const IN_POOL: bool = true;

    fn gradients(&self, batch: Batch, _: &Experiment) -> GradientsParams {
        TrainStep::step(self, batch).grads
    }
}

impl Gradients for Modules {
    const IN_POOL: bool = false;

    fn gradients(&self, batch: Batch, experiment: &Experiment) -> GradientsParams {
        let smoothing = experiment.recipe.label_smoothing as f32;
        let logits = self.forward(batch.images);
        let loss = CrossEntropyLossConfig::new()
            .with_smoothing((smoothing > 0.0).then_some(smoothing))
            .init(&logits.device())
            .forward(logits, batch.labels);
        GradientsParams::from_grads(loss.backward(), self)
    }
}

impl<Trained: Gradients> Train for Training<Trained> {
    fn milliseconds_per_step(&mut self, steps: usize) -> Result<f64> {
        let images = self.experiment.recipe.batch_size;
        let mut measure = || {
            self.step();
            let start = Instant::now();
            for _ in 0..steps {
                self.step();
            }
            start.elapsed().as_secs_f64() * 1e3 / steps as f64
        };
        Ok(match Trained::IN_POOL {
            true => in_awake_pool(images, measure),
            false => measure(),
        })
    }
}
