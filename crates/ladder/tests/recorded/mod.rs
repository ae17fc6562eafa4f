//! Recorded networks, and images to try them on.

// Each test program uses a part of this.
#![allow(dead_code)]

use burn::tensor::Device;
use evidence::{Places, Record};
use experiment::Experiment;
use files::Workspace;
use ladder::integers::integer_network;
use ladder::subjects::{kind, recorded_weights};
use mnist::{Mnist, PIXELS};
use model_core::{Network, weights};
use pocket_export::IntegerNetwork;

/// Where the committed results lie.
fn places() -> Places {
    Places::of(Workspace::find().unwrap())
}

/// MNIST.
pub fn data() -> Mnist {
    Mnist::load_verified(&places().workspace().data()).unwrap()
}

/// The recorded run of an experiment with seed 1.
pub fn record(experiment: &Experiment) -> Record {
    places()
        .record(kind(experiment), &experiment.name, 1)
        .unwrap()
}

/// The network of that run.
pub fn network(experiment: &Experiment) -> Network {
    let network = Network::new(&experiment.architecture, 0.0, &Device::flex()).unwrap();
    weights::load(network, &recorded_weights(experiment, &places()).unwrap()).unwrap()
}

/// The same in integers.
pub fn integers(experiment: &Experiment) -> IntegerNetwork {
    integer_network(&network(experiment), &data().train).unwrap()
}

/// Images that are no digits, of bytes that look random: the upper bits of Knuth's linear congruential generator.
pub fn noise(count: usize) -> impl Iterator<Item = [u8; PIXELS]> {
    let mut state = 1_u64;
    let mut byte = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..count).map(move |_| std::array::from_fn(|_| byte()))
}
