//! What follows a convolution: batch normalisation, ReLU, dropout and max-pooling, in one pass over the map, and the
//! way back.

use pulp::Simd;

use crate::dropout::{Dropout, DropoutVectors};
use crate::simd::{Lanes, multiply_add, vectors, vectors_mut, vectors_per_pixel};
use crate::sinks::{Centred, Sink};

/// What follows the convolution of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    /// Whether negative values become zero.
    pub relu: bool,
    /// Dropout, after ReLU.
    pub dropout: Dropout,
    /// Whether only the largest value of each 2×2 window is kept, after dropout. An odd row or column at the end is
    /// left out.
    pub max_pool: bool,
}

/// A channel's affine function: (value − `mean`) · `scale` + `shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine {
    pub(crate) mean: f32,
    pub(crate) scale: f32,
    pub(crate) shift: f32,
}

impl Activation {
    /// How many values of a row, or of a column, become one.
    pub(crate) fn pooled(&self) -> usize {
        if self.max_pool { 2 } else { 1 }
    }
}

/// One channel of one block of images: where it is, and what is to be done to it.
#[derive(Clone, Copy)]
pub(crate) struct Channel {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) affine: Affine,
    pub(crate) activation: Activation,
    /// Number of the channel's first value in the layer's maps, for dropout.
    pub(crate) position: u64,
}

/// The vectors that [`Channel`] needs for each value.
#[derive(Clone, Copy)]
struct Constants<S: Simd> {
    mean: S::f32s,
    scale: S::f32s,
    shift: S::f32s,
    zero: S::f32s,
    dropout: DropoutVectors<S>,
    position: u64,
}

impl<S: Simd> Constants<S> {
    #[inline(always)]
    fn new(simd: S, channel: &Channel) -> Self {
        Self {
            mean: simd.splat_f32s(channel.affine.mean),
            scale: simd.splat_f32s(channel.affine.scale),
            shift: simd.splat_f32s(channel.affine.shift),
            zero: simd.splat_f32s(0.0),
            dropout: DropoutVectors::new(simd, channel.activation.dropout),
            position: channel.position,
        }
    }

    #[inline(always)]
    fn affine(&self, simd: S, value: S::f32s) -> S::f32s {
        let centred = simd.sub_f32s(value, self.mean);
        multiply_add(simd, centred, self.scale, self.shift)
    }

    /// The affine function and ReLU. Like Burn's, ReLU lets NaN through.
    #[inline(always)]
    fn relu<const RELU: bool>(&self, simd: S, value: S::f32s) -> S::f32s {
        let value = self.affine(simd, value);
        if RELU {
            let negative = simd.less_than_or_equal_f32s(value, self.zero);
            simd.select_f32s(negative, self.zero, value)
        } else {
            value
        }
    }

    /// The value at `pixel` after the affine function, ReLU and dropout.
    #[inline(always)]
    fn forward<const RELU: bool, const DROPOUT: bool>(
        &self,
        simd: S,
        value: S::f32s,
        pixel: usize,
        part: usize,
    ) -> S::f32s {
        let value = self.relu::<RELU>(simd, value);
        if DROPOUT {
            let position = self.position + pixel as u64;
            simd.mul_f32s(value, self.dropout.factors(simd, position, part))
        } else {
            value
        }
    }

    /// The gradient of the convolution's output after batch normalisation, from that of [`forward`](Self::forward).
    #[inline(always)]
    fn backward<const RELU: bool, const DROPOUT: bool>(
        &self,
        simd: S,
        value: S::f32s,
        gradient: S::f32s,
        pixel: usize,
        part: usize,
    ) -> S::f32s {
        let mut gradient = gradient;
        if DROPOUT {
            let position = self.position + pixel as u64;
            gradient = simd.mul_f32s(gradient, self.dropout.factors(simd, position, part));
        }
        if RELU {
            let value = self.affine(simd, value);
            let negative = simd.less_than_or_equal_f32s(value, self.zero);
            gradient = simd.select_f32s(negative, self.zero, gradient);
        }
        gradient
    }
}

/// Calls `$function::<…, RELU, DROPOUT>(…)` with what an [`Activation`] has.
macro_rules! specialise {
    ($activation:expr, $function:ident::<$($type:ty),*>($($argument:expr),*)) => {
        match ($activation.relu, $activation.dropout.is_active()) {
            (false, false) => $function::<$($type,)* false, false>($($argument),*),
            (false, true) => $function::<$($type,)* false, true>($($argument),*),
            (true, false) => $function::<$($type,)* true, false>($($argument),*),
            (true, true) => $function::<$($type,)* true, true>($($argument),*),
        }
    };
}

