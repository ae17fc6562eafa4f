//! Augmentation: a digit that is moved, turned, scaled or sheared a little is still the same digit.
//!
//! All four are drawn first and multiplied into one affine map, so an image is resampled once and blurred once.
//! The map leads from the *result* back to the source: every pixel of the result looks up where it comes from, and
//! none is left out.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::{IMAGE_SIDE, PIXELS};

/// How far images are moved, turned, scaled and sheared at most. Each amount is drawn uniformly between minus and plus
/// the value, about the centre of the image; 0 leaves that property alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Translation in pixels, drawn for each of the two axes.
    pub translation_pixels: f32,
    /// Rotation in degrees.
    pub rotation_degrees: f32,
    /// Scaling as a fraction, the same for both axes: 0.1 draws a factor between 0.9 and 1.1. Below 1.
    pub scaling: f32,
    /// Horizontal shear in degrees: the angle by which vertical strokes lean.
    pub shear_degrees: f32,
    /// Elastic distortion in pixels: each point of a 5×5 grid over the image is moved by so much along each axis, and what
    /// lies between the points by an interpolated amount (after P. Y. Simard, D. Steinkraus and J. C. Platt, "Best Practices
    /// for Convolutional Neural Networks Applied to Visual Document Analysis", 2003).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub elastic_pixels: f32,
}

fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

impl Augmentation {
    /// Draws an affine map and resamples `image` (`[28 × 28]`, row by row) with it: bilinear, with background outside
    /// of the image. Pixels stay on the scale of 0 to 255.
    pub fn apply(&self, image: &[u8; PIXELS], random: &mut impl Rng) -> [f32; PIXELS] {
        let map = self.draw(random);
        let warp = (self.elastic_pixels != 0.0).then(|| Warp::draw(self.elastic_pixels, random));
        resample(image, &map, warp.as_ref())
    }

    /// Draws a map. The number of draws is always the same, so that changing one amount does not change the
    /// random part of the others.
    fn draw(&self, random: &mut impl Rng) -> AffineMap {
        let translation = [(); 2].map(|()| self.translation_pixels * symmetric(random));
        let angle = (self.rotation_degrees * symmetric(random)).to_radians();
        let factor = 1.0 + self.scaling * symmetric(random);
        let shear = (self.shear_degrees * symmetric(random)).to_radians().tan();
        AffineMap::new(translation, angle, factor, shear)
    }
}

