//! Sums over a channel, image by image.

use pulp::Simd;

use crate::simd::{LANES, multiply_add, vectors_per_pixel};

/// Pixels whose sums are kept apart.
const PIXELS_AT_ONCE: usize = 4;

/// Sums the gradients, and the gradients times the centred values, of each image: what batch normalisation's gradients are
/// made of.
pub(crate) struct Sums<S: Simd> {
    gradient: [S::f32s; LANES],
    product: [S::f32s; LANES],
}

impl<S: Simd> Sums<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S) -> Self {
        Self {
            gradient: [simd.splat_f32s(0.0); LANES],
            product: [simd.splat_f32s(0.0); LANES],
        }
    }

    /// Vectors to add at once: those of a few pixels, so that a sum need not wait for the one before.
    #[inline(always)]
    pub(crate) const fn at_once() -> usize {
        PIXELS_AT_ONCE * vectors_per_pixel::<S>()
    }

    /// Adds the vector number `slot` of a few pixels.
    #[inline(always)]
    pub(crate) fn add(&mut self, simd: S, slot: usize, centred: S::f32s, gradient: S::f32s) {
        self.gradient[slot] = simd.add_f32s(self.gradient[slot], gradient);
        self.product[slot] = multiply_add(simd, centred, gradient, self.product[slot]);
    }

    /// The two sums over the first `images` images.
    #[inline(always)]
    pub(crate) fn totals(self, simd: S, images: usize) -> (f64, f64) {
        (
            total(simd, self.gradient, images),
            total(simd, self.product, images),
        )
    }
}

/// The sum of the first `images` values of all pixels.
#[inline(always)]
fn total<S: Simd>(simd: S, mut vectors: [S::f32s; LANES], images: usize) -> f64 {
    let per_pixel = vectors_per_pixel::<S>();
    for slot in per_pixel..Sums::<S>::at_once() {
        vectors[slot % per_pixel] = simd.add_f32s(vectors[slot % per_pixel], vectors[slot]);
    }
    let values: &[f32] = bytemuck::must_cast_slice(&vectors[..per_pixel]);
    values[..images].iter().copied().map(f64::from).sum()
}

/// The sum of the lanes of a pixel's vectors: halves are added to each other until one value remains, in the same order
/// whatever the width of a vector.
#[inline(always)]
pub(crate) fn sum_of_lanes<S: Simd>(simd: S, parts: &[S::f32s]) -> f32 {
    let mut halved = [simd.splat_f32s(0.0); LANES];
    let mut count = vectors_per_pixel::<S>();
    halved[..count].copy_from_slice(&parts[..count]);
    while count > 1 {
        count /= 2;
        for part in 0..count {
            halved[part] = simd.add_f32s(halved[part], halved[part + count]);
        }
    }
    simd.reduce_sum_f32s(halved[0])
}