/// Computes a channel of a block's output from the convolution's.
#[inline(always)]
pub(crate) fn forward<S: Simd>(
    simd: S,
    channel: &Channel,
    convolved: &[Lanes],
    output: &mut [Lanes],
) {
    let (convolved, output) = (vectors::<S>(convolved), vectors_mut::<S>(output));
    if channel.activation.max_pool {
        specialise!(
            channel.activation,
            pool::<S>(simd, channel, convolved, output)
        );
    } else {
        specialise!(
            channel.activation,
            map::<S>(simd, channel, convolved, output)
        );
    }
}

#[inline(always)]
fn map<S: Simd, const RELU: bool, const DROPOUT: bool>(
    simd: S,
    channel: &Channel,
    convolved: &[S::f32s],
    output: &mut [S::f32s],
) {
    let constants = Constants::new(simd, channel);
    let per_pixel = vectors_per_pixel::<S>();
    for (at, (output, &value)) in output.iter_mut().zip(convolved).enumerate() {
        let (pixel, part) = (at / per_pixel, at % per_pixel);
        *output = constants.forward::<RELU, DROPOUT>(simd, value, pixel, part);
    }
}

#[inline(always)]
fn pool<S: Simd, const RELU: bool, const DROPOUT: bool>(
    simd: S,
    channel: &Channel,
    convolved: &[S::f32s],
    output: &mut [S::f32s],
) {
    let constants = Constants::new(simd, channel);
    let per_pixel = vectors_per_pixel::<S>();
    let rows = channel.width * per_pixel;
    let out_row = channel.width / 2 * per_pixel;
    let pairs = convolved.chunks_exact(2 * rows);
    for (row, (pair, output)) in pairs.zip(output.chunks_exact_mut(out_row)).enumerate() {
        let (upper, lower) = pair.split_at(rows);
        let windows = upper
            .chunks_exact(2 * per_pixel)
            .zip(lower.chunks_exact(2 * per_pixel));
        let outputs = output.chunks_exact_mut(per_pixel);
        for (column, ((upper, lower), output)) in windows.zip(outputs).enumerate() {
            for part in 0..per_pixel {
                let pixel = 2 * (row * channel.width + column);
                let values = window::<S>(upper, lower, part);
                let window =
                    Window::new::<RELU, DROPOUT>(simd, channel, &constants, values, pixel, part);
                output[part] = window.largest;
            }
        }
    }
}

/// The values of a 2×2 window, row by row, from the two rows that it is in.
#[inline(always)]
fn window<S: Simd>(upper: &[S::f32s], lower: &[S::f32s], part: usize) -> [S::f32s; 4] {
    let per_pixel = vectors_per_pixel::<S>();
    [
        upper[part],
        upper[per_pixel + part],
        lower[part],
        lower[per_pixel + part],
    ]
}

/// A 2×2 window's largest value after ReLU and dropout, the value that it was made of, which one of the four that is, and
/// what dropout multiplied it with.
struct Window<S: Simd> {
    largest: S::f32s,
    chosen: S::f32s,
    place: S::f32s,
    factor: S::f32s,
}

impl<S: Simd> Window<S> {
    /// The window whose first value is at `pixel`.
    #[inline(always)]
    fn new<const RELU: bool, const DROPOUT: bool>(
        simd: S,
        channel: &Channel,
        constants: &Constants<S>,
        values: [S::f32s; 4],
        pixel: usize,
        part: usize,
    ) -> Self {
        let one = simd.splat_f32s(1.0);
        let mut window = Self {
            largest: simd.splat_f32s(f32::NEG_INFINITY),
            chosen: constants.zero,
            place: constants.zero,
            factor: one,
        };
        for place in 0..4 {
            let pixel = pixel + place / 2 * channel.width + place % 2;
            let mut value = constants.relu::<RELU>(simd, values[place]);
            let mut factor = one;
            if DROPOUT {
                let position = constants.position + pixel as u64;
                factor = constants.dropout.factors(simd, position, part);
                value = simd.mul_f32s(value, factor);
            }
            let taken = is_larger(simd, value, window.largest);
            window.largest = simd.select_f32s(taken, value, window.largest);
            window.chosen = simd.select_f32s(taken, values[place], window.chosen);
            window.place = simd.select_f32s(taken, simd.splat_f32s(place as f32), window.place);
            window.factor = simd.select_f32s(taken, factor, window.factor);
        }
        window
    }
}

