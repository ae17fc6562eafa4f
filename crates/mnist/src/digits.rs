//! Digits in memory: the two sets of a data set, and how they are split for an experiment.
//!
//! MNIST is 55 MB uncompressed. It is held as bytes, as it comes from the files; pixels become numbers when a
//! batch is made, because a quarter of the memory is touched that way.

use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::idx::{self, Pair, TEST, TRAIN};
use crate::{DataError, DataSet, PIXELS};

/// How many images the hold-out split sets aside, from the end of the training set.
pub const HOLDOUT_IMAGES: usize = 10_000;

/// Images of digits with their labels. There are as many labels as images, and each is 0 to 9.
#[derive(Clone, PartialEq, Eq)]
pub struct Digits {
    images: Vec<[u8; PIXELS]>,
    labels: Vec<u8>,
}

impl Digits {
    /// Puts images (`[28 × 28]`, row by row) and their labels together.
    ///
    /// # Errors
    ///
    /// When there are not as many labels as images, or when a label is above 9.
    pub fn new(images: Vec<[u8; PIXELS]>, labels: Vec<u8>) -> Result<Self, DataError> {
        if images.len() != labels.len() {
            return Err(DataError::LengthsDiffer {
                images: images.len(),
                labels: labels.len(),
            });
        }
        match labels.iter().position(|&label| label > 9) {
            Some(index) => Err(DataError::LabelAboveNine {
                index,
                label: labels[index],
            }),
            None => Ok(Self { images, labels }),
        }
    }

    /// Reads the digits from the content of two IDX files, plain or compressed with gzip.
    ///
    /// # Errors
    ///
    /// When either is anything else, or they do not belong together; see [`DataError`].
    pub fn from_idx(images: Vec<u8>, labels: Vec<u8>) -> Result<Self, DataError> {
        let Pair { images, labels, .. } = idx::read_bytes(images, labels)?;
        Ok(Self { images, labels })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The pixels of an image, row by row, `[28 × 28]`: 0 is background, 255 is full ink.
    ///
    /// # Panics
    ///
    /// When `index` is not below [`len`](Self::len), as indexing does.
    pub fn image(&self, index: usize) -> &[u8; PIXELS] {
        &self.images[index]
    }

    /// The digit that an image shows, 0 to 9.
    ///
    /// # Panics
    ///
    /// When `index` is not below [`len`](Self::len), as indexing does.
    pub fn label(&self, index: usize) -> u8 {
        self.labels[index]
    }

    /// All images, in order.
    pub fn images(&self) -> &[[u8; PIXELS]] {
        &self.images
    }

    /// All labels, in order.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// A copy of the images and labels in `range`, as far as they exist.
    pub fn slice(&self, range: Range<usize>) -> Self {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        Self {
            images: self.images[start..end].to_vec(),
            labels: self.labels[start..end].to_vec(),
        }
    }

    /// Other images with the same labels, as many.
    pub(crate) fn with_images(&self, images: impl Iterator<Item = [u8; PIXELS]>) -> Self {
        Self {
            images: images.collect(),
            labels: self.labels.clone(),
        }
    }

    /// Removes and returns everything from `index` on.
    fn split_off(&mut self, index: usize) -> Self {
        Self {
            images: self.images.split_off(index),
            labels: self.labels.split_off(index),
        }
    }
}

/// Says how many there are; 47 million pixels are of no use to anybody who debugs.
impl fmt::Debug for Digits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digits({} images)", self.len())
    }
}

/// Which images an experiment trains on, and which it is evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Train on all training images but the last [`HOLDOUT_IMAGES`], evaluate on these. For choosing between recipes.
    Holdout,
    /// Train on all training images, evaluate on the test images. For the final numbers.
    Test,
    /// Train on all training images but the last [`HOLDOUT_IMAGES`] and on the test images, evaluate on the held-out
    /// training images. Whether a result on the test images carries over to others.
    Swapped,
}

/// A data set in memory: MNIST, or any other in the same files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mnist {
    /// What tells it from others.
    pub data_set: DataSet,
    /// The training set.
    pub train: Digits,
    /// The test set.
    pub test: Digits,
}

impl Mnist {
    /// Reads the four IDX files of `directory`, each plain or compressed with gzip. They may be another data set's, such as
    /// Fashion-MNIST.
    ///
    /// # Errors
    ///
    /// When the directory or a file cannot be read, or when a file is anything but what its name says; see
    /// [`DataError`].
    pub fn load(directory: &Path) -> Result<Self, DataError> {
        Self::read(directory, false)
    }

    /// Reads the four files of `directory` as [`load`](Self::load) does, and refuses any that is not MNIST's own: the
    /// SHA-256 of the uncompressed content decides.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), and when a checksum differs.
    pub fn load_verified(directory: &Path) -> Result<Self, DataError> {
        Self::read(directory, true)
    }

    fn read(directory: &Path, verify: bool) -> Result<Self, DataError> {
        let owned = || directory.to_owned();
        match fs::metadata(directory) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(DataError::NotADirectory { directory: owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DataError::DirectoryMissing { directory: owned() });
            }
            Err(reason) => {
                let path = owned();
                return Err(DataError::Unreadable { path, reason });
            }
        }
        let train = idx::read_pair(directory, &TRAIN, verify)?;
        let test = idx::read_pair(directory, &TEST, verify)?;
        let checksums = [train.checksums, test.checksums];
        let digits = |images, labels| Digits { images, labels };
        Ok(Self {
            data_set: DataSet::new(directory, checksums.as_flattened()),
            train: digits(train.images, train.labels),
            test: digits(test.images, test.labels),
        })
    }

    /// The digits to train on and the digits to evaluate on.
    ///
    /// # Errors
    ///
    /// With any but [`Split::Test`], when there are not more than [`HOLDOUT_IMAGES`] training images.
    pub fn split(mut self, split: Split) -> Result<(Digits, Digits), DataError> {
        if split == Split::Test {
            return Ok((self.train, self.test));
        }
        let found = self.train.len();
        let kept = found.saturating_sub(HOLDOUT_IMAGES);
        if kept == 0 {
            return Err(DataError::TooFewForHoldout { found });
        }
        let holdout = self.train.split_off(kept);
        if split == Split::Swapped {
            self.train.images.extend(self.test.images);
            self.train.labels.extend(self.test.labels);
        }
        Ok((self.train, holdout))
    }
}
