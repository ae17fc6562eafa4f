//! The gradient of a convolution with respect to its weights.

use pulp::Simd;

use crate::convolution::{Geometry, channels_at_once, even_parts};
use crate::simd::{Lanes, multiply_add, vectors, vectors_mut, vectors_per_pixel};
use crate::sums::sum_of_lanes;

/// Output channels to sum at once, at most: with eight, the addresses of their rows no longer fit in the registers.
const CHANNELS_AT_ONCE: usize = 7;

/// Kernel columns to sum at once.
const COLUMNS_AT_ONCE: usize = 3;

/// Bytes of the output's gradient to go over again for each input channel and kernel row: they should stay in the
/// first-level cache, beside as many rows of the input.
const CACHED_BYTES: usize = 16 * 1024;

#[derive(Debug)]
/// Where a few neighbouring kernel columns all lie within the input: output columns `start..start + length`.
struct Segment {
    kernel_column: usize,
    kernel_columns: usize,
    start: usize,
    length: usize,
    /// Input column of kernel column `kernel_column` at output column `start`.
    input_column: usize,
}

/// Which rows and columns meet which kernel positions, in each group.
#[derive(Debug)]
pub(crate) struct WeightPlan {
    kind: Kind,
    geometry: Geometry,
    segments: Vec<Segment>,
    /// For each output row, the input row of every kernel row, if there is one.
    rows: Vec<Vec<Option<usize>>>,
}

impl WeightPlan {
    /// The plan of every group's weights.
    pub(crate) fn new(geometry: &Geometry) -> Self {
        let columns = by_kernel_position(&geometry.taps(geometry.width), geometry.kernel);
        let mut segments = Vec::new();
        for (first, count) in even_parts(geometry.kernel, COLUMNS_AT_ONCE) {
            segments.extend(together(&columns, first, count, geometry.stride));
        }
        Self {
            kind: Kind::of(geometry),
            geometry: geometry.of_group(),
            segments,
            rows: by_kernel_position(&geometry.taps(geometry.height), geometry.kernel),
        }
    }

    /// How many values [`weight_gradient`] needs to sum in.
    pub(crate) fn sums(&self) -> usize {
        match self.kind {
            Kind::Pointwise | Kind::Depthwise | Kind::OuterProduct => 0,
            Kind::Other => self.geometry.weights(),
        }
    }
}

/// Convolutions whose sums all stay in registers, and others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A kernel of one pixel: a matrix of products of channels.
    Pointwise,
    /// One channel with a kernel of at most 3×3 that never leaves the input.
    Depthwise,
    /// One channel with a kernel as large as the input.
    OuterProduct,
    Other,
}

impl Kind {
    fn of(geometry: &Geometry) -> Self {
        let group = geometry.of_group();
        let is_inside = geometry.padding == 0;
        let is_depthwise = [group.in_channels, group.out_channels] == [1, 1];
        if geometry.kernel == 1 && geometry.stride == 1 && is_inside {
            Self::Pointwise
        } else if is_depthwise
            && is_inside
            && [geometry.height, geometry.width] == [geometry.kernel; 2]
        {
            Self::OuterProduct
        } else if is_depthwise && is_inside && geometry.kernel <= 3 {
            Self::Depthwise
        } else {
            Self::Other
        }
    }
}

/// Every output channel's gradient times every input channel, summed over the pixels.
#[inline(always)]
fn pointwise<S: Simd>(
    simd: S,
    plan: &WeightPlan,
    input: &[Lanes],
    gradient: &[Lanes],
    to: &mut [f32],
) {
    let geometry = &plan.geometry;
    let plane = geometry.height * geometry.width * vectors_per_pixel::<S>();
    let (input, gradient) = (vectors::<S>(input), vectors::<S>(gradient));
    let [most_outputs, most_inputs] = if S::REGISTER_COUNT >= 32 {
        [6, 4]
    } else {
        [3, 3]
    };
    for (output, outputs) in even_parts(geometry.out_channels, most_outputs) {
        let gradient = &gradient[output * plane..][..outputs * plane];
        for (first, inputs) in even_parts(geometry.in_channels, most_inputs) {
            let mut tile = Products::<S> {
                simd,
                input: &input[first * plane..][..inputs * plane],
                gradient,
                plane,
                to: &mut to[output * geometry.in_channels + first..],
                in_channels: geometry.in_channels,
            };
            tile.compute(outputs, inputs);
        }
    }
}

/// A few output channels times a few input channels.
struct Products<'a, S: Simd> {
    simd: S,
    input: &'a [S::f32s],
    gradient: &'a [S::f32s],
    plane: usize,
    to: &'a mut [f32],
    in_channels: usize,
}

