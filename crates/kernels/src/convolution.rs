//! The convolution and its gradient with respect to its input.
//!
//! Both are the same computation: an output value is a sum, over channels and *taps*, of an input value times a weight.
//! A [`Plan`] lists the taps of every output row and column, whatever stride and padding; one kernel follows it. With
//! the image innermost, each tap is a full vector whatever the map's width: no edges, no shuffles.

use pulp::Simd;

use crate::simd::{Lanes, multiply_add, vectors, vectors_mut, vectors_per_pixel};

/// The sizes of a convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    rows: Vec<Vec<(usize, usize)>>,
    columns: Vec<Segment>,
    width: usize,
    source_height: usize,
    source_width: usize,
    kernel: usize,
}

/// Neighbouring output columns with the same kernel positions, whose source columns are `step` apart.
#[derive(Debug)]
struct Segment {
    start: usize,
    length: usize,
    step: usize,
    /// Source column of the first output column, and kernel column.
    taps: Vec<(usize, usize)>,
}

/// Where a source value is, counted in vectors from the first output column's, and its weight.
#[derive(Clone, Copy)]
struct Tap {
    source: usize,
    weight: usize,
}

impl Plan {
    /// The plan of the output from the input.
    pub(crate) fn forward(geometry: &Geometry) -> Self {
        Self {
            rows: geometry.taps(geometry.height),
            columns: segments(&geometry.taps(geometry.width), geometry.stride),
            width: geometry.out_width(),
            source_height: geometry.height,
            source_width: geometry.width,
            kernel: geometry.kernel,
        }
    }

    /// The plan of the input's gradient from the output's.
    pub(crate) fn backward(geometry: &Geometry) -> Self {
        Self {
            rows: geometry.transposed_taps(geometry.height),
            columns: segments(&geometry.transposed_taps(geometry.width), 1),
            width: geometry.width,
            source_height: geometry.out_height(),
            source_width: geometry.out_width(),
            kernel: geometry.kernel,
        }
    }
}

fn segments(columns: &[Vec<(usize, usize)>], step: usize) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for (column, taps) in columns.iter().enumerate() {
        let continues = |segment: &Segment| {
            let moved = segment.length * step;
            segment.taps.len() == taps.len()
                && segment
                    .taps
                    .iter()
                    .zip(taps)
                    .all(|(first, tap)| first.0 + moved == tap.0 && first.1 == tap.1)
        };
        match segments.last_mut() {
            Some(segment) if continues(segment) => segment.length += 1,
            _ => segments.push(Segment {
                start: column,
                length: 1,
                step,
                taps: taps.clone(),
            }),
        }
    }
    segments
}

/// A group's weights in the order in which the kernel reads them, in blocks of output channels that fill the registers.
#[derive(Debug)]
pub(crate) struct PackedWeights {
    blocks: Vec<ChannelBlock>,
}

#[derive(Debug)]
struct ChannelBlock {
    first: usize,
    channels: usize,
    /// `[source channel, kernel row, kernel column, channel of the block]`.
    weights: Vec<f32>,
}

impl PackedWeights {
    /// Packs weights `[out_channels, in_channels / groups, kernel, kernel]` for [`Plan::forward`], group by group.
    pub(crate) fn forward(geometry: &Geometry, weights: &[f32]) -> Vec<Self> {
        let area = geometry.kernel * geometry.kernel;
        let group = geometry.of_group();
        let (outputs, inputs) = (group.out_channels, group.in_channels);
        let pack = |weights: &[f32]| {
            Self::new(outputs, inputs, area, |output, input, position| {
                weights[(output * inputs + input) * area + position]
            })
        };
        weights.chunks_exact(group.weights()).map(pack).collect()
    }

    /// Packs weights `[out_channels, in_channels / groups, kernel, kernel]` for [`Plan::backward`], group by group.
    pub(crate) fn backward(geometry: &Geometry, weights: &[f32]) -> Vec<Self> {
        let area = geometry.kernel * geometry.kernel;
        let group = geometry.of_group();
        let (outputs, inputs) = (group.out_channels, group.in_channels);
        let pack = |weights: &[f32]| {
            Self::new(inputs, outputs, area, |input, output, position| {
                weights[(output * inputs + input) * area + position]
            })
        };
        weights.chunks_exact(group.weights()).map(pack).collect()
    }

