//! What follows a convolution: batch normalisation, ReLU, dropout and max-pooling, in one pass over the map, and the
//! way back.

use pulp::Simd;

use crate::dropout::{Dropout, set_to_zero};
use crate::simd::{LANES, Lanes, multiply_add, vectors, vectors_mut, vectors_per_pixel};
use crate::sums::Sums;

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

impl Affine {
    /// Nothing is changed.
    pub(crate) const NOTHING: Self = Self {
        mean: 0.0,
        scale: 1.0,
        shift: 0.0,
    };
}

impl Activation {
    /// How many values of a row, or of a column, become one.
    pub(crate) fn pooled(&self) -> usize {
        if self.max_pool { 2 } else { 1 }
    }
}

/// One channel of one block of images: its size, and what is to be done to it.
#[derive(Clone, Copy)]
pub(crate) struct Channel<'a> {
    pub(crate) height: usize,
    pub(crate) width: usize,
    /// With the scale of dropout in it.
    pub(crate) affine: Affine,
    pub(crate) activation: Activation,
    /// The numbers of the values that are dropped, ascending.
    pub(crate) dropped: &'a [u32],
}

/// Calls `$function::<…, RELU>(…)` with what a [`Channel`] has.
macro_rules! specialise {
    ($channel:expr, $function:ident::<$type:ty>($($argument:expr),*)) => {
        if $channel.activation.relu {
            $function::<$type, true>($($argument),*)
        } else {
            $function::<$type, false>($($argument),*)
        }
    };
}

/// Computes a channel of a block's output from the convolution's.
///
/// `rows` has room for two rows. `places` gets, for each window of a pooled channel, which of its four values has the
/// gradient, row by row, or −1 where none has it: ReLU or dropout made it zero. It may be empty where no gradient is wanted.
#[inline(always)]
pub(crate) fn forward<S: Simd>(
    simd: S,
    channel: &Channel<'_>,
    convolved: &[Lanes],
    output: &mut [Lanes],
    rows: &mut [Lanes],
    places: &mut [Lanes],
) {
    if channel.activation.max_pool {
        pool(simd, channel, convolved, output, rows, places);
    } else {
        specialise!(channel, map::<S>(simd, channel, convolved, output));
        set_to_zero(output, channel.dropped);
    }
}

#[inline(always)]
fn map<S: Simd, const RELU: bool>(
    simd: S,
    channel: &Channel<'_>,
    convolved: &[Lanes],
    output: &mut [Lanes],
) {
    let Affine { mean, scale, shift } = channel.affine;
    let [mean, scale, shift, zero] = [mean, scale, shift, 0.0].map(|value| simd.splat_f32s(value));
    let values = vectors::<S>(convolved);
    for (output, &value) in vectors_mut::<S>(output).iter_mut().zip(values) {
        let value = multiply_add(simd, simd.sub_f32s(value, mean), scale, shift);
        *output = if RELU {
            // Like Burn's, it lets NaN through.
            let negative = simd.less_than_or_equal_f32s(value, zero);
            simd.select_f32s(negative, zero, value)
        } else {
            value
        };
    }
}

#[inline(always)]
fn pool<S: Simd>(
    simd: S,
    channel: &Channel<'_>,
    convolved: &[Lanes],
    output: &mut [Lanes],
    rows: &mut [Lanes],
    places: &mut [Lanes],
) {
    let per_pixel = vectors_per_pixel::<S>();
    let pair = 2 * channel.width;
    let half = channel.width / 2;
    let rows = &mut rows[..pair];
    let mut rest = channel.dropped;
    let mut places = places.chunks_exact_mut(half);
    let pairs = convolved
        .chunks_exact(pair)
        .zip(output.chunks_exact_mut(half));
    for (number, (convolved, output)) in pairs.enumerate() {
        specialise!(channel, map::<S>(simd, channel, convolved, rows));
        let first = (number * pair * LANES) as u32;
        let (dropped, after) =
            rest.split_at(rest.partition_point(|&at| at < first + (pair * LANES) as u32));
        rest = after;
        let values: &mut [f32] = bytemuck::must_cast_slice_mut(rows);
        for &at in dropped {
            values[(at - first) as usize] = 0.0;
        }
        let (upper, lower) = vectors::<S>(rows).split_at(channel.width * per_pixel);
        let output = vectors_mut::<S>(output);
        let places = places.next().unwrap_or_default();
        for at in 0..half * per_pixel {
            let left = at / per_pixel * 2 * per_pixel + at % per_pixel;
            let right = left + per_pixel;
            let values = [upper[left], upper[right], lower[left], lower[right]];
            let (largest, place) = largest(simd, values);
            output[at] = largest;
            if let Some(to) = vectors_mut::<S>(places).get_mut(at) {
                *to = if channel.activation.relu {
                    let nothing = simd.less_than_or_equal_f32s(largest, simd.splat_f32s(0.0));
                    simd.select_f32s(nothing, simd.splat_f32s(NO_PLACE), place)
                } else {
                    place
                };
            }
        }
        for &at in dropped {
            let at = (at - first) as usize;
            let (row, column, lane) = (
                at / LANES / channel.width,
                at / LANES % channel.width,
                at % LANES,
            );
            if let Some(place) = places.get_mut(column / 2).map(|lanes| &mut lanes.0[lane])
                && *place == (2 * row + column % 2) as f32
            {
                *place = NO_PLACE;
            }
        }
    }
}