impl<S: Simd> Products<'_, S> {
    #[inline(always)]
    fn compute(&mut self, outputs: usize, inputs: usize) {
        macro_rules! choose {
            ($($outputs:literal)*) => {
                match (outputs, inputs) {
                    $(
                        ($outputs, 1) => self.sum::<$outputs, 1>(),
                        ($outputs, 2) => self.sum::<$outputs, 2>(),
                        ($outputs, 3) => self.sum::<$outputs, 3>(),
                        ($outputs, 4) => self.sum::<$outputs, 4>(),
                    )*
                    _ => unreachable!("{outputs} outputs of {inputs} inputs"),
                }
            };
        }
        choose! { 1 2 3 4 5 6 }
    }

    #[inline(always)]
    fn sum<const OUTPUTS: usize, const INPUTS: usize>(&mut self) {
        let simd = self.simd;
        let per_pixel = vectors_per_pixel::<S>();
        let mut parts = [[[simd.splat_f32s(0.0); MOST_PARTS]; INPUTS]; OUTPUTS];
        let mut inputs: [&[S::f32s]; INPUTS] = [&[]; INPUTS];
        for input in 0..INPUTS {
            inputs[input] = &self.input[input * self.plane..][..self.plane];
        }
        let mut gradients: [&[S::f32s]; OUTPUTS] = [&[]; OUTPUTS];
        for output in 0..OUTPUTS {
            gradients[output] = &self.gradient[output * self.plane..][..self.plane];
        }
        for part in 0..per_pixel {
            let mut sums = [[simd.splat_f32s(0.0); INPUTS]; OUTPUTS];
            for at in (part..self.plane).step_by(per_pixel) {
                let mut values = [simd.splat_f32s(0.0); INPUTS];
                for input in 0..INPUTS {
                    values[input] = inputs[input][at];
                }
                for output in 0..OUTPUTS {
                    let gradient = gradients[output][at];
                    for input in 0..INPUTS {
                        sums[output][input] =
                            multiply_add(simd, values[input], gradient, sums[output][input]);
                    }
                }
            }
            for output in 0..OUTPUTS {
                for input in 0..INPUTS {
                    parts[output][input][part] = sums[output][input];
                }
            }
        }
        for output in 0..OUTPUTS {
            for input in 0..INPUTS {
                self.to[output * self.in_channels + input] =
                    sum_of_lanes(simd, &parts[output][input]);
            }
        }
    }
}

/// Vectors to a pixel, at most.
const MOST_PARTS: usize = 4;

/// A gradient of one pixel times the input.
#[inline(always)]
fn outer_product<S: Simd>(simd: S, input: &[Lanes], gradient: &[Lanes], to: &mut [f32]) {
    let per_pixel = vectors_per_pixel::<S>();
    let (input, gradient) = (vectors::<S>(input), vectors::<S>(gradient));
    for (to, input) in to.iter_mut().zip(input.chunks_exact(per_pixel)) {
        let mut parts = [simd.splat_f32s(0.0); MOST_PARTS];
        for part in 0..per_pixel {
            parts[part] = simd.mul_f32s(input[part], gradient[part]);
        }
        *to = sum_of_lanes(simd, &parts);
    }
}

/// The nine, or fewer, sums of one channel.
#[inline(always)]
fn depthwise<S: Simd>(
    simd: S,
    plan: &WeightPlan,
    input: &[Lanes],
    gradient: &[Lanes],
    to: &mut [f32],
) {
    match plan.geometry.kernel {
        1 => depthwise_of::<S, 1>(simd, plan, input, gradient, to),
        2 => depthwise_of::<S, 2>(simd, plan, input, gradient, to),
        3 => depthwise_of::<S, 3>(simd, plan, input, gradient, to),
        kernel => unreachable!("a kernel of {kernel}"),
    }
}

