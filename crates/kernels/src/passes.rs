//! The passes over one block of images, each on one thread.

use pulp::{Simd, WithSimd};

use crate::activation::{self, Affine};
use crate::block::Block;
use crate::buffer::Buffer;
use crate::convolution::{PackedWeights, Plan, convolve};
use crate::moments::moments;
use crate::simd::{LANES, Lanes};
use crate::sinks::{Store, Sums, Through};
use crate::weight_gradient::{WeightPlan, accumulate};

/// Convolves one block of images; yields each channel's moments where `planes` has the size of a channel and the
/// number of images.
pub(crate) struct Convolve<'a> {
    pub(crate) plan: &'a Plan,
    /// Each group's.
    pub(crate) weights: &'a [PackedWeights],
    pub(crate) input: &'a [Lanes],
    pub(crate) map: &'a mut [Lanes],
    pub(crate) planes: Option<(usize, usize)>,
}

impl WithSimd for Convolve<'_> {
    type Output = Vec<(f64, f64)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<(f64, f64)> {
        let groups = self.weights.len();
        let inputs = self.input.chunks_exact(self.input.len() / groups);
        let maps = self.map.chunks_exact_mut(self.map.len() / groups);
        for ((weights, input), map) in self.weights.iter().zip(inputs).zip(maps) {
            convolve(simd, self.plan, weights, input, map);
        }
        let mut of_channels = Vec::new();
        if let Some((plane, images)) = self.planes {
            for channel in self.map.chunks_exact(plane) {
                of_channels.push(moments(simd, channel, images));
            }
        }
        of_channels
    }
}

/// Computes one block of images' output from the convolution's.
pub(crate) struct Activate<'a> {
    pub(crate) block: &'a Block,
    pub(crate) number: usize,
    pub(crate) affines: &'a [Affine],
    pub(crate) convolved: &'a [Lanes],
    pub(crate) output: &'a mut [Lanes],
}

impl WithSimd for Activate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { block, number, .. } = self;
        let planes = self.convolved.chunks_exact(block.convolved_plane());
        let outputs = self.output.chunks_exact_mut(block.output_plane());
        for (channel, (plane, output)) in planes.zip(outputs).enumerate() {
            let channel = block.channel(number, channel, self.affines[channel]);
            activation::forward(simd, &channel, plane, output);
        }
    }
}

/// Sums what batch normalisation's gradients need of one block of images, channel by channel.
pub(crate) struct Reduce<'a> {
    pub(crate) block: &'a Block,
    pub(crate) number: usize,
    pub(crate) affines: &'a [Affine],
    pub(crate) convolved: &'a [Lanes],
    pub(crate) gradient: &'a [Lanes],
}

impl WithSimd for Reduce<'_> {
    type Output = Vec<(f64, f64)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<(f64, f64)> {
        let Self { block, number, .. } = self;
        let planes = self.convolved.chunks_exact(block.convolved_plane());
        let gradients = self.gradient.chunks_exact(block.output_plane());
        let mut totals = Vec::new();
        for (channel, (plane, gradient)) in planes.zip(gradients).enumerate() {
            let channel = block.channel(number, channel, self.affines[channel]);
            let mut sums = Sums::new(simd);
            activation::backward(simd, &channel, plane, gradient, &mut sums);
            totals.push(sums.totals(block.images_in(number)));
        }
        totals
    }
}

pub(crate) struct BackwardPlans {
    pub(crate) weights: WeightPlan,
    /// With each group's weights.
    pub(crate) input: Option<(Plan, Vec<PackedWeights>)>,
}

/// Computes one block of images' share of the weights' gradient, and its input gradient.
pub(crate) struct Backward<'a> {
    pub(crate) block: &'a Block,
    pub(crate) number: usize,
    pub(crate) affines: &'a [Affine],
    pub(crate) through: Option<&'a [Through]>,
    pub(crate) plans: &'a BackwardPlans,
    pub(crate) input: &'a [Lanes],
    pub(crate) convolved: &'a [Lanes],
    pub(crate) gradient: &'a [Lanes],
    pub(crate) input_gradient: Option<&'a mut [Lanes]>,
}

impl WithSimd for Backward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let Self { block, number, .. } = self;
        let mut convolved_gradient = Buffer::any(block.convolved_length());
        let planes = self.convolved.chunks_exact(block.convolved_plane());
        let gradients = self.gradient.chunks_exact(block.output_plane());
        let stores = convolved_gradient.chunks_exact_mut(block.convolved_plane());
        for (channel, ((plane, gradient), to)) in planes.zip(gradients).zip(stores).enumerate() {
            let mut store = Store::new(simd, to, self.through.map(|through| through[channel]));
            let channel = block.channel(number, channel, self.affines[channel]);
            activation::backward(simd, &channel, plane, gradient, &mut store);
        }
        let images = block.images_in(number);
        if images < LANES {
            // Where there is no image there is no gradient, or it would count in that of the weights.
            for lanes in convolved_gradient.iter_mut() {
                lanes.0[images..].fill(0.0);
            }
        }
        let groups = block.geometry.groups;
        let weights = block.geometry.weights();
        let mut sums = Buffer::zeros(weights);
        let inputs = self.input.chunks_exact(self.input.len() / groups);
        let gradients = convolved_gradient.chunks_exact(block.convolved_length() / groups);
        let totals = sums.chunks_exact_mut(weights / groups);
        for ((input, gradient), totals) in inputs.zip(gradients.clone()).zip(totals) {
            accumulate(simd, &self.plans.weights, input, gradient, totals);
        }
        if let (Some((plan, weights)), Some(to)) = (&self.plans.input, self.input_gradient) {
            let to = to.chunks_exact_mut(self.input.len() / groups);
            for ((weights, gradient), to) in weights.iter().zip(gradients).zip(to) {
                convolve(simd, plan, weights, gradient, to);
            }
        }
        sums.iter().map(|lanes| lanes.0.iter().sum()).collect()
    }
}