    fn new(
        channels: usize,
        sources: usize,
        area: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> Self {
        let pack = |first: usize, size: usize| {
            let mut weights = Vec::with_capacity(sources * area * size);
            for source in 0..sources {
                for position in 0..area {
                    weights.extend(
                        (first..first + size).map(|channel| weight(channel, source, position)),
                    );
                }
            }
            ChannelBlock {
                first,
                channels: size,
                weights,
            }
        };
        Self {
            blocks: even_parts(channels, channels_at_once())
                .map(|(first, size)| pack(first, size))
                .collect(),
        }
    }
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

/// Output columns to compute at once beside `channels` channels: their sums, the values of one tap and a weight must
/// fit in the registers.
const fn columns_at_once(registers: usize, channels: usize) -> usize {
    let columns = (registers - 2) / (channels + 1);
    if columns < 8 { columns } else { 8 }
}

/// Computes the map `[channels, height, width]` of one block of images, or of one group's channels in it, as `plan`
/// says.
#[inline(always)]
pub(crate) fn convolve<S: Simd>(
    simd: S,
    plan: &Plan,
    weights: &PackedWeights,
    source: &[Lanes],
    map: &mut [Lanes],
) {
    let per_pixel = vectors_per_pixel::<S>();
    let (source, map) = (vectors::<S>(source), vectors_mut::<S>(map));
    let source_plane = plan.source_height * plan.source_width * per_pixel;
    let plane = plan.rows.len() * plan.width * per_pixel;
    let area = plan.kernel * plan.kernel;
    let mut taps = Vec::with_capacity(area);
    for (row, row_taps) in plan.rows.iter().enumerate() {
        for segment in &plan.columns {
            taps.clear();
            for &(source_row, kernel_row) in row_taps {
                taps.extend(
                    segment
                        .taps
                        .iter()
                        .map(|&(source_column, kernel_column)| Tap {
                            source: (source_row * plan.source_width + source_column) * per_pixel,
                            weight: kernel_row * plan.kernel + kernel_column,
                        }),
                );
            }
            for block in &weights.blocks {
                let most = columns_at_once(S::REGISTER_COUNT, block.channels);
                let mut tile = Tile::<S> {
                    simd,
                    source,
                    source_plane,
                    step: segment.step * per_pixel,
                    taps: &taps,
                    area,
                    weights: &block.weights,
                    map: &mut map[block.first * plane..][..block.channels * plane],
                    plane,
                };
                for (first, columns) in even_parts(segment.length, most) {
                    for part in 0..per_pixel {
                        let column = segment.start + first;
                        let to = (row * plan.width + column) * per_pixel + part;
                        let from = first * segment.step * per_pixel + part;
                        tile.compute(block.channels, columns, from, to);
                    }
                }
            }
        }
    }
}

/// A few output columns of a block of channels.
struct Tile<'a, S: Simd> {
    simd: S,
    source: &'a [S::f32s],
    source_plane: usize,
    step: usize,
    taps: &'a [Tap],
    area: usize,
    weights: &'a [f32],
    map: &'a mut [S::f32s],
    plane: usize,
}

impl<S: Simd> Tile<'_, S> {
    #[inline(always)]
    fn compute(&mut self, channels: usize, columns: usize, from: usize, to: usize) {
        macro_rules! choose {
            ($($channels:literal: $($columns:literal)*;)*) => {
                match (channels, columns) {
                    $($(($channels, $columns) => self.sum::<$channels, $columns>(from, to),)*)*
                    _ => unreachable!("{channels} channels of {columns} columns"),
                }
            };
        }
        choose! {
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

    #[inline(always)]
    fn sum<const CHANNELS: usize, const COLUMNS: usize>(&mut self, from: usize, to: usize) {
        let simd = self.simd;
        let reach = (COLUMNS - 1) * self.step + 1;
        let mut sums = [[simd.splat_f32s(0.0); COLUMNS]; CHANNELS];
        let (weights, _) = self.weights.as_chunks::<CHANNELS>();
        let planes = self.source.chunks_exact(self.source_plane);
        for (plane, weights) in planes.zip(weights.chunks_exact(self.area)) {
            let plane = &plane[from..];
            for tap in self.taps {
                let weights = &weights[tap.weight];
                let values = &plane[tap.source..][..reach];
                let mut source = [simd.splat_f32s(0.0); COLUMNS];
                for column in 0..COLUMNS {
                    source[column] = values[column * self.step];
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
            let per_pixel = vectors_per_pixel::<S>();
            for column in 0..COLUMNS {
                values[column * per_pixel] = sums[channel][column];
            }
        }
    }
}
