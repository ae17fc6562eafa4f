//! What a trained network says of digits.

use std::fs;

use architecture::{Architecture, Convolution, Layer};
use batches::images_to_tensor;
use burn::tensor::Device;
use burn::tensor::activation::softmax;
use evidence::{Kind, Places};
use experiment::Experiment;
use files::Workspace;
use inference::{Model, most_probable};
use mnist::{Digits, Mnist};
use model_core::{Network, weights};

const STEP: &str = "step-01-skeleton";

fn places() -> Places {
    Places::of(Workspace::find().unwrap())
}

/// Step 1 as it was recorded.
fn experiment() -> Experiment {
    places().record(Kind::Step, STEP, 1).unwrap().experiment()
}

fn model() -> Model {
    let weights = places().weights(Kind::Step, STEP);
    Model::from_file(experiment(), &weights, Device::flex()).unwrap()
}

fn test_digits() -> Digits {
    Mnist::load_verified(&places().workspace().data())
        .unwrap()
        .test
}

#[test]
fn probabilities_do_not_depend_on_what_else_is_asked() {
    let model = model();
    let test = test_digits();
    assert!(model.probabilities([]).unwrap().is_empty());
    // More than are computed at once.
    let together = model.probabilities(&test.images()[..1100]).unwrap();
    assert_eq!(together.len(), 1100);
    for index in [0, 511, 512, 1023, 1024, 1099] {
        let alone = model.probabilities([test.image(index)]).unwrap();
        assert_eq!(alone, [together[index]], "test image {index}");
        let sum: f32 = together[index].iter().sum();
        assert!((sum - 1.0).abs() < 1e-5, "test image {index}: {sum}");
    }
    let right = together.iter().zip(test.labels());
    let right = right.filter(|(row, label)| most_probable(row) == usize::from(**label));
    assert!(right.count() > 1000);
}

#[test]
fn probabilities_are_those_of_burns_network() {
    let device = Device::flex();
    let network = Network::new(&experiment().architecture, 0.0, &device).unwrap();
    let network = weights::load(network, &places().weights(Kind::Step, STEP)).unwrap();
    let test = test_digits();
    let digits = &test.images()[..50];
    let logits = network.forward(images_to_tensor(digits, &device));
    let expected: Vec<f32> = softmax(logits, 1).into_data().iter().collect();
    let found = model().probabilities(digits).unwrap();
    for (found, expected) in found.as_flattened().iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-5,
            "{found}, expected {expected}"
        );
    }
}

#[test]
fn there_are_activations_for_each_time_that_a_layer_is_repeated() {
    let times = 3;
    let depthwise = Convolution {
        groups: 4,
        relu: true,
        ..Convolution::new(4, 4, 3)
    };
    let architecture = Architecture::new(1, 28)
        .separable_block(4, 3)
        .layer(Layer::Repeat {
            times,
            layers: vec![Layer::Convolution(depthwise)],
        })
        .factored_head(10);
    let device = Device::flex();
    let network = Network::new(&architecture, 0.0, &device).unwrap();
    let summary = architecture.summary().unwrap().unrolled();
    let experiment = Experiment {
        architecture,
        ..experiment()
    };
    let model = Model::new(experiment, &network, device);
    let maps = model.activations(test_digits().image(0)).unwrap();
    let found = maps.iter().map(|map| [map.channels, map.height, map.width]);
    let layers = summary.layers.iter();
    let expected = layers.map(|it| [it.channels_out, it.n_out.height, it.n_out.width]);
    assert!(found.eq(expected));
    assert_eq!(maps.len(), 2 + times + 2);
}

#[test]
fn the_last_activations_are_the_logits() {
    let model = model();
    let test = test_digits();
    let maps = model.activations(test.image(0)).unwrap();
    assert_eq!(maps.len(), model.experiment().architecture.layers.len());
    for map in &maps {
        let size = map.channels * map.height * map.width;
        assert_eq!(map.values.len(), size);
    }
    let logits = &maps.last().unwrap().values;
    let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
    let probabilities = model.probabilities([test.image(0)]).unwrap()[0];
    for (logit, probability) in logits.iter().zip(probabilities) {
        assert!((logit.exp() / sum - probability).abs() < 1e-5);
    }
}

#[test]
fn weights_that_give_no_numbers_are_an_error() {
    let recorded = places().weights(Kind::Step, STEP);
    let mut bytes = fs::read(recorded).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for value in bytes[8 + header..].as_chunks_mut::<4>().0 {
        *value = 3e38_f32.to_le_bytes();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("huge.safetensors");
    fs::write(&path, bytes).unwrap();
    let model = Model::from_file(experiment(), &path, Device::flex()).unwrap();
    let test = test_digits();
    // By itself, and side by side with others.
    for count in [1, 20] {
        let error = model.probabilities(&test.images()[..count]).unwrap_err();
        assert!(error.to_string().contains("is no number"), "{error}");
    }
}
