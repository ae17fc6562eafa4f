//! The convolution and its gradient with respect to its input.
//!
//! Both are the same computation: an output value is a sum, over channels and *taps*, of an input value times a weight.
//! A [`Plan`] lists the taps of every output row and column, whatever stride and padding; one kernel follows it. With
//! the image innermost, each tap is a full vector whatever the map's width: no edges, no shuffles.

use pulp::Simd;

use crate::simd::{Lanes, multiply_add, vectors, vectors_mut, vectors_per_pixel};

/// The sizes of a convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Geometry {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Into how many groups the channels are split, in their order: a group's outputs see only its inputs. As many as
    /// channels is a depthwise convolution.
    pub groups: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Distance between neighbouring positions of the kernel.
    pub stride: usize,
    /// Zeros added on each side of the map.
    pub padding: usize,
    /// Height of the input.
    pub height: usize,
    /// Width of the input.
    pub width: usize,
}

impl Geometry {
    /// The convolution of one group by itself. Channels are outermost in a block of images, so a group's input, output
    /// and weights are each contiguous.
    pub(crate) fn of_group(&self) -> Self {
        Self {
            in_channels: self.in_channels / self.groups,
            out_channels: self.out_channels / self.groups,
            groups: 1,
            ..*self
        }
    }

    /// The same convolution on maps of one row, where it does not matter which pixels are neighbours: no row is too short
    /// for the registers then.
    fn as_one_row(&self) -> Self {
        match (self.kernel, self.stride, self.padding) {
            (1, 1, 0) => Self {
                height: 1,
                width: self.height * self.width,
                ..*self
            },
            _ => *self,
        }
    }

    /// Weights of all groups.
    pub(crate) fn weights(&self) -> usize {
        self.out_channels * (self.in_channels / self.groups) * self.kernel * self.kernel
    }

    /// Height of the output.
    pub fn out_height(&self) -> usize {
        self.outputs(self.height)
    }

    /// Width of the output.
    pub fn out_width(&self) -> usize {
        self.outputs(self.width)
    }

