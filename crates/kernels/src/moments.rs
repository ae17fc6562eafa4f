//! The sums that batch normalisation needs of a channel.

use pulp::Simd;

use crate::simd::{Lanes, multiply_add, vectors, vectors_per_pixel};

/// The sum, and the sum of squares, of a channel's values in the first `images` images of a block.
///
/// Each image is summed about its own first value, so that a mean far from zero does not drown the variance.
#[inline(always)]
pub(crate) fn moments<S: Simd>(simd: S, channel: &[Lanes], images: usize) -> (f64, f64) {
    const AT_ONCE: usize = 4;
    let zero = simd.splat_f32s(0.0);
    let Some(first) = channel.first() else {
        return (0.0, 0.0);
    };
    // A sum about infinity would be no number, where the sum itself is infinite.
    let origin =
        [Lanes(first.0.map(|value| {
            if value.is_finite() { value } else { 0.0 }
        }))];
    let (mut sum, mut square) = (0.0, 0.0);
    let per_pixel = vectors_per_pixel::<S>();
    let values = vectors::<S>(channel);
    for part in 0..per_pixel {
        let about = vectors::<S>(&origin)[part];
        let mut sums = [zero; AT_ONCE];
        let mut squares = [zero; AT_ONCE];
        let (groups, rest) =
            values.split_at(values.len() / (AT_ONCE * per_pixel) * AT_ONCE * per_pixel);
        for group in groups.chunks_exact(AT_ONCE * per_pixel) {
            for at in 0..AT_ONCE {
                let value = simd.sub_f32s(group[at * per_pixel + part], about);
                sums[at] = simd.add_f32s(sums[at], value);
                squares[at] = multiply_add(simd, value, value, squares[at]);
            }
        }
        for pixel in rest.chunks_exact(per_pixel) {
            let value = simd.sub_f32s(pixel[part], about);
            sums[0] = simd.add_f32s(sums[0], value);
            squares[0] = multiply_add(simd, value, value, squares[0]);
        }
        for at in 1..AT_ONCE {
            sums[0] = simd.add_f32s(sums[0], sums[at]);
            squares[0] = simd.add_f32s(squares[0], squares[at]);
        }
        let sums: &[f32] = bytemuck::must_cast_slice(&sums[..1]);
        let squares: &[f32] = bytemuck::must_cast_slice(&squares[..1]);
        let count = channel.len() as f64;
        let images = images.saturating_sub(part * S::F32_LANES);
        for (lane, (&centred, &squared)) in sums.iter().zip(squares).enumerate().take(images) {
            let origin = f64::from(origin[0].0[part * S::F32_LANES + lane]);
            let (centred, squared) = (f64::from(centred), f64::from(squared));
            sum += centred + count * origin;
            square += squared + origin * (2.0 * centred + count * origin);
        }
    }
    (sum, square)
}
