//! Making a batch of images in memory, in pieces that any thread can make.

use std::sync::Arc;

use burn::tensor::Device;
use kernels::spare_time::Job;
use mnist::random::{Purpose, generator};
use mnist::{Augmentation, Digits, PIXELS};

use crate::Batch;
use crate::batch::{NORMALISED, labels_to_tensor, normalise, values_to_tensor};

/// Images per piece: an augmented image takes a few microseconds.
const IMAGES: usize = 2;

/// The batch of the images at `indices`, in this order.
pub(crate) struct Assembly {
    pub digits: Arc<Digits>,
    pub indices: Vec<usize>,
    pub augmentation: Option<Augmenting>,
}

/// What the augmentation of an image is a function of, beside its index.
pub(crate) struct Augmenting {
    pub augmentation: Augmentation,
    pub seed: u64,
    pub epoch: usize,
}

/// A batch that is not on a device yet.
pub(crate) struct Assembled {
    /// `[batch, 1, 28, 28]`, normalised.
    pub values: Vec<f32>,
    pub labels: Vec<i32>,
}

impl Assembled {
    pub fn into_batch(self, dropout_key: u64, device: &Device) -> Batch {
        Batch {
            images: values_to_tensor(self.values, device),
            labels: labels_to_tensor(self.labels, device),
            dropout_key,
        }
    }
}

impl Assembly {
    fn append(&self, index: usize, values: &mut Vec<f32>) {
        let image = self.digits.image(index);
        match &self.augmentation {
            None => values.extend(image.iter().map(|&pixel| NORMALISED[usize::from(pixel)])),
            Some(augmenting) => {
                let &Augmenting { seed, epoch, .. } = augmenting;
                let mut random = generator(seed, epoch, index, Purpose::Augmentation);
                let image = augmenting.augmentation.apply(image, &mut random);
                values.extend(image.iter().map(|&pixel| normalise(pixel)));
            }
        }
    }
}

impl Job for Assembly {
    type Piece = Vec<f32>;
    type Output = Assembled;

    fn pieces(&self) -> usize {
        self.indices.len().div_ceil(IMAGES)
    }

    fn piece(&self, number: usize) -> Vec<f32> {
        let start = number * IMAGES;
        let end = self.indices.len().min(start + IMAGES);
        let mut values = Vec::with_capacity(IMAGES * PIXELS);
        for &index in &self.indices[start..end] {
            self.append(index, &mut values);
        }
        values
    }

    fn join(&self, pieces: Vec<Vec<f32>>) -> Assembled {
        let labels = self.indices.iter().map(|&index| self.digits.label(index));
        Assembled {
            values: pieces.concat(),
            labels: labels.map(i32::from).collect(),
        }
    }
}
