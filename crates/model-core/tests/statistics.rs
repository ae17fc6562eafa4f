//! Batch normalisation's statistics, estimated anew.

use architecture::{Architecture, Layer};
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use model_core::{Network, weights};
use safetensors::SafeTensors;

/// Batch normalisation before every ReLU, some of it at two turns.
fn network(device: &Device) -> Network {
    let repeated = Architecture::new(6, 5).convolution_block(6, 1);
    let architecture = Architecture::new(1, 12)
        .convolution_block(4, 3)
        .max_pool(2)
        .separable_block(6, 3)
        .layer(Layer::Repeat {
            times: 2,
            layers: repeated.layers,
        })
        .with_batch_norm()
        .factored_head(10);
    Network::new(&architecture, 0.0, device).unwrap()
}

fn images(count: usize, device: &Device) -> Tensor<4> {
    Tensor::random([count, 1, 12, 12], Distribution::Normal(0.5, 2.0), device)
}

fn assert_close(found: Tensor<2>, expected: Tensor<2>) {
    let difference = (found - expected).abs().max().into_scalar::<f32>();
    assert!(difference < 1e-4, "{difference}");
}

#[test]
fn estimated_on_one_batch_they_are_that_batchs() {
    let device = Device::flex();
    device.seed(1);
    let network = network(&device.clone().autodiff());
    // Far from what they will be.
    network.forward(images(8, &device.clone().autodiff()) * 10.0);
    let batch = images(16, &device);
    network.estimate_statistics([batch.clone()]);
    let in_training = network.forward(Tensor::from_inner(batch.clone()));
    // The step has moved them by a tenth of nothing.
    assert_close(network.valid().forward(batch), in_training.inner());
}

/// All running means and variances, by name.
fn statistics(network: &Network) -> Vec<(String, Vec<f32>)> {
    let bytes = weights::to_bytes(network).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let running = tensors.iter().filter(|(name, _)| name.contains("running"));
    let values = |bytes: &[u8]| {
        let values = bytes.chunks_exact(4);
        values
            .map(|it| f32::from_le_bytes(it.try_into().unwrap()))
            .collect()
    };
    let mut all: Vec<_> = running
        .map(|(name, tensor)| (name.to_owned(), values(tensor.data())))
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[test]
fn estimated_on_batches_they_are_the_mean_of_each_batchs() {
    let device = Device::flex();
    device.seed(2);
    let network = network(&device.clone().autodiff());
    let [first, second] = [images(16, &device), images(16, &device)];
    let estimated = |batches: &[&Tensor<4>]| {
        network.estimate_statistics(batches.iter().map(|batch| (*batch).clone()));
        statistics(&network)
    };
    let (of_first, of_second) = (estimated(&[&first]), estimated(&[&second]));
    let of_both = estimated(&[&first, &second]);
    // Two for each convolution with a ReLU, and two more for the second turn.
    assert_eq!(of_both.len(), 2 * 5);
    for ((name, both), (of_first, of_second)) in of_both.iter().zip(of_first.iter().zip(&of_second))
    {
        for (both, (first, second)) in both.iter().zip(of_first.1.iter().zip(&of_second.1)) {
            let mean = (first + second) / 2.0;
            assert!(
                (both - mean).abs() <= 1e-5 * mean.abs().max(1.0),
                "{name}: {both}, not {mean}"
            );
        }
    }
}

#[test]
fn without_running_averages_training_leaves_them_and_estimates_are_the_same() {
    let device = Device::flex();
    let training = device.clone().autodiff();
    let with = network(&training);
    let begun = weights::to_bytes(&with).unwrap();
    let without = weights::from_bytes(network(&training), begun, "begun").unwrap();
    let without = without.without_running_averages();
    let before = statistics(&without);
    let [batch, other] = [images(16, &training), images(16, &device)];
    let in_training = [&with, &without].map(|network| network.forward(batch.clone()));
    let [of_with, of_without] = in_training.map(|logits| logits.inner().into_data());
    assert_eq!(of_with, of_without);
    assert_eq!(statistics(&without), before);
    assert_ne!(statistics(&with), before);
    for network in [&with, &without] {
        network.estimate_statistics([other.clone()]);
    }
    assert_eq!(statistics(&with), statistics(&without));
}
