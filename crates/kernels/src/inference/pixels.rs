//! From pixels to values.

use std::array;

use super::maps::Maps;
use crate::simd::LANES;

/// How a pixel of 0 to 255 becomes a value: pixel · `scale` + `shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixels {
    /// Factor.
    pub scale: f32,
    /// Summand.
    pub shift: f32,
}

impl Pixels {
    #[inline(always)]
    fn value(self, pixel: u8) -> f32 {
        f32::from(pixel) * self.scale + self.shift
    }

    /// The values of one image `[channels, height, width]`.
    #[inline(always)]
    pub(super) fn read(self, maps: &Maps, image: &[u8], values: &mut [f32]) {
        let planes = values.chunks_exact_mut(maps.plane);
        for (plane, image) in planes.zip(image.chunks_exact(maps.reach())) {
            for (value, pixel) in plane.iter_mut().zip(image) {
                *value = self.value(*pixel);
            }
        }
    }

    /// The values of at most sixteen images side by side.
    #[inline(always)]
    pub(super) fn read_side_by_side(self, maps: &Maps, images: &[&[u8]], values: &mut [f32]) {
        /// Pixels of an image to read at once.
        const AT_ONCE: usize = size_of::<u32>();
        // Where there is no image, another is computed again.
        let images: [&[u8]; LANES] = array::from_fn(|lane| images[lane.min(images.len() - 1)]);
        let area = maps.height * maps.width;
        for channel in 0..maps.channels {
            let images = images.map(|image| &image[channel * area..][..area]);
            let (values, _) = values[channel * maps.plane..].as_chunks_mut::<LANES>();
            let values = &mut values[..area];
            let (groups, rest) = values.as_chunks_mut::<AT_ONCE>();
            for (group, pixels) in groups.iter_mut().enumerate() {
                let first = group * AT_ONCE;
                let words: [u32; LANES] = array::from_fn(|lane| {
                    let bytes = &images[lane][first..][..AT_ONCE];
                    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
                });
                for (place, pixel) in pixels.iter_mut().enumerate() {
                    for (value, word) in pixel.iter_mut().zip(words) {
                        *value = self.value((word >> (8 * place)) as u8);
                    }
                }
            }
            for (pixel, values) in (area - rest.len()..area).zip(rest) {
                for (value, image) in values.iter_mut().zip(images) {
                    *value = self.value(image[pixel]);
                }
            }
        }
    }
}
