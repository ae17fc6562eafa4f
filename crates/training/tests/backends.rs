//! Every other backend against flex: the same weights and batch give the same logits and gradients, and training works.
#![cfg(any(feature = "wgpu", feature = "ndarray"))]
#![recursion_limit = "256"]

use std::sync::Arc;

use architecture::Architecture;
use batches::images_to_tensor;
use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Gradients, Int, Tensor};
use clap::ValueEnum;
use evidence::Kind;
use experiment::{DropoutAfter, Experiment, Name, Optimizer, Recipe, Schedule};
use files::Workspace;
use mnist::{DataSet, Digits, Mnist, Split};
use model_core::{Network, weights};
use training::{Backend, Data, Selected, Stop, run_id, select_device, train};

/// Logits are continuous in their rounding errors.
const LOGIT_TOLERANCE: f32 = 1e-3;

/// Gradients are not: where a value is within rounding of zero, or of its neighbour in a pooling window, two backends
/// may send the gradient different ways. Of some 200,000 values a few do, and move a weight's gradient by about one
/// percent of the largest; a wrong formula moves it by its whole size.
const GRADIENT_TOLERANCE: f32 = 0.05;

/// A gradient may be zero in theory: a scale in front of a depthwise convolution is taken out again by the batch
/// normalisation behind it. What is then computed is the rounding of much larger sums, so it is measured against the largest
/// gradient of all.
const ROUNDING: f32 = 1e-5;

fn others() -> Vec<Selected> {
    let others: Vec<_> = Backend::value_variants()
        .iter()
        .map(|&backend| select_device(Some(backend)).expect("the backend has a device"))
        .filter(|selected| selected.backend != "flex")
        .collect();
    assert!(!others.is_empty());
    others
}

fn training_digits() -> Digits {
    let data = Workspace::find().unwrap().data();
    Mnist::load_verified(&data).unwrap().train
}

fn architecture() -> Architecture {
    Architecture::new(1, 28)
        .convolution_block(6, 3)
        .max_pool(2)
        .convolution_block(8, 3)
        .separable_block(12, 3)
        .with_batch_norm()
        .factored_head(10)
}

/// Collects the gradient of every parameter that has one.
struct Collect<'a> {
    gradients: &'a Gradients,
    values: Vec<Vec<f32>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if let Some(gradient) = parameter.val().grad(self.gradients) {
            self.values.push(values(gradient));
        }
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// The logits of 32 training images in training mode, then the gradient of every parameter.
fn logits_and_gradients(device: Device, weights_file: &std::path::Path) -> Vec<Vec<f32>> {
    let device = device.autodiff();
    let network = Network::new(&architecture(), 0.0, &device).expect("it can be built");
    let network = weights::load(network, weights_file).expect("the weights fit");
    let digits = training_digits().slice(0..32);
    let images = images_to_tensor(digits.images(), &device);
    let labels: Vec<i32> = digits
        .labels()
        .iter()
        .map(|&label| i32::from(label))
        .collect();
    let labels = Tensor::<1, Int>::from_ints(labels.as_slice(), &device);
    let logits = network.forward(images);
    let loss = CrossEntropyLossConfig::new()
        .init(&device)
        .forward(logits.clone(), labels);
    let gradients = loss.backward();
    let mut collect = Collect {
        gradients: &gradients,
        values: vec![values(logits)],
    };
    network.visit(&mut collect);
    collect.values
}

#[test]
fn logits_and_gradients_are_those_of_flex() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("weights.safetensors");
    let flex = Device::flex();
    flex.seed(1);
    weights::save(&Network::new(&architecture(), 0.0, &flex).unwrap(), &file).unwrap();
    let expected = logits_and_gradients(flex, &file);
    // Logits; weight, gamma and beta of four blocks; weights of the head's two factors, and its bias.
    assert_eq!(expected.len(), 1 + 4 * 3 + 3);
    for selected in others() {
        let found = logits_and_gradients(selected.device, &file);
        assert_eq!(found.len(), expected.len(), "{}", selected.backend);
        let largest_gradient = expected[1..]
            .iter()
            .map(|gradient| largest(gradient))
            .fold(0.0, f32::max);
        for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
            assert_eq!(expected.len(), found.len());
            let scale = largest(expected);
            let difference = expected
                .iter()
                .zip(found)
                .fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
            let tolerance = match index {
                0 => LOGIT_TOLERANCE * scale,
                _ => GRADIENT_TOLERANCE * scale + ROUNDING * largest_gradient,
            };
            assert!(
                difference <= tolerance,
                "{}: tensor {index} differs by {difference}, with values up to {scale}",
                selected.backend
            );
        }
    }
}

#[test]
fn a_short_training_lowers_the_loss() {
    let digits = training_digits();
    let data = Data {
        data_set: DataSet::mnist(),
        split: Split::Holdout,
        train: Arc::new(digits.slice(0..640)),
        evaluation: Arc::new(digits.slice(640..1_000)),
    };
    let experiment = Experiment {
        name: Name::from_static("a-short-training"),
        title: "A short training".into(),
        architecture: architecture(),
        recipe: Recipe {
            optimizer: Optimizer::Sgd {
                momentum: 0.9,
                nesterov: true,
                weight_decay: 5e-4,
            },
            learning_rate: 0.05,
            schedule: Schedule::Constant,
            batch_size: 64,
            epochs: 5,
            dropout: 0.02,
            dropout_after: DropoutAfter::default(),
            augmentation: None,
            refinement_epochs: 0,
            statistics_images: 0,
            label_smoothing: 0.0,
            distillation: None,
            trial: None,
        },
    };
    for selected in others() {
        let run = run_id(Kind::Own, &experiment, 1, &data, &selected);
        let trained = train(&run, &data, &selected, &Stop::default(), None).expect("it trains");
        let losses: Vec<f64> = trained
            .epochs
            .iter()
            .map(|epoch| epoch.train_loss)
            .collect();
        assert!(
            losses[4] < 0.9 * losses[0],
            "{}: the loss went {losses:?}",
            selected.backend
        );
    }
}