/// A number drawn uniformly from −1 to 1. Spelled out because rand may change its own conversion from version to
/// version, and recorded results must stay reproducible.
fn symmetric(random: &mut impl Rng) -> f32 {
    // 24 bits are what an f32 holds exactly.
    (random.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// Where each pixel of the result comes from: source = matrix · pixel + offset, both as (x, y) with x to the right, y
/// downwards, and (0, 0) the centre of the first pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AffineMap {
    matrix: [[f32; 2]; 2],
    offset: [f32; 2],
}

impl AffineMap {
    /// The inverse of: scale by `factor`, shear horizontally by `shear` (x per y), rotate by `angle` (radians,
    /// clockwise as seen), all about the centre, then translate.
    pub(crate) fn new(translation: [f32; 2], angle: f32, factor: f32, shear: f32) -> Self {
        let (sine, cosine) = angle.sin_cos();
        // 1/factor · [[1, −shear], [0, 1]] · [[cosine, sine], [−sine, cosine]]
        let matrix = [
            [cosine + shear * sine, sine - shear * cosine],
            [-sine, cosine],
        ]
        .map(|row| row.map(|value| value / factor));
        // The centre lies between pixels 13 and 14.
        let centre = (IMAGE_SIDE - 1) as f32 / 2.0;
        let [x, y] = translation.map(|shift| centre + shift);
        let offset = matrix.map(|row| centre - (row[0] * x + row[1] * y));
        Self { matrix, offset }
    }
}

/// Points of the grid that a [`Warp`] moves, along each axis.
const GRID: usize = 5;

/// By how much each pixel of the result looks elsewhere than an [`AffineMap`] says, in pixels along x and y, bilinear between
/// the points of a grid.
pub(crate) struct Warp([[[f32; GRID]; GRID]; 2]);

impl Warp {
    fn draw(amount: f32, random: &mut impl Rng) -> Self {
        Self([(); 2].map(|()| [(); GRID].map(|()| [(); GRID].map(|()| amount * symmetric(random)))))
    }

    /// The offsets of one row of pixels along x and y.
    fn row(&self, row: usize) -> [[f32; IMAGE_SIDE]; 2] {
        let (above, down) = Self::cell(row);
        self.0.each_ref().map(|grid| {
            let points: [f32; GRID] = std::array::from_fn(|point| {
                grid[above][point] + (grid[above + 1][point] - grid[above][point]) * down
            });
            std::array::from_fn(|column| {
                let (left, right) = Self::cell(column);
                points[left] + (points[left + 1] - points[left]) * right
            })
        })
    }

    /// The grid cell that a row or column of pixels lies in, and how far in it, from 0 to 1.
    fn cell(position: usize) -> (usize, f32) {
        let position = (position * (GRID - 1)) as f32 / (IMAGE_SIDE - 1) as f32;
        let cell = (position as usize).min(GRID - 2);
        (cell, position - cell as f32)
    }
}

/// Pixels of background around the image on the left and above, so that bilinear weights need no special case.
const BORDER: usize = 1;

/// Width of the padded image: a power of two, for cheap indexing. At least `IMAGE_SIDE + 3`.
const STRIDE: usize = 32;

/// The greatest padded coordinate that is looked up; from there on, everything is background.
const LAST: f32 = (IMAGE_SIDE + BORDER) as f32;

/// The image as seen through `map` and `warp`: bilinear interpolation, background (0) outside.
///
/// Row by row, and each row in two passes: where its pixels come from, which vector instructions compute, and the
/// interpolation.
pub(crate) fn resample(
    image: &[u8; PIXELS],
    map: &AffineMap,
    warp: Option<&Warp>,
) -> [f32; PIXELS] {
    let padded = pad(image);
    let [[x_per_column, x_per_row], [y_per_column, y_per_row]] = map.matrix;
    let mut result = [0.0; PIXELS];
    for (row, pixels) in result.chunks_exact_mut(IMAGE_SIDE).enumerate() {
        let [x_warp, y_warp] = warp.map_or([ROW; 2], |warp| warp.row(row));
        let row = row as f32;
        let x_start = map.offset[0] + x_per_row * row;
        let y_start = map.offset[1] + y_per_row * row;
        let (mut places, mut right, mut down) = ([0; IMAGE_SIDE], ROW, ROW);
        for column in 0..IMAGE_SIDE {
            let x = within(x_start + x_per_column * column as f32 + x_warp[column]);
            let y = within(y_start + y_per_column * column as f32 + y_warp[column]);
            let (left, above) = (x as i32, y as i32);
            places[column] = (above * STRIDE as i32 + left) as u32;
            right[column] = x - left as f32;
            down[column] = y - above as f32;
        }
        for column in 0..IMAGE_SIDE {
            let place = places[column] as usize;
            // The remainder never acts; it shows the compiler that no index needs a check.
            let at = |offset: usize| padded[(place + offset) % (STRIDE * STRIDE)];
            let blend = |start: f32, end: f32, weight: f32| start + (end - start) * weight;
            let above = blend(at(0), at(1), right[column]);
            let below = blend(at(STRIDE), at(STRIDE + 1), right[column]);
            pixels[column] = blend(above, below, down[column]);
        }
    }
    result
}

/// A row of the result.
const ROW: [f32; IMAGE_SIDE] = [0.0; IMAGE_SIDE];

/// A coordinate of the padded image. Far outside is as good as just outside: the border.
#[expect(clippy::manual_clamp, reason = "`clamp` would let a NaN through")]
#[inline]
fn within(coordinate: f32) -> f32 {
    // `max` also turns a NaN, from a factor of 0, into 0.
    (coordinate + BORDER as f32).max(0.0).min(LAST)
}

/// The image with background around it.
fn pad(image: &[u8; PIXELS]) -> [f32; STRIDE * STRIDE] {
    let mut padded = [0.0; STRIDE * STRIDE];
    let rows = padded.chunks_exact_mut(STRIDE).skip(BORDER);
    for (padded_row, row) in rows.zip(image.chunks_exact(IMAGE_SIDE)) {
        for (value, &pixel) in padded_row[BORDER..].iter_mut().zip(row) {
            *value = f32::from(pixel);
        }
    }
    padded
}

#[cfg(test)]
mod tests {
    use std::f32::consts::FRAC_PI_2;

    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// An image without symmetry, with ink up to the edges.
    fn pattern() -> [u8; PIXELS] {
        std::array::from_fn(|index| (index * 37 % 251) as u8)
    }

    fn pixel(image: &[u8; PIXELS], row: isize, column: isize) -> f32 {
        let inside = 0..IMAGE_SIDE as isize;
        if inside.contains(&row) && inside.contains(&column) {
            f32::from(image[row as usize * IMAGE_SIDE + column as usize])
        } else {
            0.0
        }
    }

    /// Compares every pixel with `expected(row, column)`.
    fn assert_pixels(
        result: &[f32; PIXELS],
        tolerance: f32,
        expected: impl Fn(isize, isize) -> f32,
    ) {
        for (index, &found) in result.iter().enumerate() {
            let (row, column) = ((index / IMAGE_SIDE) as isize, (index % IMAGE_SIDE) as isize);
            let expected = expected(row, column);
            assert!(
                (found - expected).abs() <= tolerance,
                "row {row}, column {column}: {found} instead of {expected}"
            );
        }
    }

    /// The ink-weighted mean position (x, y).
    fn centre_of_mass(image: &[f32; PIXELS]) -> [f32; 2] {
        let total: f32 = image.iter().sum();
        let mean = |position: fn(usize) -> usize| {
            let weighted = image
                .iter()
                .enumerate()
                .map(|(index, ink)| ink * position(index) as f32);
            weighted.sum::<f32>() / total
        };
        [
            mean(|index| index % IMAGE_SIDE),
            mean(|index| index / IMAGE_SIDE),
        ]
    }

    /// A 4×4 block of ink whose centre is the image's.
    fn central_block() -> [u8; PIXELS] {
        std::array::from_fn(|index| {
            let inside = 12..16;
            let covered =
                inside.contains(&(index / IMAGE_SIDE)) && inside.contains(&(index % IMAGE_SIDE));
            if covered { 200 } else { 0 }
        })
    }

    const NONE: Augmentation = Augmentation {
        translation_pixels: 0.0,
        rotation_degrees: 0.0,
        scaling: 0.0,
        shear_degrees: 0.0,
        elastic_pixels: 0.0,
    };

    #[test]
    fn identity_is_exact() {
        let image = pattern();
        let result = resample(&image, &AffineMap::new([0.0, 0.0], 0.0, 1.0, 0.0), None);
        assert_eq!(result, image.map(f32::from));
        let mut random = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(NONE.apply(&image, &mut random), image.map(f32::from));
    }

    #[test]
    fn integer_translation_is_exact() {
        let image = pattern();
        for (x, y) in [(3, 0), (0, -2), (-5, 7), (27, 27), (28, 0), (0, -400)] {
            let result = resample(
                &image,
                &AffineMap::new([x as f32, y as f32], 0.0, 1.0, 0.0),
                None,
            );
            assert_pixels(&result, 0.0, |row, column| {
                pixel(&image, row - y, column - x)
            });
        }
    }

    #[test]
    fn half_pixel_translation_averages_neighbours_and_background() {
        let image = pattern();
        let result = resample(&image, &AffineMap::new([0.5, 0.0], 0.0, 1.0, 0.0), None);
        assert_pixels(&result, 1e-3, |row, column| {
            (pixel(&image, row, column - 1) + pixel(&image, row, column)) / 2.0
        });
    }

    #[test]
    fn quarter_turn_is_transposition_and_flip() {
        let image = pattern();
        let result = resample(
            &image,
            &AffineMap::new([0.0, 0.0], FRAC_PI_2, 1.0, 0.0),
            None,
        );
        // Clockwise: the first row becomes the last column.
        assert_pixels(&result, 1e-3, |row, column| pixel(&image, 27 - column, row));
    }

    #[test]
    fn scaling_keeps_the_centre_and_changes_the_area() {
        let image = central_block();
        let ink = |image: &[f32; PIXELS]| image.iter().sum::<f32>();
        let original = ink(&image.map(f32::from));
        for factor in [0.5, 0.8, 1.25, 2.0] {
            let result = resample(&image, &AffineMap::new([0.0, 0.0], 0.0, factor, 0.0), None);
            for position in centre_of_mass(&result) {
                assert!(
                    (position - 13.5).abs() < 1e-3,
                    "factor {factor}: {position}"
                );
            }
            let ratio = ink(&result) / original / (factor * factor);
            assert!(
                (0.9..1.1).contains(&ratio),
                "factor {factor}: area off by {ratio}"
            );
        }
    }

    #[test]
    fn shear_moves_rows_sideways() {
        let image = pattern();
        let result = resample(&image, &AffineMap::new([0.0, 0.0], 0.0, 1.0, 2.0), None);
        // x per y is 2, and row 13.5 stays: row r moves by 2r − 27 pixels.
        assert_pixels(&result, 1e-3, |row, column| {
            pixel(&image, row, column - (2 * row - 27))
        });
    }

    #[test]
    fn map_inverts_scaling_shear_rotation_and_translation_in_this_order() {
        let (translation, angle, factor, shear) = ([2.0, -3.0], 0.3_f32, 1.2, 0.4);
        let map = AffineMap::new(translation, angle, factor, shear);
        let (x, y) = (5.0 * factor, -4.0 * factor);
        let (x, y) = (x + shear * y, y);
        let (sine, cosine) = angle.sin_cos();
        let (x, y) = (cosine * x - sine * y, sine * x + cosine * y);
        let moved = [13.5 + x + translation[0], 13.5 + y + translation[1]];
        let back: Vec<f32> = (0..2)
            .map(|axis| {
                let [per_x, per_y] = map.matrix[axis];
                per_x * moved[0] + per_y * moved[1] + map.offset[axis]
            })
            .collect();
        assert!(
            (back[0] - 18.5).abs() < 1e-4 && (back[1] - 9.5).abs() < 1e-4,
            "{back:?}"
        );
    }

    #[test]
    fn draws_fill_the_range_and_stay_in_it() {
        let augmentation = Augmentation {
            translation_pixels: 2.0,
            ..NONE
        };
        let image = central_block();
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let shifts: Vec<f32> = (0..500)
            .flat_map(|_| centre_of_mass(&augmentation.apply(&image, &mut random)))
            .map(|position| position - 13.5)
            .collect();
        let smallest = shifts.iter().copied().fold(f32::MAX, f32::min);
        let greatest = shifts.iter().copied().fold(f32::MIN, f32::max);
        assert!((-2.001..-1.95).contains(&smallest), "{smallest}");
        assert!((1.95..2.001).contains(&greatest), "{greatest}");
        let mean = shifts.iter().sum::<f32>() / shifts.len() as f32;
        assert!(mean.abs() < 0.15, "{mean}");
    }

    #[test]
    fn one_amount_does_not_change_the_draw_of_another() {
        let turned = Augmentation {
            rotation_degrees: 10.0,
            ..NONE
        };
        let turned_and_moved = Augmentation {
            translation_pixels: 2.0,
            ..turned
        };
        let draw =
            |augmentation: Augmentation| augmentation.draw(&mut ChaCha8Rng::seed_from_u64(3));
        assert_ne!(draw(turned).offset, draw(turned_and_moved).offset);
        assert_eq!(draw(turned).matrix, draw(turned_and_moved).matrix);
    }

    #[test]
    fn a_warp_of_equal_offsets_is_a_translation() {
        let image = pattern();
        let identity = AffineMap::new([0.0, 0.0], 0.0, 1.0, 0.0);
        let warp = Warp([[[2.0; GRID]; GRID], [[-3.0; GRID]; GRID]]);
        let result = resample(&image, &identity, Some(&warp));
        assert_pixels(&result, 1e-3, |row, column| {
            pixel(&image, row - 3, column + 2)
        });
    }

    #[test]
    fn a_warp_moves_what_is_near_a_point_and_nothing_farther_away() {
        let mut offsets = [[[0.0; GRID]; GRID]; 2];
        offsets[0][2][2] = 1.5;
        let warp = Warp(offsets);
        for row in 0..IMAGE_SIDE {
            let [x, y] = warp.row(row);
            assert_eq!(y, ROW);
            for (column, offset) in x.into_iter().enumerate() {
                // The point lies in the middle, its neighbours a quarter of the side away.
                let weight = |position: usize| {
                    (1.0 - (position as f32 - 13.5).abs() / (27.0 / 4.0)).max(0.0)
                };
                let expected = 1.5 * weight(row) * weight(column);
                assert!(
                    (offset - expected).abs() < 1e-5,
                    "{row}, {column}: {offset}"
                );
            }
        }
    }

    #[test]
    fn maps_that_make_no_sense_give_background_and_no_panic() {
        let image = pattern();
        for (shift, factor) in [
            (f32::INFINITY, 1.0),
            (f32::NAN, 1.0),
            (0.0, 0.0),
            (1e30, 1e-30),
        ] {
            let result = resample(
                &image,
                &AffineMap::new([shift, 0.0], 0.0, factor, 0.0),
                None,
            );
            assert!(result.iter().all(|value| value.is_finite()));
        }
    }
}