    fn outputs(&self, inputs: usize) -> usize {
        (inputs + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// For each output position along an axis, the pairs of (input position, kernel position) that it sums over.
    pub(crate) fn taps(&self, inputs: usize) -> Vec<Vec<(usize, usize)>> {
        let taps = |output: usize| {
            (0..self.kernel).filter_map(move |kernel| {
                let input = (output * self.stride + kernel).checked_sub(self.padding)?;
                (input < inputs).then_some((input, kernel))
            })
        };
        let outputs = 0..self.outputs(inputs);
        outputs.map(|output| taps(output).collect()).collect()
    }

    /// For each input position along an axis, the pairs of (output position, kernel position) that it goes into.
    fn transposed_taps(&self, inputs: usize) -> Vec<Vec<(usize, usize)>> {
        let mut transposed = vec![Vec::new(); inputs];
        for (output, taps) in self.taps(inputs).into_iter().enumerate() {
            for (input, kernel) in taps {
                transposed[input].push((output, kernel));
            }
        }
        transposed
    }
}

/// How to compute a map from another: which source positions, with which weights, go into each output position.
#[derive(Debug)]
pub(crate) struct Plan {
    /// For each output row, its stretches of columns.
    rows: Vec<Vec<Segment>>,
    width: usize,
    source_plane: usize,
    area: usize,
    /// Channels that a group of the source has.
    sources: usize,
    /// Channels of a group to compute at once: the first, and how many.
    channels: Vec<(usize, usize)>,
    /// How far apart the weights of neighbouring channels are, and those of neighbouring source channels.
    strides: [usize; 2],
    /// Whether each output value is one source value, the only one of its channel, times a weight of its own.
    is_outer_product: bool,
}

/// Neighbouring output columns with the same kernel positions, whose source columns are `step` apart.
#[derive(Debug)]
struct Segment {
    start: usize,
    step: usize,
    taps: Vec<Tap>,
    /// For each of the plan's channels at once, the columns to compute at once: the first from `start`, and how many.
    parts: Vec<Vec<(usize, usize)>>,
}

/// Where a source value of a segment's first column is in its channel, and the number of its weight in the kernel.
#[derive(Clone, Copy, Debug)]
struct Tap {
    source: usize,
    weight: usize,
}

impl Plan {
    /// The plan of the output from the input.
    pub(crate) fn forward(geometry: &Geometry) -> Self {
        let geometry = &geometry.as_one_row();
        let group = geometry.of_group();
        let area = geometry.kernel * geometry.kernel;
        Self::new(
            geometry,
            [
                geometry.taps(geometry.height),
                geometry.taps(geometry.width),
            ],
            geometry.stride,
            [geometry.height, geometry.width],
            [group.out_channels, group.in_channels],
            [group.in_channels * area, area],
        )
    }

    /// The plan of the input's gradient from the output's.
    pub(crate) fn backward(geometry: &Geometry) -> Self {
        let geometry = &geometry.as_one_row();
        let group = geometry.of_group();
        let area = geometry.kernel * geometry.kernel;
        let covers = [geometry.height, geometry.width] == [geometry.kernel; 2];
        let is_depthwise = [group.in_channels, group.out_channels] == [1, 1];
        let plan = Self::new(
            geometry,
            [
                geometry.transposed_taps(geometry.height),
                geometry.transposed_taps(geometry.width),
            ],
            1,
            [geometry.out_height(), geometry.out_width()],
            [group.in_channels, group.out_channels],
            [area, group.in_channels * area],
        );
        Self {
            is_outer_product: is_depthwise && covers && geometry.padding == 0,
            ..plan
        }
    }

    fn new(
        geometry: &Geometry,
        [rows, columns]: [Vec<Vec<(usize, usize)>>; 2],
        step: usize,
        [source_height, source_width]: [usize; 2],
        [channels, sources]: [usize; 2],
        strides: [usize; 2],
    ) -> Self {
        let stretches = stretches(&columns, step);
        let channels: Vec<_> = even_parts(channels, channels_at_once()).collect();
        let segment = |row_taps: &[(usize, usize)], columns: &Stretch| {
            let mut taps = Vec::new();
            for &(source_row, kernel_row) in row_taps {
                for &(source_column, kernel_column) in &columns.taps {
                    taps.push(Tap {
                        source: source_row * source_width + source_column,
                        weight: kernel_row * geometry.kernel + kernel_column,
                    });
                }
            }
            let parts = channels.iter().map(|&(_, channels)| {
                // Columns whose sources are apart are computed one by one, which spares the others a multiplication.
                let most = match step {
                    1 => columns_at_once(registers(), channels),
                    _ => 1,
                };
                even_parts(columns.length, most).collect()
            });
            Segment {
                start: columns.start,
                step,
                taps,
                parts: parts.collect(),
            }
        };
        let segments = |row: &Vec<(usize, usize)>| {
            let stretches = stretches.iter();
            stretches.map(|stretch| segment(row, stretch)).collect()
        };
        Self {
            rows: rows.iter().map(segments).collect(),
            width: columns.len(),
            source_plane: source_height * source_width,
            area: geometry.kernel * geometry.kernel,
            sources,
            is_outer_product: false,
            channels,
            strides,
        }
    }

    /// Weights `[out_channels, in_channels / groups, kernel, kernel]` in the order in which the kernel reads them, group by
    /// group: `[channels at once, source channel, kernel row, kernel column, channel of these]`.
    pub(crate) fn pack(&self, weights: &[f32]) -> Vec<f32> {
        let [of_channel, of_source] = self.strides;
        let mut packed = vec![0.0; weights.len()];
        let mut rest = packed.as_mut_slice();
        for group in weights.chunks_exact(self.weights_of_group()) {
            for &(first, size) in &self.channels {
                let (these, after) = rest.split_at_mut(size * self.sources * self.area);
                rest = after;
                for channel in 0..size {
                    for source in 0..self.sources {
                        let from = (first + channel) * of_channel + source * of_source;
                        let to = source * self.area * size + channel;
                        for position in 0..self.area {
                            these[to + position * size] = group[from + position];
                        }
                    }
                }
            }
        }
        packed
    }

    /// Weights of a group, packed or not.
    pub(crate) fn weights_of_group(&self) -> usize {
        let channels: usize = self.channels.iter().map(|(_, size)| size).sum();
        channels * self.sources * self.area
    }
}

/// Neighbouring columns with the same kernel columns: the first, how many, and each tap's source column of the first and
/// kernel column.
struct Stretch {
    start: usize,
    length: usize,
    taps: Vec<(usize, usize)>,
}

fn stretches(columns: &[Vec<(usize, usize)>], step: usize) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (column, taps) in columns.iter().enumerate() {
        let continues = |stretch: &Stretch| {
            let moved = stretch.length * step;
            let mut pairs = stretch.taps.iter().zip(taps);
            stretch.taps.len() == taps.len()
                && pairs.all(|(first, tap)| first.0 + moved == tap.0 && first.1 == tap.1)
        };
        match stretches.last_mut() {
            Some(stretch) if continues(stretch) => stretch.length += 1,
            _ => stretches.push(Stretch {
                start: column,
                length: 1,
                taps: taps.clone(),
            }),
        }
    }
    stretches
}

/// Splits `total` into as few parts of at most `most` as there can be, as even as they can be: (first, size).
pub(crate) fn even_parts(total: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let parts = total.div_ceil(most);
    (0..parts).map(move |part| {
        let (first, end) = (part * total / parts, (part + 1) * total / parts);
        (first, end - first)
    })
}

/// Output channels to compute at once: their sums, for a few columns, must fit in the registers.
pub(crate) fn channels_at_once() -> usize {
    match crate::InstructionSet::current() {
        crate::InstructionSet::Avx512 => 8,
        _ => 4,
    }
}

/// Vector registers of the current instruction set.
fn registers() -> usize {
    match crate::InstructionSet::current() {
        crate::InstructionSet::Avx512 => 32,
        crate::InstructionSet::Portable if cfg!(target_arch = "aarch64") => 32,
        _ => 16,
    }
}

/// Output columns to compute at once beside `channels` channels: their sums, the values of one tap and a weight must
/// fit in the registers.
const fn columns_at_once(registers: usize, channels: usize) -> usize {
    let columns = (registers - 2) / (channels + 1);
    if columns < 8 { columns } else { 8 }
}

/// Computes the map `[channels, height, width]` of one block of images, or of one group's channels in it, as `plan`
/// says, with that group's packed weights.
#[inline(always)]
pub(crate) fn convolve<S: Simd>(
    simd: S,
    plan: &Plan,
    weights: &[f32],
    source: &[Lanes],
    map: &mut [Lanes],
) {
    let per_pixel = vectors_per_pixel::<S>();
    if plan.is_outer_product {
        let source = vectors::<S>(source);
        let pixels = vectors_mut::<S>(map).chunks_exact_mut(per_pixel);
        for (pixel, &weight) in pixels.zip(weights) {
            let weight = simd.splat_f32s(weight);
            for part in 0..per_pixel {
                pixel[part] = simd.mul_f32s(source[part], weight);
            }
        }
        return;
    }
    let plane = plan.rows.len() * plan.width * per_pixel;
    let (mut weights, mut map) = (weights, vectors_mut::<S>(map));
    for (index, &(_, channels)) in plan.channels.iter().enumerate() {
        let (these, after) = weights.split_at(channels * plan.sources * plan.area);
        weights = after;
        let (of_these, after) = map.split_at_mut(channels * plane);
        map = after;
        let channels_of_map = Channels::<S> {
            simd,
            plan,
            index,
            source: vectors::<S>(source),
            weights: these,
            map: of_these,
            plane,
        };
        channels_of_map.compute(channels);
    }
}

/// A few channels of a map.
struct Channels<'a, S: Simd> {
    simd: S,
    plan: &'a Plan,
    /// Which of the plan's channels at once they are.
    index: usize,
    source: &'a [S::f32s],
    weights: &'a [f32],
    map: &'a mut [S::f32s],
    /// Vectors of a channel.
    plane: usize,
}

