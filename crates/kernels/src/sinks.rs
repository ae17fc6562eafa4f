//! What becomes of the gradients that a block's backward pass finds value by value: first they are summed, for batch
//! normalisation, then they go through it and are stored.

use pulp::Simd;

use crate::simd::{LANES, Lanes, multiply_add, vectors_mut, vectors_per_pixel};

/// What is made of the gradient of each value of a channel after batch normalisation.
pub(crate) trait Sink<S: Simd> {
    /// Takes the vector number `at` of the channel: the convolution's output less its mean, and the gradient.
    fn take(&mut self, simd: S, at: usize, centred: S::f32s, gradient: S::f32s);

    /// Takes a pooling window's four vectors, numbers `at` of the channel, of which each image's largest has the
    /// gradient, and the others none.
    #[inline(always)]
    fn take_window(&mut self, simd: S, at: [usize; 4], window: &Centred<S>, gradient: S::f32s) {
        let zero = simd.splat_f32s(0.0);
        for place in 0..4 {
            let here = simd.equal_f32s(window.place, simd.splat_f32s(place as f32));
            let gradient = simd.select_f32s(here, gradient, zero);
            self.take(simd, at[place], window.values[place], gradient);
        }
    }
}

/// A pooling window's four values and, for each image, the largest and which one that is; the values are the
/// convolution's output less its mean.
pub(crate) struct Centred<S: Simd> {
    pub(crate) values: [S::f32s; 4],
    pub(crate) largest: S::f32s,
    pub(crate) place: S::f32s,
}

/// Sums the gradients, and the gradients times the centred values, of each image.
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

    /// The two sums over the first `images` images.
    #[inline(always)]
    pub(crate) fn totals(&self, images: usize) -> (f64, f64) {
        (
            total::<S>(&self.gradient, images),
            total::<S>(&self.product, images),
        )
    }
}

/// The sum of the first `images` of the values that begin with one vector for each part of a pixel.
#[inline(always)]
fn total<S: Simd>(vectors: &[S::f32s], images: usize) -> f64 {
    let values: &[f32] = bytemuck::must_cast_slice(vectors);
    values[..images].iter().copied().map(f64::from).sum()
}

impl<S: Simd> Sink<S> for Sums<S> {
    #[inline(always)]
    fn take(&mut self, simd: S, at: usize, centred: S::f32s, gradient: S::f32s) {
        let part = at % vectors_per_pixel::<S>();
        self.gradient[part] = simd.add_f32s(self.gradient[part], gradient);
        self.product[part] = multiply_add(simd, centred, gradient, self.product[part]);
    }

    #[inline(always)]
    fn take_window(&mut self, simd: S, at: [usize; 4], window: &Centred<S>, gradient: S::f32s) {
        self.take(simd, at[0], window.largest, gradient);
    }
}

/// Stores the gradient of the convolution's output.
///
/// Through batch normalisation it is `scale` · (gradient − `mean` − centred value · `slope`), as in the backward pass
/// of S. Ioffe and C. Szegedy, "Batch Normalization", 2015; without it, the gradient as it is.
pub(crate) struct Store<'a, S: Simd> {
    to: &'a mut [S::f32s],
    through: Option<[S::f32s; 3]>,
}

/// What [`Store`] needs of a channel to go through its batch normalisation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Through {
    pub(crate) scale: f32,
    pub(crate) mean: f32,
    pub(crate) slope: f32,
}

impl<'a, S: Simd> Store<'a, S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, to: &'a mut [Lanes], through: Option<Through>) -> Self {
        // A closure for `map` would not be compiled for the instruction set.
        #[allow(clippy::manual_map)]
        let through = match through {
            Some(Through { scale, mean, slope }) => Some([
                simd.splat_f32s(scale),
                simd.splat_f32s(mean),
                simd.splat_f32s(-slope),
            ]),
            None => None,
        };
        Self {
            to: vectors_mut::<S>(to),
            through,
        }
    }
}

impl<S: Simd> Sink<S> for Store<'_, S> {
    #[inline(always)]
    fn take(&mut self, simd: S, at: usize, centred: S::f32s, gradient: S::f32s) {
        self.to[at] = match self.through {
            Some([scale, mean, slope]) => {
                let rest = simd.sub_f32s(gradient, mean);
                simd.mul_f32s(scale, multiply_add(simd, centred, slope, rest))
            }
            None => gradient,
        };
    }
}