#[inline(always)]
fn depthwise_of<S: Simd, const KERNEL: usize>(
    simd: S,
    plan: &WeightPlan,
    input: &[Lanes],
    gradient: &[Lanes],
    to: &mut [f32],
) {
    let geometry = &plan.geometry;
    let per_pixel = vectors_per_pixel::<S>();
    let (input, gradient) = (vectors::<S>(input), vectors::<S>(gradient));
    let row_of_input = geometry.width * per_pixel;
    let row_of_output = geometry.out_width() * per_pixel;
    let step = geometry.stride * per_pixel;
    let mut parts = [[[simd.splat_f32s(0.0); MOST_PARTS]; KERNEL]; KERNEL];
    for part in 0..per_pixel {
        let mut sums = [[simd.splat_f32s(0.0); KERNEL]; KERNEL];
        for (row, gradient) in gradient.chunks_exact(row_of_output).enumerate() {
            let mut rows: [&[S::f32s]; KERNEL] = [&[]; KERNEL];
            for kernel_row in 0..KERNEL {
                let row = row * geometry.stride + kernel_row;
                rows[kernel_row] = &input[row * row_of_input..][..row_of_input];
            }
            for column in 0..geometry.out_width() {
                let gradient = gradient[column * per_pixel + part];
                for kernel_row in 0..KERNEL {
                    let from = &rows[kernel_row][column * step + part..];
                    for kernel_column in 0..KERNEL {
                        sums[kernel_row][kernel_column] = multiply_add(
                            simd,
                            from[kernel_column * per_pixel],
                            gradient,
                            sums[kernel_row][kernel_column],
                        );
                    }
                }
            }
        }
        for kernel_row in 0..KERNEL {
            for kernel_column in 0..KERNEL {
                parts[kernel_row][kernel_column][part] = sums[kernel_row][kernel_column];
            }
        }
    }
    for kernel_row in 0..KERNEL {
        for kernel_column in 0..KERNEL {
            to[kernel_row * KERNEL + kernel_column] =
                sum_of_lanes(simd, &parts[kernel_row][kernel_column]);
        }
    }
}

fn by_kernel_position(taps: &[Vec<(usize, usize)>], kernel: usize) -> Vec<Vec<Option<usize>>> {
    let mut inputs = vec![vec![None; kernel]; taps.len()];
    for (inputs, taps) in inputs.iter_mut().zip(taps) {
        for &(input, position) in taps {
            inputs[position] = Some(input);
        }
    }
    inputs
}

/// The output columns where all of `count` kernel columns have inputs as one segment, and the others one by one.
fn together(
    columns: &[Vec<Option<usize>>],
    first: usize,
    count: usize,
    stride: usize,
) -> Vec<Segment> {
    let whole = |column: &[Option<usize>]| column[first..first + count].iter().all(Option::is_some);
    let mut segments: Vec<Segment> = Vec::new();
    for (start, column) in columns.iter().enumerate() {
        if whole(column) {
            let input_column = column[first].expect("it is whole");
            match segments.last_mut() {
                Some(last)
                    if last.kernel_columns == count
                        && last.kernel_column == first
                        && last.start + last.length == start
                        && last.input_column + last.length * stride == input_column =>
                {
                    last.length += 1;
                }
                _ => segments.push(Segment {
                    kernel_column: first,
                    kernel_columns: count,
                    start,
                    length: 1,
                    input_column,
                }),
            }
            continue;
        }
        for (kernel_column, input) in column.iter().enumerate().skip(first).take(count) {
            segments.extend(input.map(|input_column| Segment {
                kernel_column,
                kernel_columns: 1,
                start,
                length: 1,
                input_column,
            }));
        }
    }
    segments
}

/// Computes the gradient `[out_channels, in_channels, kernel, kernel]` of one group's weights from one block of images:
/// input `[in_channels, height, width]` and output gradient `[out_channels, out_height, out_width]`.
///
/// `sums` has room for [`WeightPlan::sums`] values.
#[inline(always)]
pub(crate) fn weight_gradient<S: Simd>(
    simd: S,
    plan: &WeightPlan,
    input: &[Lanes],
    gradient: &[Lanes],
    sums: &mut [Lanes],
    to: &mut [f32],
) {
    match plan.kind {
        Kind::Pointwise => pointwise(simd, plan, input, gradient, to),
        Kind::Depthwise => depthwise(simd, plan, input, gradient, to),
        Kind::OuterProduct => outer_product(simd, input, gradient, to),
        Kind::Other => {
            sums.fill(Lanes::default());
            accumulate(simd, plan, input, gradient, sums);
            let sums = vectors::<S>(sums).chunks_exact(vectors_per_pixel::<S>());
            for (to, parts) in to.iter_mut().zip(sums) {
                *to = sum_of_lanes(simd, parts);
            }
        }
    }
}

