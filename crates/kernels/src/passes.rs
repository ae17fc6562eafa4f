//! What a chain's forward and backward pass do to one block of images in one phase, on one thread.

use pulp::{Simd, WithSimd};

use crate::activation::{self, Affine, Channel, Kept, Through};
use crate::block::Block;
use crate::buffer::Buffer;
use crate::convolution::{Plan, convolve};
use crate::dropout::Dropped;
use crate::moments::moments;
use crate::simd::Lanes;
use crate::sums::Sums;
use crate::weight_gradient::{WeightPlan, weight_gradient};

/// Convolves one block of images.
pub(crate) struct Convolve<'a> {
    pub(crate) plan: &'a Plan,
    /// Packed.
    pub(crate) weights: &'a [f32],
    pub(crate) input: &'a [Lanes],
    pub(crate) map: &'a mut [Lanes],
    /// The values of a channel and the number of images, where each channel's moments are wanted.
    pub(crate) moments_of: Option<(usize, usize)>,
}

impl WithSimd for Convolve<'_> {
    /// Each channel's sum and sum of squares.
    type Output = Vec<(f64, f64)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<(f64, f64)> {
        let of_group = self.plan.weights_of_group();
        let groups = self.weights.len() / of_group;
        let inputs = self.input.chunks_exact(self.input.len() / groups);
        let length = self.map.len() / groups;
        let maps = self.map.chunks_exact_mut(length);
        for ((weights, input), map) in self.weights.chunks_exact(of_group).zip(inputs).zip(maps) {
            convolve(simd, self.plan, weights, input, map);
        }
        let mut of_channels = Vec::new();
        if let Some((plane, images)) = self.moments_of {
            for channel in self.map.chunks_exact(plane) {
                of_channels.push(moments(simd, channel, images));
            }
        }
        of_channels
    }
}

/// A convolution block of a chain, for one block of images.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) block: &'a Block,
    pub(crate) affines: &'a [Affine],
    pub(crate) dropped: &'a Dropped,
}

impl<'a> Place<'a> {
    #[inline(always)]
    fn channel(&self, channel: usize) -> Channel<'a> {
        self.block.channel(channel, self.affines, self.dropped)
    }
}

/// Computes one block of images' output from the convolution's.
pub(crate) struct Activate<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) convolved: &'a [Lanes],
    pub(crate) output: &'a mut [Lanes],
    /// See [`activation::forward`].
    pub(crate) places: &'a mut [Lanes],
}

impl WithSimd for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let block = self.place.block;
        let planes = self.convolved.chunks_exact(block.convolved_plane());
        let outputs = self.output.chunks_exact_mut(block.output_plane());
        let mut rows = Buffer::any(match block.activation.max_pool {
            true => 2 * block.geometry.out_width(),
            false => 0,
        });
        let mut places = self.places;
        for (channel, (plane, output)) in planes.zip(outputs).enumerate() {
            let size = output.len().min(places.len());
            let (of_channel, rest) = places.split_at_mut(size);
            let channel = self.place.channel(channel);
            activation::forward(simd, &channel, plane, output, &mut rows, of_channel);
            places = rest;
        }
    }
}

/// Takes the gradient of one block of images' output back through what follows the convolution, up to batch normalisation,
/// in place.
pub(crate) struct Mask<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) kept: Kept<'a>,
    pub(crate) gradient: &'a mut [Lanes],
    /// How many images there are.
    pub(crate) images: usize,
}

impl WithSimd for Mask<'_> {
    /// What batch normalisation's gradients need of each channel.
    type Output = Vec<(f64, f64)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<(f64, f64)> {
        let block = self.place.block;
        let planes = self.gradient.chunks_exact_mut(block.output_plane());
        let mut totals = Vec::with_capacity(block.geometry.out_channels);
        for (channel, gradient) in planes.enumerate() {
            let kept = of_channel(block, channel, self.kept);
            let mut sums = Sums::new(simd);
            activation::mask(
                simd,
                &self.place.channel(channel),
                kept,
                gradient,
                &mut sums,
            );
            totals.push(sums.totals(simd, self.images));
        }
        totals
    }
}

fn of_channel<'a>(block: &Block, channel: usize, kept: Kept<'a>) -> Kept<'a> {
    let plane = |map: &'a [Lanes], plane: usize| {
        let first = (channel * plane).min(map.len());
        &map[first..(first + plane).min(map.len())]
    };
    Kept {
        convolved: plane(kept.convolved, block.convolved_plane()),
        output: plane(kept.output, block.output_plane()),
        places: plane(kept.places, block.output_plane()),
    }
}

/// Computes the gradient of one block of images' convolution from what [`Mask`] left.
pub(crate) struct Spread<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) through: Option<&'a [Through]>,
    pub(crate) kept: Kept<'a>,
    pub(crate) gradient: &'a [Lanes],
    pub(crate) to: &'a mut [Lanes],
}

impl WithSimd for Spread<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let block = self.place.block;
        let planes = self.to.chunks_exact_mut(block.convolved_plane());
        let gradients = self.gradient.chunks_exact(block.output_plane());
        for (channel, (to, gradient)) in planes.zip(gradients).enumerate() {
            let kept = of_channel(block, channel, self.kept);
            let through = self.through.map(|through| through[channel]);
            let channel = self.place.channel(channel);
            activation::spread(simd, &channel, kept, through, gradient, to);
        }
    }
}

/// Computes one block of images' share of the weights' gradient.
pub(crate) struct WeightGradient<'a> {
    pub(crate) plan: &'a WeightPlan,
    pub(crate) groups: usize,
    pub(crate) input: &'a [Lanes],
    /// The gradient of the convolution's output.
    pub(crate) gradient: &'a [Lanes],
    pub(crate) weights: &'a mut [f32],
}

impl WithSimd for WeightGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { plan, groups, .. } = self;
        let mut sums = Buffer::any(plan.sums());
        let of_group = self.weights.len() / groups;
        let weights = self.weights.chunks_exact_mut(of_group);
        let inputs = self.input.chunks_exact(self.input.len() / groups);
        let gradients = self.gradient.chunks_exact(self.gradient.len() / groups);
        for ((input, gradient), to) in inputs.zip(gradients).zip(weights) {
            weight_gradient(simd, plan, input, gradient, &mut sums, to);
        }
    }
}
