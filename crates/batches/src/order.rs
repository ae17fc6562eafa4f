//! The order of the images in an epoch.

use mnist::random::{Purpose, generator};
use rand::Rng;

/// The order in which `len` images are shown in an epoch (counted from 0): a permutation of 0 to `len` − 1.
///
/// This is a Fisher–Yates shuffle, spelled out because rand may change its own from version to version, and recorded
/// results must stay reproducible.
pub fn epoch_order(seed: u64, epoch: usize, len: usize) -> Vec<u32> {
    let mut random = generator(seed, epoch, 0, Purpose::Order);
    let mut order: Vec<u32> = (0..len as u32).collect();
    for last in (1..len).rev() {
        // A 64-bit fraction of the range: the bias is below 2⁻⁴⁰ for a million images.
        let chosen = (u128::from(random.next_u64()) * (last as u128 + 1)) >> 64;
        order.swap(last, chosen as usize);
    }
    order
}
