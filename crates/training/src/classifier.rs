//! The network as Burn's `Learner` wants it: with a training step and an inference step.

use architecture::{Architecture, ArchitectureError};
use batches::Batch;
use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use burn::train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};
use conv_kernels::cross_entropy;
use experiment::{DropoutAfter, Recipe};
use model_core::Network;

use crate::statistics::Statistics;
use crate::teacher::Teacher;

/// A [`Network`] with the cross-entropy of its logits as the loss, and with what its teacher says where it has one.
#[derive(Module, Debug)]
pub struct Classifier {
    /// The network.
    pub network: Network,
    /// Share of each label that is spread over all classes in training.
    pub label_smoothing: f64,
    /// What the network learns from beside the labels.
    #[module(skip)]
    pub teacher: Option<Teacher>,
    /// What estimates batch normalisation's statistics, where they are not to be running averages.
    #[module(skip)]
    pub statistics: Option<Statistics>,
}

/// The network of an experiment, with weights drawn from the device's generator, the dropout of the recipe, and no running
/// statistics where the recipe has them estimated.
///
/// # Errors
///
/// The architecture cannot be built. Says which layer is at fault.
pub fn network(
    architecture: &Architecture,
    recipe: &Recipe,
    device: &Device,
) -> Result<Network, ArchitectureError> {
    let network = Network::new(architecture, recipe.dropout, device)?;
    let network = match recipe.dropout_after {
        DropoutAfter::EveryRelu => network,
        DropoutAfter::LastRelu => network.with_dropout_after_last_relu_alone(),
    };
    Ok(match recipe.statistics_images {
        0 => network,
        _ => network.without_running_averages(),
    })
}

impl Classifier {
    fn classify(&self, batch: Batch, smoothing: f64) -> ClassificationOutput {
        let logits: Tensor<2> = self
            .network
            .forward_with_dropout(batch.images, batch.dropout_key);
        let loss = cross_entropy(logits.clone(), batch.labels.clone(), smoothing);
        ClassificationOutput::new(loss, logits, batch.labels)
    }
}

impl TrainStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let images = batch.images.clone();
        let output = self.classify(batch, self.label_smoothing);
        let loss = match &self.teacher {
            Some(teacher) => teacher.loss(images, output.output.clone(), output.loss.clone()),
            None => output.loss.clone(),
        };
        TrainOutput::new(self, loss.backward(), output)
    }

    fn optimize(
        self,
        optimizer: &mut ModuleOptimizer,
        learning_rate: ModuleLearningRate,
        gradients: GradientsParams,
    ) -> Self {
        let mut optimized = optimizer.step(learning_rate, self, gradients);
        if let Some(statistics) = &mut optimized.statistics {
            statistics.after_step(&optimized.network);
        }
        optimized
    }
}

impl InferenceStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.classify(batch, 0.0)
    }
}
