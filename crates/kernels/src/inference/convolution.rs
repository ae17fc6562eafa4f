//! Convolution.
//!
//! A channel is one row of values, its rows one after the other. An output value is then a sum over taps: values at
//! fixed distances from its own place, whatever the place, times weights. So neighbouring outputs are sums of vectors at
//! these distances, and there are no edges.
//!
//! For sixteen images, neighbours are the images of a pixel and the pixels of a row. For one image there are too few
//! pixels in a row to fill vectors, so neighbours are all pixels of a channel: those between the end of an output row and
//! the next are computed with the others, and mean nothing.

use pulp::Simd;

use super::Shape;
use super::maps::Maps;
use super::vectors::relu;
use crate::Geometry;
use crate::convolution::{channels_at_once, even_parts};
use crate::simd::{LANES, multiply_add};

/// Vectors of one channel to sum at once, at most.
const VECTORS_AT_ONCE: usize = 8;

/// The sizes of a convolution of maps that are padded already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) groups: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) stride: usize,
}

impl Kernel {
    pub(super) fn new(geometry: &Geometry) -> Self {
        Self {
            groups: geometry.groups,
            height: geometry.kernel,
            width: geometry.kernel,
            stride: geometry.stride,
        }
    }
}

/// A convolution with a bias, and ReLU where wanted.
#[derive(Debug)]
pub(super) struct Convolution {
    from: Maps,
    to: Maps,
    /// How far each tap's value is from the first one's.
    taps: Vec<usize>,
    stretches: Vec<Stretch>,
    groups: Vec<Vec<ChannelBlock>>,
    relu: bool,
}

/// Neighbouring outputs, all computed from neighbouring inputs.
#[derive(Debug)]
struct Stretch {
    from: usize,
    to: usize,
    length: usize,
}

/// Output channels of a group that are computed at once.
#[derive(Debug)]
struct ChannelBlock {
    first: usize,
    bias: Vec<f32>,
    /// `[input channel of the group, tap, channel of the block]`.
    weights: Vec<f32>,
}

impl Convolution {
    /// A convolution with weights `[out_channels, in_channels / groups, height, width]`. For one image, its outputs are as
    /// far apart as without a stride, and there are gaps between the rows.
    pub(super) fn new(
        kernel: Kernel,
        from: Maps,
        weights: &[f32],
        bias: &[f32],
        relu: bool,
    ) -> Self {
        let (to, stretches) = outputs(kernel, from, bias.len());
        let taps = (0..kernel.height).flat_map(|row| {
            (0..kernel.width).map(move |column| row * from.pitch + column * from.images)
        });
        let groups = weights
            .chunks_exact(weights.len() / kernel.groups)
            .zip(bias.chunks_exact(bias.len() / kernel.groups));
        Self {
            from,
            to,
            taps: taps.collect(),
            stretches,
            groups: groups
                .map(|(weights, bias)| blocks(weights, bias))
                .collect(),
            relu,
        }
    }

    /// The maps that it writes.
    pub(super) fn to(&self) -> Maps {
        self.to
    }

    /// How many values beyond its maps it reads or writes.
    pub(super) fn overhang(&self) -> usize {
        self.taps.last().unwrap_or(&0) + LANES
    }

    #[inline(always)]
    pub(super) fn run<S: Simd>(&self, simd: S, source: &[f32], target: &mut [f32]) {
        let inputs = self.from.channels / self.groups.len();
        let outputs = self.to.channels / self.groups.len();
        for stretch in &self.stretches {
            let vectors = stretch.length.div_ceil(S::F32_LANES);
            if outputs == 1 {
                for (first, vectors) in even_parts(vectors, VECTORS_AT_ONCE) {
                    let place = first * S::F32_LANES;
                    let (from, to) = (stretch.from + place, stretch.to + place);
                    self.groups_of_one(simd, vectors, &source[from..], &mut target[to..]);
                }
                continue;
            }
            for (group, blocks) in self.groups.iter().enumerate() {
                let source = &source[group * inputs * self.from.plane + stretch.from..];
                let target = &mut target[group * outputs * self.to.plane + stretch.to..];
                let channels = blocks.iter().map(|block| block.bias.len()).max();
                let most = vectors_at_once(S::REGISTER_COUNT, channels.unwrap_or(1));
                for (first, vectors) in even_parts(vectors, most) {
                    let place = first * S::F32_LANES;
                    for block in blocks {
                        let to = &mut target[block.first * self.to.plane + place..];
                        self.tile(simd, block, vectors, &source[place..], to);
                    }
                }
            }
        }
    }

    /// Groups with one output channel each, as a depthwise convolution has.
    #[inline(always)]
    fn groups_of_one<S: Simd>(&self, simd: S, vectors: usize, source: &[f32], target: &mut [f32]) {
        macro_rules! choose {
            ($($vectors:literal)*) => {
                match vectors {
                    $($vectors => self.all_groups::<S, $vectors>(simd, source, target),)*
                    _ => unreachable!("{vectors} vectors"),
                }
            };
        }
        choose! { 1 2 3 4 5 6 7 8 }
    }

