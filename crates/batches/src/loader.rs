//! Loaders: who hands out which image when.
//!
//! Burn's own loader shuffles with one generator that moves on with every use, and leaves augmentation to worker
//! threads that share another: which image gets which draw is then a matter of timing. These loaders compute both
//! from (seed, epoch, index) instead, so the images of a batch can be augmented on all threads at once.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Tensor};
use mnist::{Augmentation, Digits, PIXELS};
use rand::Rng;
use rayon::prelude::*;

use crate::batch::labels_to_tensor;
use crate::random::{Purpose, generator};
use crate::{Batch, epoch_order, images_to_tensor};

/// Hands out the training images in a new order every epoch, augmented anew if asked to.
///
/// Each call of [`iter`](DataLoader::iter) begins the next epoch; the first one is epoch 0 unless it
/// [starts later](Self::starting_at). In an epoch,
///
/// - the order of the images is [`epoch_order`] of (seed, epoch);
/// - the augmentation of image *i* is a function of (seed, epoch, *i*), whatever the batch size and the order;
/// - the last batch may be smaller than the others.
///
/// Each batch comes with a key for dropout, a hash of (seed, epoch, step). `iter` also seeds the device with a hash of
/// (seed, epoch), for what draws from the device's generator: dropout does so on GPU backends.
///
/// [`to_device`](DataLoader::to_device) gives a view of the same loader that shares its count of epochs.
/// [`slice`](DataLoader::slice) gives a loader for a part of the images that counts its own epochs, from where
/// this one is: the slices of a training on several devices are iterated in no particular order, and a shared count
/// would make their epochs a matter of timing. An image keeps its index, and so its augmentation, in a slice.
#[derive(Clone, Debug)]
pub struct TrainLoader {
    digits: Arc<Digits>,
    range: Range<usize>,
    batch_size: NonZeroUsize,
    seed: u64,
    augmentation: Option<Augmentation>,
    augmented_epochs: usize,
    device: Device,
    next_epoch: Arc<AtomicUsize>,
}

impl TrainLoader {
    /// A loader of all `digits` in batches of `batch_size` images on `device`; with no `augmentation`, images are as
    /// they are.
    pub fn new(
        digits: Arc<Digits>,
        batch_size: NonZeroUsize,
        seed: u64,
        augmentation: Option<Augmentation>,
        device: Device,
    ) -> Self {
        Self {
            range: 0..digits.len(),
            digits,
            batch_size,
            seed,
            augmentation,
            augmented_epochs: usize::MAX,
            device,
            next_epoch: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// The same loader, but from epoch `epochs` on, counted from 0, images are as they are.
    pub fn augmenting_for(self, epochs: usize) -> Self {
        Self {
            augmented_epochs: epochs,
            ..self
        }
    }

    /// The same loader, but its first epoch is epoch `epoch`, counted from 0.
    pub fn starting_at(self, epoch: usize) -> Self {
        Self {
            next_epoch: Arc::new(AtomicUsize::new(epoch)),
            ..self
        }
    }

    /// The batch of the images at `indices`, in this order, for step number `step` of the epoch.
    fn batch(&self, epoch: usize, step: usize, indices: &[usize]) -> Batch {
        Batch {
            images: self.images(epoch, indices),
            labels: labels_to_tensor(
                indices.iter().map(|&index| self.digits.label(index)),
                &self.device,
            ),
            dropout_key: generator(self.seed, epoch, step, Purpose::Dropout).next_u64(),
        }
    }

    fn images(&self, epoch: usize, indices: &[usize]) -> Tensor<4> {
        let original = |&index| self.digits.image(index);
        let augmentation = self.augmentation.filter(|_| epoch < self.augmented_epochs);
        let Some(augmentation) = augmentation else {
            return images_to_tensor(indices.iter().map(original), &self.device);
        };
        let augmented: Vec<[f32; PIXELS]> = indices
            .par_iter()
            .map(|&index| {
                let mut random = generator(self.seed, epoch, index, Purpose::Augmentation);
                augmentation.apply(self.digits.image(index), &mut random)
            })
            .collect();
        images_to_tensor(&augmented, &self.device)
    }
}

impl DataLoader<Batch> for TrainLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        let epoch = self.next_epoch.fetch_add(1, Ordering::Relaxed);
        let device_seed = generator(self.seed, epoch, 0, Purpose::Device).next_u64();
        self.device.seed(device_seed);
        let order = epoch_order(self.seed, epoch, self.range.len())
            .into_iter()
            .map(|position| self.range.start + position as usize)
            .collect();
        Box::new(TrainIterator {
            loader: self,
            epoch,
            order,
            processed: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.range.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Self {
            device: device.clone(),
            ..self.clone()
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        let epoch = self.next_epoch.load(Ordering::Relaxed);
        Arc::new(Self {
            range: narrowed(&self.range, start, end),
            next_epoch: Arc::new(AtomicUsize::new(epoch)),
            ..self.clone()
        })
    }
}

/// One epoch of a [`TrainLoader`].
struct TrainIterator<'a> {
    loader: &'a TrainLoader,
    epoch: usize,
    order: Vec<usize>,
    processed: usize,
}

impl Iterator for TrainIterator<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.processed / self.loader.batch_size;
        let indices = self.order[self.processed..]
            .chunks(self.loader.batch_size.get())
            .next()?;
        self.processed += indices.len();
        Some(Ok(self.loader.batch(self.epoch, step, indices)))
    }
}