impl<S: Simd> Channels<'_, S> {
    /// Goes through the map once for all channels: with their number known when compiled, sums stay in registers.
    #[inline(always)]
    fn compute(mut self, channels: usize) {
        let per_pixel = vectors_per_pixel::<S>();
        macro_rules! tiles {
            ($($channels:literal: $($columns:literal)*;)*) => {
                match channels {
                    $($channels => {
                        for (row, segments) in self.plan.rows.iter().enumerate() {
                            for segment in segments {
                                let to = (row * self.plan.width + segment.start) * per_pixel;
                                for &(first, columns) in &segment.parts[self.index] {
                                    for part in 0..per_pixel {
                                        let from = first * segment.step * per_pixel + part;
                                        let to = to + first * per_pixel + part;
                                        match columns {
                                            $($columns => self.tile::<$channels, $columns>(&segment.taps, from, to),)*
                                            _ => unreachable!("{columns} columns of {channels} channels"),
                                        }
                                    }
                                }
                            }
                        }
                    })*
                    _ => unreachable!("{channels} channels"),
                }
            };
        }
        tiles! {
            1: 1 2 3 4 5 6 7 8;
            2: 1 2 3 4 5 6 7 8;
            3: 1 2 3 4 5 6 7;
            4: 1 2 3 4 5 6;
            5: 1 2 3 4 5;
            6: 1 2 3 4;
            7: 1 2 3;
            8: 1 2 3;
        }
    }

    /// A few columns, whose source columns are neighbours: from the vector `from` of the source, and a tap's, to the vector
    /// `to` of each channel.
    #[inline(always)]
    fn tile<const CHANNELS: usize, const COLUMNS: usize>(
        &mut self,
        taps: &[Tap],
        from: usize,
        to: usize,
    ) {
        let simd = self.simd;
        let per_pixel = vectors_per_pixel::<S>();
        let reach = (COLUMNS - 1) * per_pixel + 1;
        let source_plane = self.plan.source_plane * per_pixel;
        let area = self.plan.area;
        let mut sums = [[simd.splat_f32s(0.0); COLUMNS]; CHANNELS];
        let (weights, _) = self.weights.as_chunks::<CHANNELS>();
        // Not a zip of chunks: it is not inlined here, and dearer than a tile of a depthwise convolution.
        for source in 0..self.plan.sources {
            let weights = &weights[source * area..][..area];
            let plane = &self.source[source * source_plane..][..source_plane][from..];
            for tap in taps {
                let weights = &weights[tap.weight];
                let values = &plane[tap.source * per_pixel..][..reach];
                let mut source = [simd.splat_f32s(0.0); COLUMNS];
                for column in 0..COLUMNS {
                    source[column] = values[column * per_pixel];
                }
                for channel in 0..CHANNELS {
                    let weight = simd.splat_f32s(weights[channel]);
                    for column in 0..COLUMNS {
                        sums[channel][column] =
                            multiply_add(simd, weight, source[column], sums[channel][column]);
                    }
                }
            }
        }
        for channel in 0..CHANNELS {
            let values = &mut self.map[channel * self.plane + to..];
            for column in 0..COLUMNS {
                values[column * per_pixel] = sums[channel][column];
            }
        }
    }
}
