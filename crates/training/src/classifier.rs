//! The network as Burn's `Learner` wants it: with a training step and an inference step.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use batches::Batch;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Gradients, Tensor};
use burn::train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};
use conv_kernels::cross_entropy;
use model_core::Network;

use crate::teacher::Teacher;
use crate::trial;

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
    /// The average over the steps so far, where it is tried.
    #[module(skip)]
    pub averaged: Arc<Mutex<Option<Network>>>,
}

/// Takes each weight along its gradient.
struct Ascend<'a> {
    gradients: &'a Gradients,
    by: f64,
}

impl ModuleMapper for Ascend<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let old = parameter.val();
        let Some(gradient) = old.grad(self.gradients) else {
            return parameter;
        };
        let new = old.inner() + gradient.mul_scalar(self.by);
        let new = Tensor::from_inner(new).require_grad();
        Param::initialized(parameter.id, new)
    }
}

/// The squares of all gradients.
struct Squares<'a> {
    gradients: &'a Gradients,
    sum: f64,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = parameter.val().grad(self.gradients) {
            let values = gradient.into_data();
            self.sum += values.iter::<f64>().map(|value| value * value).sum::<f64>();
        }
    }
}

/// All values of a network, outside the autodiff graph.
struct Values(Vec<(ParamId, Tensor<1>)>);

impl ModuleVisitor for Values {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        let value = if value.device().is_autodiff() {
            value.inner()
        } else {
            value
        };
        let value = Tensor::from_dispatch(value.into_dispatch());
        self.0.push((parameter.id, value));
    }
}

/// Replaces values.
struct Replace(HashMap<ParamId, Tensor<1>>);

impl ModuleMapper for Replace {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.0.remove(&parameter.id) {
            Some(value) => {
                let value = Tensor::from_dispatch(value.into_dispatch());
                Param::initialized(parameter.id, value)
            }
            None => parameter,
        }
    }
}

/// `average`, moved towards `network`.
fn averaged(average: Option<Network>, network: &Network, kept: f64) -> Network {
    let Some(average) = average else {
        return network.valid();
    };
    let [before, now] = [&average, network].map(|network| {
        let mut values = Values(Vec::new());
        network.visit(&mut values);
        values.0
    });
    let moved = before.into_iter().zip(now).map(|((id, before), (_, now))| {
        let [value] = conv_kernels::moved([before], [now], 1.0 - kept);
        (id, value)
    });
    average.map(&mut Replace(moved.collect()))
}

impl Classifier {
    fn average(&self) -> Option<Network> {
        self.averaged.lock().ok()?.clone()
    }

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
        if let Some(far) = trial::current().sharpness {
            let output = self.classify(batch.clone(), self.label_smoothing);
            let gradients = &output.loss.backward();
            let mut squares = Squares {
                gradients,
                sum: 0.0,
            };
            self.network.visit(&mut squares);
            let by = far / (squares.sum.sqrt() + 1e-12);
            let above = self.clone().map(&mut Ascend { gradients, by });
            model_core::KEEPS_STATISTICS.store(false, Ordering::Relaxed);
            let loss = above.classify(batch, self.label_smoothing).loss;
            model_core::KEEPS_STATISTICS.store(true, Ordering::Relaxed);
            return TrainOutput::new(&above, loss.backward(), output);
        }
        let output = self.classify(batch, self.label_smoothing);
        if let Some(weight) = trial::current().mean_teacher
            && let Some(network) = self.average()
        {
            let loss = Teacher::of_itself(network, weight).loss(
                images,
                output.output.clone(),
                output.loss.clone(),
            );
            return TrainOutput::new(self, loss.backward(), output);
        }
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
        let stepped = optimizer.step(learning_rate, self, gradients);
        if let Some(kept) = trial::current().averaging {
            let average = averaged(stepped.average(), &stepped.network, kept);
            if let Ok(mut slot) = stepped.averaged.lock() {
                *slot = Some(average);
            }
        }
        stepped
    }
}

impl InferenceStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        if let Some(network) = self.average() {
            let logits: Tensor<2> = network.forward(batch.images);
            let loss = cross_entropy(logits.clone(), batch.labels.clone(), 0.0);
            return ClassificationOutput::new(loss, logits, batch.labels);
        }
        self.classify(batch, 0.0)
    }
}