impl DataLoaderIterator<Batch> for TrainIterator<'_> {
    fn progress(&self) -> Progress {
        progress_in_items(self.processed, self.order.len())
    }
}

/// Hands out images in their own order and unchanged, the same every time.
#[derive(Clone, Debug)]
pub struct EvaluationLoader {
    digits: Arc<Digits>,
    range: Range<usize>,
    batch_size: NonZeroUsize,
    device: Device,
}

impl EvaluationLoader {
    /// A loader of all `digits` in batches of `batch_size` images on `device`; the last batch may be smaller.
    pub fn new(digits: Arc<Digits>, batch_size: NonZeroUsize, device: Device) -> Self {
        Self {
            range: 0..digits.len(),
            digits,
            batch_size,
            device,
        }
    }
}

impl DataLoader<Batch> for EvaluationLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        Box::new(EvaluationIterator {
            loader: self,
            processed: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.range.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Self {
            device: device.clone(),
            ..self.clone()
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        Arc::new(Self {
            range: narrowed(&self.range, start, end),
            ..self.clone()
        })
    }
}

/// One pass of an [`EvaluationLoader`].
struct EvaluationIterator<'a> {
    loader: &'a EvaluationLoader,
    processed: usize,
}

impl Iterator for EvaluationIterator<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let EvaluationLoader {
            digits,
            range,
            batch_size,
            device,
        } = self.loader;
        let start = range.start + self.processed;
        let end = start.saturating_add(batch_size.get()).min(range.end);
        if start == end {
            return None;
        }
        self.processed += end - start;
        let labels = digits.labels()[start..end].iter().copied();
        Some(Ok(Batch {
            images: images_to_tensor(&digits.images()[start..end], device),
            labels: labels_to_tensor(labels, device),
            dropout_key: 0,
        }))
    }
}

impl DataLoaderIterator<Batch> for EvaluationIterator<'_> {
    fn progress(&self) -> Progress {
        progress_in_items(self.processed, self.loader.range.len())
    }
}

/// The part of `range` from `start` to `end`, counted from its beginning, as far as it exists.
fn narrowed(range: &Range<usize>, start: usize, end: usize) -> Range<usize> {
    let end = range.start.saturating_add(end).min(range.end);
    let start = range.start.saturating_add(start).min(end);
    start..end
}

fn progress_in_items(processed: usize, total: usize) -> Progress {
    Progress::new(processed, total, Some("items".to_owned()))
}
