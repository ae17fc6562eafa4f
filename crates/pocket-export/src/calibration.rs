//! Which values each layer's outputs take.

use kernels::inference::{Layer, Network, Pixels, Shape};
use mnist::{Digits, HOLDOUT_IMAGES, IMAGE_SIDE, MEAN, PIXELS, STANDARD_DEVIATION};

/// A digit, which is what networks take here.
pub const IMAGE: Shape = Shape {
    channels: 1,
    height: IMAGE_SIDE,
    width: IMAGE_SIDE,
};

/// Every how many training images one is used. A thousand images see all values but a few in a million.
const EVERY: usize = 50;

/// Bits of a range that are kept. The last bits of a float depend on the machine's instructions, and what is exported should not.
const RANGE_BITS: u32 = 10;

/// The values of a layer's outputs; 0 is always in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Range {
    /// The smallest value, at most 0.
    pub smallest: f32,
    /// The largest value, at least 0.
    pub largest: f32,
}

impl Range {
    fn with(self, value: f32) -> Self {
        // NaN changes nothing here; weights that make any are refused later.
        Self {
            smallest: self.smallest.min(value),
            largest: self.largest.max(value),
        }
    }

    fn widened(self) -> Self {
        Self {
            smallest: -round_up(-self.smallest),
            largest: round_up(self.largest),
        }
    }
}

/// The training images for [`calibrate`]: every fiftieth of those that are not held out, so that a choice can be tried on the
/// held-out ones.
pub fn calibration_images(train: &Digits) -> impl Iterator<Item = &[u8; PIXELS]> {
    let kept = train.len().saturating_sub(HOLDOUT_IMAGES);
    train.images()[..kept].iter().step_by(EVERY)
}

/// The range of every layer's outputs, first to last, over all these images.
pub fn calibrate<'a>(
    layers: &[Layer],
    images: impl IntoIterator<Item = &'a [u8; PIXELS]>,
) -> Vec<Range> {
    let pixels = Pixels {
        scale: 1.0 / (255.0 * STANDARD_DEVIATION),
        shift: -MEAN / STANDARD_DEVIATION,
    };
    let network = Network::new(IMAGE, pixels, layers);
    let mut ranges = vec![Range::default(); layers.len()];
    for image in images {
        for (range, (_, values)) in ranges.iter_mut().zip(network.outputs(image)) {
            *range = values.into_iter().fold(*range, Range::with);
        }
    }
    ranges.into_iter().map(Range::widened).collect()
}

/// The next larger number, or this one, with few enough bits.
fn round_up(value: f32) -> f32 {
    let dropped = f32::MANTISSA_DIGITS - RANGE_BITS;
    let mask = (1_u32 << dropped) - 1;
    f32::from_bits((value.to_bits().saturating_add(mask)) & !mask)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_by_a_thousandth_at_most() {
        for value in [1.0_f32, 1.000_001, 3.7, 12_345.678, 1e-20] {
            let rounded = round_up(value);
            assert!(rounded >= value && rounded <= value * 1.002, "{rounded}");
            assert_eq!(round_up(rounded), rounded);
        }
        assert_eq!(round_up(0.0), 0.0);
    }
}