    #[inline(always)]
    fn all_groups<S: Simd, const VECTORS: usize>(
        &self,
        simd: S,
        source: &[f32],
        target: &mut [f32],
    ) {
        let inputs = self.from.channels / self.groups.len();
        for (group, blocks) in self.groups.iter().enumerate() {
            let source = &source[group * inputs * self.from.plane..];
            let target = &mut target[group * self.to.plane..];
            for block in blocks {
                self.sum::<S, 1, VECTORS>(simd, block, source, target);
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd>(
        &self,
        simd: S,
        block: &ChannelBlock,
        vectors: usize,
        source: &[f32],
        target: &mut [f32],
    ) {
        let channels = block.bias.len();
        macro_rules! choose {
            ($($channels:literal: $($vectors:literal)*;)*) => {
                match (channels, vectors) {
                    $($(($channels, $vectors) => {
                        self.sum::<S, $channels, $vectors>(simd, block, source, target);
                    })*)*
                    _ => unreachable!("{channels} channels of {vectors} vectors"),
                }
            };
        }
        choose! {
            2: 1 2 3 4 5 6 7 8;
            3: 1 2 3 4 5 6 7;
            4: 1 2 3 4 5 6;
            5: 1 2 3 4 5;
            6: 1 2 3 4;
            7: 1 2 3;
            8: 1 2 3;
        }
    }

    /// A few vectors of a few output channels, which begin where `source` and `target` do.
    #[inline(always)]
    fn sum<S: Simd, const CHANNELS: usize, const VECTORS: usize>(
        &self,
        simd: S,
        block: &ChannelBlock,
        source: &[f32],
        target: &mut [f32],
    ) {
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; CHANNELS];
        let bias = &block.bias[..CHANNELS];
        for channel in 0..CHANNELS {
            sums[channel] = [simd.splat_f32s(bias[channel]); VECTORS];
        }
        let (weights, _) = block.weights.as_chunks::<CHANNELS>();
        let of_inputs = weights.chunks_exact(self.taps.len());
        for (input, weights) in of_inputs.enumerate() {
            let plane = &source[input * self.from.plane..];
            for (weights, &tap) in weights.iter().zip(&self.taps) {
                let (values, _) = S::as_simd_f32s(&plane[tap..][..VECTORS * S::F32_LANES]);
                for channel in 0..CHANNELS {
                    let weight = simd.splat_f32s(weights[channel]);
                    for vector in 0..VECTORS {
                        let sum = sums[channel][vector];
                        sums[channel][vector] = multiply_add(simd, weight, values[vector], sum);
                    }
                }
            }
        }
        for channel in 0..CHANNELS {
            let target = &mut target[channel * self.to.plane..][..VECTORS * S::F32_LANES];
            let (target, _) = S::as_mut_simd_f32s(target);
            for vector in 0..VECTORS {
                let sum = sums[channel][vector];
                target[vector] = if self.relu { relu(simd, sum) } else { sum };
            }
        }
    }
}

/// The output maps, and the stretches that they are computed in.
fn outputs(kernel: Kernel, from: Maps, channels: usize) -> (Maps, Vec<Stretch>) {
    let Kernel { stride, .. } = kernel;
    let height = (from.height - kernel.height) / stride + 1;
    let reach = from.width - kernel.width + 1;
    let width = (reach - 1) / stride + 1;
    let shape = |width| Shape {
        channels,
        height,
        width,
    };
    let one_image = from.images == 1;
    if stride == 1 && (one_image || (kernel.height, kernel.width) == (1, 1)) {
        let to = Maps::with_pitch(from.images, shape(width), from.pitch);
        let whole = Stretch {
            from: 0,
            to: 0,
            length: to.reach(),
        };
        return (to, vec![whole]);
    }
    let to = if one_image {
        Maps::with_pitch(1, shape(reach), reach.next_multiple_of(LANES))
    } else {
        Maps::without_gaps(from.images, shape(width))
    };
    let row = |row: usize| {
        let (length, count) = match stride {
            1 => (to.width * from.images, 1),
            _ if one_image => (to.width, 1),
            _ => (from.images, to.width),
        };
        (0..count).map(move |part| Stretch {
            from: row * stride * from.pitch + part * stride * from.images,
            to: row * to.pitch + part * length,
            length,
        })
    };
    (to, (0..height).flat_map(row).collect())
}

/// The weights `[out_channels, in_channels, kernel, kernel]` and biases of a group in blocks of output channels that fill
/// the registers.
fn blocks(weights: &[f32], bias: &[f32]) -> Vec<ChannelBlock> {
    let of_channel = weights.len() / bias.len();
    let pack = |(first, channels): (usize, usize)| {
        let mut packed = Vec::with_capacity(channels * of_channel);
        for at in 0..of_channel {
            let of_channels = first..first + channels;
            packed.extend(of_channels.map(|channel| weights[channel * of_channel + at]));
        }
        ChannelBlock {
            first,
            bias: bias[first..first + channels].to_vec(),
            weights: packed,
        }
    };
    even_parts(bias.len(), channels_at_once())
        .map(pack)
        .collect()
}

/// Vectors to sum at once beside `channels` channels: their sums, one vector of the input each and a weight must fit in
/// the registers.
const fn vectors_at_once(registers: usize, channels: usize) -> usize {
    let vectors = (registers - 2) / (channels + 1);
    if vectors < VECTORS_AT_ONCE {
        vectors
    } else {
        VECTORS_AT_ONCE
    }
}