/// Stands for a window none of whose values has the gradient.
const NO_PLACE: f32 = -1.0;

/// The largest of four values, and which one that is.
#[inline(always)]
fn largest<S: Simd>(simd: S, values: [S::f32s; 4]) -> (S::f32s, S::f32s) {
    let mut largest = values[0];
    let mut place = simd.splat_f32s(0.0);
    for other in 1..4 {
        // As in Burn, the first of equals is taken, and NaN always.
        let larger = simd.greater_than_f32s(values[other], largest);
        let number = simd.equal_f32s(values[other], values[other]);
        let taken = simd.or_m32s(larger, simd.not_m32s(number));
        largest = simd.select_f32s(taken, values[other], largest);
        place = simd.select_f32s(taken, simd.splat_f32s(other as f32), place);
    }
    (largest, place)
}

/// What the way back needs of a channel's way forward.
#[derive(Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// The convolution's output.
    pub(crate) convolved: &'a [Lanes],
    /// The block's output, where the channel is not pooled.
    pub(crate) output: &'a [Lanes],
    /// Which values have the gradient, where it is: see [`forward`].
    pub(crate) places: &'a [Lanes],
}

/// Takes the gradient of a channel's output back through max-pooling, dropout and ReLU, in place, and adds it up. Where the
/// channel is pooled it remains one value a window, for [`Kept::places`] to be put in its place by [`spread`].
#[inline(always)]
pub(crate) fn mask<S: Simd>(
    simd: S,
    channel: &Channel<'_>,
    kept: Kept<'_>,
    gradient: &mut [Lanes],
    sums: &mut Sums<S>,
) {
    if channel.activation.max_pool {
        pool_mask(simd, channel, kept, vectors_mut::<S>(gradient), sums);
    } else {
        set_to_zero(gradient, channel.dropped);
        let gradient = vectors_mut::<S>(gradient);
        specialise!(channel, map_mask::<S>(simd, channel, kept, gradient, sums));
    }
}

#[inline(always)]
fn map_mask<S: Simd, const RELU: bool>(
    simd: S,
    channel: &Channel<'_>,
    kept: Kept<'_>,
    gradient: &mut [S::f32s],
    sums: &mut Sums<S>,
) {
    let (outputs, convolved) = (vectors::<S>(kept.output), vectors::<S>(kept.convolved));
    let masking = Masking::new(simd, channel);
    let at_once = Sums::<S>::at_once();
    let whole = gradient.len() / at_once * at_once;
    for start in (0..whole).step_by(at_once) {
        let gradient = &mut gradient[start..][..at_once];
        let (values, outputs) = (&convolved[start..][..at_once], &outputs[start..][..at_once]);
        for slot in 0..at_once {
            gradient[slot] = masking.masked::<RELU>(simd, outputs[slot], gradient[slot]);
            sums.add(
                simd,
                slot,
                masking.centred(simd, values[slot]),
                gradient[slot],
            );
        }
    }
    let per_pixel = vectors_per_pixel::<S>();
    for pixel in (whole..gradient.len()).step_by(per_pixel) {
        for part in 0..per_pixel {
            let at = pixel + part;
            gradient[at] = masking.masked::<RELU>(simd, outputs[at], gradient[at]);
            sums.add(
                simd,
                part,
                masking.centred(simd, convolved[at]),
                gradient[at],
            );
        }
    }
}

#[inline(always)]
fn pool_mask<S: Simd>(
    simd: S,
    channel: &Channel<'_>,
    kept: Kept<'_>,
    gradient: &mut [S::f32s],
    sums: &mut Sums<S>,
) {
    let per_pixel = vectors_per_pixel::<S>();
    let (convolved, places) = (vectors::<S>(kept.convolved), vectors::<S>(kept.places));
    let masking = Masking::new(simd, channel);
    let out_row = channel.width / 2 * per_pixel;
    let rows = gradient.chunks_exact_mut(out_row);
    for (row, gradient) in rows.enumerate() {
        let places = &places[row * out_row..][..out_row];
        for (number, (gradient, &place)) in gradient.iter_mut().zip(places).enumerate() {
            let (column, part) = (number / per_pixel, number % per_pixel);
            let at = window(channel, per_pixel, row, column, part);
            let mut chosen = convolved[at[0]];
            for other in 1..4 {
                let here = simd.equal_f32s(place, simd.splat_f32s(other as f32));
                chosen = simd.select_f32s(here, convolved[at[other]], chosen);
            }
            let none = simd.equal_f32s(place, simd.splat_f32s(NO_PLACE));
            let masked = simd.mul_f32s(*gradient, masking.scale);
            *gradient = simd.select_f32s(none, masking.zero, masked);
            sums.add(simd, part, masking.centred(simd, chosen), *gradient);
        }
    }
}

