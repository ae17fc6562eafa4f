//! Loaders: who hands out which image when.
//!
//! Burn's own loader shuffles with one generator that moves on with every use, and leaves augmentation to worker
//! threads that share another: which image gets which draw is then a matter of timing. These loaders compute both
//! from (seed, epoch, index) instead, so the images of a batch can be augmented on all threads at once, and before they are
//! asked for: when a batch is handed out, the next one is offered to threads that have nothing to do.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use kernels::spare_time::Begun;
use mnist::random::{Purpose, generator};
use mnist::{Augmentation, Digits};
use rand::Rng;

use crate::assembly::{Assembly, Augmenting};
use crate::{Batch, epoch_order};

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

    /// The batch of the images at `indices`, in this order.
    fn assembly(&self, epoch: usize, indices: &[usize]) -> Assembly {
        let augmentation = self.augmentation.filter(|_| epoch < self.augmented_epochs);
        Assembly {
            digits: self.digits.clone(),
            indices: indices.to_vec(),
            augmentation: augmentation.map(|augmentation| Augmenting {
                augmentation,
                seed: self.seed,
                epoch,
            }),
        }
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
            next: None,
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
    /// The next batch, once there was one before it.
    next: Option<Begun<Assembly>>,
}

impl TrainIterator<'_> {
    /// The batch that begins at `position` in the order, if there is one.
    fn assembly(&self, position: usize) -> Option<Assembly> {
        let size = self.loader.batch_size.get();
        let indices = self.order[position..].chunks(size).next()?;
        Some(self.loader.assembly(self.epoch, indices))
    }
}

impl Iterator for TrainIterator<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let TrainLoader {
            batch_size,
            seed,
            device,
            ..
        } = self.loader;
        let begun = self.next.take();
        let begun = begun.or_else(|| self.assembly(self.processed).map(Begun::new))?;
        let assembled = begun.finish();
        let step = self.processed / *batch_size;
        self.processed += assembled.labels.len();
        self.next = self.assembly(self.processed).map(Begun::offered);
        let dropout_key = generator(*seed, self.epoch, step, Purpose::Dropout).next_u64();
        Some(Ok(assembled.into_batch(dropout_key, device)))
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
            next: None,
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
    /// The next batch, once there was one before it.
    next: Option<Begun<Assembly>>,
}

impl EvaluationIterator<'_> {
    /// The batch after so many images, if there is one.
    fn assembly(&self, processed: usize) -> Option<Assembly> {
        let EvaluationLoader {
            digits,
            range,
            batch_size,
            ..
        } = self.loader;
        let start = range.start + processed;
        let end = start.saturating_add(batch_size.get()).min(range.end);
        (start < end).then(|| Assembly {
            digits: digits.clone(),
            indices: (start..end).collect(),
            augmentation: None,
        })
    }
}

impl Iterator for EvaluationIterator<'_> {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let begun = self.next.take();
        let begun = begun.or_else(|| self.assembly(self.processed).map(Begun::new))?;
        let assembled = begun.finish();
        self.processed += assembled.labels.len();
        self.next = self.assembly(self.processed).map(Begun::offered);
        Some(Ok(assembled.into_batch(0, &self.loader.device)))
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
