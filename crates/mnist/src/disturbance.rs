//! Disturbed images: what a network does on digits that are not centred, not upright, not sharp or not clean.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::augmentation::{AffineMap, resample};
use crate::{Digits, IMAGE_SIDE, PIXELS};

/// Pixels of the shift. MNIST's digits leave a margin of 4, so none of a digit is lost.
pub const SHIFT_PIXELS: f32 = 3.0;
/// Degrees of the rotation.
pub const ROTATION_DEGREES: f32 = 15.0;
/// Standard deviation of the blur, in pixels.
pub const BLUR_PIXELS: f32 = 1.0;
/// Standard deviation of the noise, as a fraction of full ink.
pub const NOISE: f32 = 0.2;

/// A change to images that leaves their digits readable. It is a function of the image and its index alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disturbance {
    /// By [`SHIFT_PIXELS`]: right, down, left or up, in turns from image to image.
    Shift,
    /// By [`ROTATION_DEGREES`]: clockwise and counterclockwise, in turns from image to image.
    Rotation,
    /// With a Gaussian of [`BLUR_PIXELS`].
    Blur,
    /// Normally distributed, of [`NOISE`], on each pixel by itself. What then lies beyond paper or full ink is cut off.
    Noise,
}

impl Disturbance {
    /// Every disturbance.
    pub const ALL: [Self; 4] = [Self::Shift, Self::Rotation, Self::Blur, Self::Noise];

    /// What it is and how large, for people.
    pub fn description(self) -> String {
        match self {
            Self::Shift => format!("shifted by {SHIFT_PIXELS} pixels"),
            Self::Rotation => format!("rotated by {ROTATION_DEGREES}°"),
            Self::Blur => format!("blurred, σ = {BLUR_PIXELS} pixel"),
            Self::Noise => format!("noise, σ = {NOISE} of full ink"),
        }
    }

    /// The digits with all images disturbed.
    pub fn apply(self, digits: &Digits) -> Digits {
        let images = digits.images().iter().enumerate();
        digits.with_images(images.map(|(index, image)| self.disturbed(image, index)))
    }

    fn disturbed(self, image: &[u8; PIXELS], index: usize) -> [u8; PIXELS] {
        let through = |map| resample(image, &map, None);
        let pixels = match self {
            Self::Shift => {
                let [right, down] = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]][index % 4];
                let translation = [SHIFT_PIXELS * right, SHIFT_PIXELS * down];
                through(AffineMap::new(translation, 0.0, 1.0, 0.0))
            }
            Self::Rotation => {
                let direction = [1.0, -1.0][index % 2];
                let angle = (direction * ROTATION_DEGREES).to_radians();
                through(AffineMap::new([0.0; 2], angle, 1.0, 0.0))
            }
            Self::Blur => blurred(image),
            Self::Noise => {
                let mut random = ChaCha8Rng::seed_from_u64(index as u64);
                image.map(|pixel| f32::from(pixel) + 255.0 * NOISE * normal(&mut random))
            }
        };
        // The conversion cuts off what is beyond 0 and 255.
        pixels.map(|pixel| pixel.round() as u8)
    }
}

/// A number of mean 0 and variance 1, normally distributed but for its tails: the sum of twelve uniform numbers, which is the same
/// on every machine.
fn normal(random: &mut impl Rng) -> f32 {
    let sum: u32 = (0..12).map(|_| random.next_u32() >> 16).sum();
    sum as f32 / 65_536.0 - 6.0
}

