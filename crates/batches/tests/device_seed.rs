//! The device is seeded at the start of an epoch.
//!
//! In a test program of its own, with one test: the CPU backend has one generator for the whole process, and every
//! other test that begins an epoch would seed it too.

use std::num::NonZeroUsize;
use std::sync::Arc;

use batches::{EvaluationLoader, TrainLoader};
use burn::data::dataloader::DataLoader;
use burn::tensor::{Device, Distribution, Tensor, TensorData};
use mnist::{Digits, PIXELS};

#[test]
fn random_numbers_on_the_device_are_a_function_of_seed_and_epoch() {
    let device = Device::flex();
    let digits = Arc::new(Digits::new(vec![[0; PIXELS]; 4], vec![0; 4]).unwrap());
    let two = NonZeroUsize::new(2).unwrap();
    let loader = |seed| TrainLoader::new(digits.clone(), two, seed, None, device.clone());
    let draw = || Tensor::<1>::random([8], Distribution::Default, &device).into_data();
    // What dropout would draw in the first two epochs, with an evaluation in between as in a training.
    let draws = |loader: TrainLoader| -> Vec<TensorData> {
        let epoch = || {
            let batches = loader.iter().map(|_| draw()).collect::<Vec<_>>();
            let evaluation = EvaluationLoader::new(digits.clone(), two, device.clone());
            assert_eq!(evaluation.iter().count(), 2);
            batches
        };
        [epoch(), epoch()].concat()
    };

    let first = draws(loader(5));
    draw();
    assert_eq!(first, draws(loader(5)));
    assert_ne!(first[..2], first[2..]);
    assert_ne!(first, draws(loader(6)));
}