/// Where the vectors of a 2×2 window are in their channel, row by row.
#[inline(always)]
fn window(
    channel: &Channel<'_>,
    per_pixel: usize,
    row: usize,
    column: usize,
    part: usize,
) -> [usize; 4] {
    let first = 2 * (row * channel.width + column) * per_pixel + part;
    let below = first + channel.width * per_pixel;
    [first, first + per_pixel, below, below + per_pixel]
}

/// The vectors that [`mask`] needs.
#[derive(Clone, Copy)]
struct Masking<S: Simd> {
    mean: S::f32s,
    scale: S::f32s,
    zero: S::f32s,
}

impl<S: Simd> Masking<S> {
    #[inline(always)]
    fn new(simd: S, channel: &Channel<'_>) -> Self {
        let [mean, scale, zero] = [channel.affine.mean, channel.activation.dropout.scale(), 0.0]
            .map(|value| simd.splat_f32s(value));
        Self { mean, scale, zero }
    }

    #[inline(always)]
    fn masked<const RELU: bool>(&self, simd: S, output: S::f32s, gradient: S::f32s) -> S::f32s {
        let gradient = simd.mul_f32s(gradient, self.scale);
        if RELU {
            // Whatever made it zero.
            let nothing = simd.equal_f32s(output, self.zero);
            simd.select_f32s(nothing, self.zero, gradient)
        } else {
            gradient
        }
    }

    #[inline(always)]
    fn centred(&self, simd: S, value: S::f32s) -> S::f32s {
        simd.sub_f32s(value, self.mean)
    }
}

/// What takes a channel's gradient back through its batch normalisation: `scale` · (gradient − `mean` − centred value ·
/// `slope`), as in the backward pass of S. Ioffe and C. Szegedy, "Batch Normalization", 2015.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Through {
    pub(crate) scale: f32,
    pub(crate) mean: f32,
    pub(crate) slope: f32,
}

/// Computes the gradient of a channel of the convolution's output from what [`mask`] left: `through` batch normalisation,
/// if there is any, and with zeros where max-pooling took another value.
#[inline(always)]
pub(crate) fn spread<S: Simd>(
    simd: S,
    channel: &Channel<'_>,
    kept: Kept<'_>,
    through: Option<Through>,
    gradient: &[Lanes],
    to: &mut [Lanes],
) {
    let (gradient, to) = (vectors::<S>(gradient), vectors_mut::<S>(to));
    let convolved = vectors::<S>(kept.convolved);
    let back = Back::new(simd, channel, through);
    if !channel.activation.max_pool {
        let values = convolved.iter().zip(gradient);
        for (to, (&value, &gradient)) in to.iter_mut().zip(values) {
            *to = back.through(simd, value, gradient);
        }
        return;
    }
    let per_pixel = vectors_per_pixel::<S>();
    let zero = simd.splat_f32s(0.0);
    let out_row = channel.width / 2 * per_pixel;
    let places = vectors::<S>(kept.places);
    for (row, gradient) in gradient.chunks_exact(out_row).enumerate() {
        let places = &places[row * out_row..][..out_row];
        for (number, (&gradient, &place)) in gradient.iter().zip(places).enumerate() {
            let (column, part) = (number / per_pixel, number % per_pixel);
            let at = window(channel, per_pixel, row, column, part);
            for other in 0..4 {
                let here = simd.equal_f32s(place, simd.splat_f32s(other as f32));
                let gradient = simd.select_f32s(here, gradient, zero);
                to[at[other]] = back.through(simd, convolved[at[other]], gradient);
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
        let rest = row * channel.width + covered..(row + 1) * channel.width;
        for at in rest.start * per_pixel..rest.end * per_pixel {
            to[at] = back.through(simd, convolved[at], zero);
        }
    }
}

/// [`Through`] as vectors.
#[derive(Clone, Copy)]
struct Back<S: Simd> {
    centre: S::f32s,
    /// Scale, mean and negative slope.
    through: Option<[S::f32s; 3]>,
}

impl<S: Simd> Back<S> {
    #[inline(always)]
    fn new(simd: S, channel: &Channel<'_>, through: Option<Through>) -> Self {
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
            centre: simd.splat_f32s(channel.affine.mean),
            through,
        }
    }

    #[inline(always)]
    fn through(&self, simd: S, value: S::f32s, gradient: S::f32s) -> S::f32s {
        match self.through {
            Some([scale, mean, slope]) => {
                let centred = simd.sub_f32s(value, self.centre);
                let rest = simd.sub_f32s(gradient, mean);
                simd.mul_f32s(scale, multiply_add(simd, centred, slope, rest))
            }
            None => gradient,
        }
    }
}