/// Adds to `sums` `[out_channels, in_channels, kernel, kernel]` the products of all pixels, each lane by itself.
#[inline(always)]
fn accumulate<S: Simd>(
    simd: S,
    plan: &WeightPlan,
    input: &[Lanes],
    gradient: &[Lanes],
    sums: &mut [Lanes],
) {
    let geometry = &plan.geometry;
    let per_pixel = vectors_per_pixel::<S>();
    let (input, gradient) = (vectors::<S>(input), vectors::<S>(gradient));
    let (kernel, inputs) = (geometry.kernel, geometry.in_channels);
    let (width, out_width) = (geometry.width, geometry.out_width());
    let plane = geometry.height * width * per_pixel;
    let out_plane = plan.rows.len() * out_width * per_pixel;
    for (first, channels) in even_parts(
        geometry.out_channels,
        CHANNELS_AT_ONCE.min(channels_at_once()),
    ) {
        let row_bytes = channels * out_width * size_of::<Lanes>();
        let rows_at_once = (CACHED_BYTES / row_bytes).max(1);
        for start_row in (0..plan.rows.len()).step_by(rows_at_once) {
            let rows = &plan.rows[start_row..(start_row + rows_at_once).min(plan.rows.len())];
            for in_channel in 0..inputs {
                for kernel_row in 0..kernel {
                    for segment in &plan.segments {
                        let mut tile = Tile::<S> {
                            simd,
                            input: &input[in_channel * plane..][..plane],
                            gradient: &gradient[first * out_plane..][..channels * out_plane],
                            out_plane,
                            rows,
                            kernel_row,
                            row: (start_row * out_width + segment.start) * per_pixel,
                            out_width: out_width * per_pixel,
                            width: width * per_pixel,
                            column: segment.input_column * per_pixel,
                            length: segment.length,
                            step: geometry.stride * per_pixel,
                            sums: &mut vectors_mut::<S>(sums)[..],
                            to: (((first * inputs + in_channel) * kernel + kernel_row) * kernel
                                + segment.kernel_column)
                                * per_pixel,
                            channel_stride: inputs * kernel * kernel * per_pixel,
                        };
                        tile.compute(channels, segment.kernel_columns);
                    }
                }
            }
        }
    }
}

/// The weights of a few neighbouring kernel columns, from one input channel to a block of output channels.
struct Tile<'a, S: Simd> {
    simd: S,
    input: &'a [S::f32s],
    gradient: &'a [S::f32s],
    out_plane: usize,
    rows: &'a [Vec<Option<usize>>],
    kernel_row: usize,
    row: usize,
    out_width: usize,
    width: usize,
    column: usize,
    length: usize,
    step: usize,
    sums: &'a mut [S::f32s],
    to: usize,
    channel_stride: usize,
}

impl<S: Simd> Tile<'_, S> {
    #[inline(always)]
    fn compute(&mut self, channels: usize, columns: usize) {
        macro_rules! choose {
            ($($channels:literal)*) => {
                match (channels, columns) {
                    $(
                        ($channels, 1) => self.sum::<$channels, 1>(),
                        ($channels, 2) => self.sum::<$channels, 2>(),
                        ($channels, 3) => self.sum::<$channels, 3>(),
                    )*
                    _ => unreachable!("{channels} channels of {columns} columns"),
                }
            };
        }
        choose! { 1 2 3 4 5 6 7 8 }
    }

    /// Part by part, so that every lane's sum is one of its own and in the same order on every instruction set.
    #[inline(always)]
    fn sum<const CHANNELS: usize, const COLUMNS: usize>(&mut self) {
        for part in 0..vectors_per_pixel::<S>() {
            self.sum_part::<CHANNELS, COLUMNS>(part);
        }
    }

    #[inline(always)]
    fn sum_part<const CHANNELS: usize, const COLUMNS: usize>(&mut self, part: usize) {
        let simd = self.simd;
        let per_pixel = vectors_per_pixel::<S>();
        let mut sums = [[simd.splat_f32s(0.0); COLUMNS]; CHANNELS];
        for channel in 0..CHANNELS {
            let from = &self.sums[channel * self.channel_stride + self.to..];
            for column in 0..COLUMNS {
                sums[channel][column] = from[column * per_pixel + part];
            }
        }
        let length = self.length * per_pixel;
        let reach = (self.length - 1) * self.step + COLUMNS * per_pixel;
        for (row, inputs) in self.rows.iter().enumerate() {
            let Some(input_row) = inputs[self.kernel_row] else {
                continue;
            };
            let values = &self.input[input_row * self.width + self.column..][..reach];
            let mut gradients: [&[S::f32s]; CHANNELS] = [&[]; CHANNELS];
            for channel in 0..CHANNELS {
                let start = channel * self.out_plane + self.row + row * self.out_width;
                gradients[channel] = &self.gradient[start..][..length];
            }
            for output in 0..self.length {
                let from = output * self.step + part;
                let values = &values[from..][..(COLUMNS - 1) * per_pixel + 1];
                for channel in 0..CHANNELS {
                    let gradient = gradients[channel][output * per_pixel + part];
                    for column in 0..COLUMNS {
                        sums[channel][column] = multiply_add(
                            simd,
                            values[column * per_pixel],
                            gradient,
                            sums[channel][column],
                        );
                    }
                }
            }
        }
        for channel in 0..CHANNELS {
            let to = &mut self.sums[channel * self.channel_stride + self.to..];
            for column in 0..COLUMNS {
                to[column * per_pixel + part] = sums[channel][column];
            }
        }
    }
}
