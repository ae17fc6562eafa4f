//! Random numbers as functions of (seed, epoch, index).
//!
//! A generator that is passed from image to image makes every draw depend on all draws before it: on the
//! batch size, on the number of workers, on who came first. Here each image has a generator of its own, whose key
//! is *what it is for*. A ChaCha key is 256 bits, exactly enough for seed, epoch, index and purpose, so two
//! generators never share a stream, and setting one up costs less than one resampled row of pixels.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are drawn for; part of a generator's key.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// The order of the images in an epoch.
    Order = 0,
    /// The augmentation of an image.
    Augmentation = 1,
    /// The seed that the device gets for an epoch.
    Device = 2,
    /// The dropout of a step.
    Dropout = 3,
}

/// The generator for one purpose, with the key (seed, epoch, index, purpose). Epochs and indices count from 0.
pub fn generator(seed: u64, epoch: usize, index: usize, purpose: Purpose) -> ChaCha8Rng {
    let words = [seed, epoch as u64, index as u64, purpose as u64];
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}
