//! Batch normalisation's statistics as they are with the weights that are evaluated.

use std::num::NonZeroUsize;
use std::sync::Arc;

use batches::EvaluationLoader;
use burn::data::dataloader::DataLoader;
use burn::tensor::Device;
use mnist::Digits;
use model_core::Network;

/// Images per batch: so many that a batch's variance is close to that of all.
const BATCH: NonZeroUsize = NonZeroUsize::new(500).unwrap();

/// Estimates batch normalisation's statistics anew at the end of each epoch (see
/// [`Recipe::statistics_images`](experiment::Recipe::statistics_images)).
///
/// The running averages that batch normalisation keeps by itself are of the last batches, and so of weights that were
/// different for each of them. At a high learning rate the network can be more than a point better than it then looks.
#[derive(Clone, Debug)]
pub struct Statistics {
    images: EvaluationLoader,
    steps_per_epoch: usize,
    steps: usize,
}

impl Statistics {
    /// Estimates on the first of these images, on a device without autodiff, after every so many steps.
    pub(crate) fn new(
        digits: &Digits,
        images: usize,
        steps_per_epoch: usize,
        device: Device,
    ) -> Self {
        let first = digits.slice(0..images.min(digits.len()));
        Self {
            images: EvaluationLoader::new(Arc::new(first), BATCH, device),
            steps_per_epoch,
            steps: 0,
        }
    }

    /// Counts an optimiser step, and estimates the network's statistics if it was the last one of its epoch.
    pub(crate) fn after_step(&mut self, network: &Network) {
        self.steps += 1;
        if self.steps.is_multiple_of(self.steps_per_epoch) {
            let batches = self.images.iter().flatten();
            network.estimate_statistics(batches.map(|batch| batch.images));
        }
    }
}