/// A Gaussian blur with paper around the image, one axis after the other.
fn blurred(image: &[u8; PIXELS]) -> [f32; PIXELS] {
    const REACH: usize = 4;
    let weight = |distance: usize| (-0.5 * (distance as f32 / BLUR_PIXELS).powi(2)).exp();
    let sum: f32 = weight(0) + 2.0 * (1..=REACH).map(weight).sum::<f32>();
    let along = |image: &[f32; PIXELS], step: usize, position: fn(usize) -> usize| {
        std::array::from_fn(|pixel| {
            let mut value = weight(0) * image[pixel];
            for distance in 1..=REACH {
                let near = position(pixel);
                if near >= distance {
                    value += weight(distance) * image[pixel - distance * step];
                }
                if near + distance < IMAGE_SIDE {
                    value += weight(distance) * image[pixel + distance * step];
                }
            }
            value / sum
        })
    };
    let rows = along(&image.map(f32::from), 1, |pixel| pixel % IMAGE_SIDE);
    along(&rows, IMAGE_SIDE, |pixel| pixel / IMAGE_SIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(images: Vec<[u8; PIXELS]>) -> Digits {
        let labels = vec![0; images.len()];
        Digits::new(images, labels).unwrap()
    }

    /// Full ink in one pixel.
    fn dot(row: usize, column: usize) -> [u8; PIXELS] {
        let mut image = [0; PIXELS];
        image[row * IMAGE_SIDE + column] = 255;
        image
    }

    #[test]
    fn shifts_go_three_pixels_in_four_directions() {
        let moved = Disturbance::Shift.apply(&digits(vec![dot(14, 14); 4]));
        for (index, (row, column)) in [(14, 17), (17, 14), (14, 11), (11, 14)]
            .into_iter()
            .enumerate()
        {
            assert_eq!(moved.image(index), &dot(row, column), "image {index}");
        }
    }

    #[test]
    fn rotations_keep_the_ink_and_go_both_ways() {
        let moved = Disturbance::Rotation.apply(&digits(vec![dot(4, 14); 2]));
        let column_of_ink = |image: &[u8; PIXELS]| {
            let ink = |(pixel, &ink): (usize, &u8)| (pixel % IMAGE_SIDE) as f32 * f32::from(ink);
            let total: f32 = image.iter().map(|&ink| f32::from(ink)).sum();
            assert!((250.0..260.0).contains(&total), "{total}");
            image.iter().enumerate().map(ink).sum::<f32>() / total
        };
        // The dot lies 9.5 pixels above the centre and half a pixel to its right: clockwise, it goes to the right.
        let (sine, cosine) = 15_f32.to_radians().sin_cos();
        for (index, sine) in [(0, sine), (1, -sine)] {
            let expected = 13.5 + 0.5 * cosine + 9.5 * sine;
            let found = column_of_ink(moved.image(index));
            assert!((found - expected).abs() < 0.1, "{found}, not {expected}");
        }
    }

    #[test]
    fn a_blurred_dot_is_a_gaussian() {
        let blurred = Disturbance::Blur.apply(&digits(vec![dot(14, 14)]));
        for (row, column) in [(14, 14), (13, 14), (15, 16), (14, 11)] {
            let square = (row as f32 - 14.0).powi(2) + (column as f32 - 14.0).powi(2);
            // The density of the two-dimensional normal distribution of deviation 1.
            let expected = 255.0 * (-0.5 * square).exp() / std::f32::consts::TAU;
            let found = f32::from(blurred.image(0)[row * IMAGE_SIDE + column]);
            assert!((found - expected).abs() <= 1.0, "{found}, not {expected}");
        }
    }

    #[test]
    fn noise_has_the_stated_deviation_and_is_another_for_each_image() {
        let grey = digits(vec![[128; PIXELS]; 20]);
        let noisy = Disturbance::Noise.apply(&grey);
        let pixels: Vec<f64> = noisy
            .images()
            .as_flattened()
            .iter()
            .map(|&it| it.into())
            .collect();
        let mean = pixels.iter().sum::<f64>() / pixels.len() as f64;
        let squares = pixels.iter().map(|pixel| (pixel - mean).powi(2));
        let deviation = (squares.sum::<f64>() / pixels.len() as f64).sqrt();
        assert!((mean - 128.0).abs() < 2.0, "{mean}");
        // Less than 1 % of the pixels are cut off, at 2.5 deviations.
        assert!((deviation - 51.0).abs() < 1.5, "{deviation}");
        assert_ne!(noisy.image(0), noisy.image(1));
        assert_eq!(noisy, Disturbance::Noise.apply(&grey));
    }
}