/// Whether `value` takes the place of the `largest` so far: as in Burn, the first of equals does, and NaN always.
#[inline(always)]
fn is_larger<S: Simd>(simd: S, value: S::f32s, largest: S::f32s) -> S::m32s {
    let larger = simd.greater_than_f32s(value, largest);
    let number = simd.equal_f32s(value, value);
    simd.or_m32s(larger, simd.not_m32s(number))
}

/// Hands to `sink` the gradient of every value of a channel, from that of the block's output.
#[inline(always)]
pub(crate) fn backward<S: Simd, T: Sink<S>>(
    simd: S,
    channel: &Channel,
    convolved: &[Lanes],
    gradient: &[Lanes],
    sink: &mut T,
) {
    let (convolved, gradient) = (vectors::<S>(convolved), vectors::<S>(gradient));
    if channel.activation.max_pool {
        specialise!(
            channel.activation,
            pool_backward::<S, T>(simd, channel, convolved, gradient, sink)
        );
    } else {
        specialise!(
            channel.activation,
            map_backward::<S, T>(simd, channel, convolved, gradient, sink)
        );
    }
}

#[inline(always)]
fn map_backward<S: Simd, T: Sink<S>, const RELU: bool, const DROPOUT: bool>(
    simd: S,
    channel: &Channel,
    convolved: &[S::f32s],
    gradient: &[S::f32s],
    sink: &mut T,
) {
    let constants = Constants::new(simd, channel);
    let per_pixel = vectors_per_pixel::<S>();
    for (at, (&gradient, &value)) in gradient.iter().zip(convolved).enumerate() {
        let (pixel, part) = (at / per_pixel, at % per_pixel);
        let gradient = constants.backward::<RELU, DROPOUT>(simd, value, gradient, pixel, part);
        sink.take(simd, at, simd.sub_f32s(value, constants.mean), gradient);
    }
}

#[inline(always)]
fn pool_backward<S: Simd, T: Sink<S>, const RELU: bool, const DROPOUT: bool>(
    simd: S,
    channel: &Channel,
    convolved: &[S::f32s],
    gradient: &[S::f32s],
    sink: &mut T,
) {
    let constants = Constants::new(simd, channel);
    let per_pixel = vectors_per_pixel::<S>();
    let rows = channel.width * per_pixel;
    let out_row = channel.width / 2 * per_pixel;
    let pairs = convolved.chunks_exact(2 * rows);
    for (row, (pair, gradient)) in pairs.zip(gradient.chunks_exact(out_row)).enumerate() {
        let (upper, lower) = pair.split_at(rows);
        let windows = upper
            .chunks_exact(2 * per_pixel)
            .zip(lower.chunks_exact(2 * per_pixel));
        let gradients = gradient.chunks_exact(per_pixel);
        for (column, ((upper, lower), gradient)) in windows.zip(gradients).enumerate() {
            for part in 0..per_pixel {
                let pixel = 2 * (row * channel.width + column);
                let values = window::<S>(upper, lower, part);
                let window =
                    Window::new::<RELU, DROPOUT>(simd, channel, &constants, values, pixel, part);
                let mut gradient = gradient[part];
                if DROPOUT {
                    gradient = simd.mul_f32s(gradient, window.factor);
                }
                if RELU {
                    let nothing = simd.less_than_or_equal_f32s(window.largest, constants.zero);
                    gradient = simd.select_f32s(nothing, constants.zero, gradient);
                }
                let mut at = [0; 4];
                let mut centred = Centred {
                    values,
                    largest: simd.sub_f32s(window.chosen, constants.mean),
                    place: window.place,
                };
                for place in 0..4 {
                    let pixel = pixel + place / 2 * channel.width + place % 2;
                    at[place] = pixel * per_pixel + part;
                    centred.values[place] = simd.sub_f32s(values[place], constants.mean);
                }
                sink.take_window(simd, at, &centred, gradient);
            }
        }
    }
    // What no window covers.
    for row in 0..channel.height {
        let covered = if row < channel.height / 2 * 2 {
            channel.width / 2 * 2
        } else {
            0
        };
        for column in covered..channel.width {
            for part in 0..per_pixel {
                let at = (row * channel.width + column) * per_pixel + part;
                let centred = simd.sub_f32s(convolved[at], constants.mean);
                sink.take(simd, at, centred, constants.zero);
            }
        }
    }
}
