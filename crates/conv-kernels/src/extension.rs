//! The operations as a Burn backend extension: what each backend does for each.
//!
//! Flex and NdArray compute with the kernels. The default bodies compose Burn's own operators, for every other backend;
//! a block of images has one image there, so a tensor of blocks is the ordinary one with a dimension of size one at its
//! end.

use burn::backend::ops::ConvOptions;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, ExtensionType, TensorMetadata, backend_extension};
use burn::tensor::{Distribution, FloatDType, Shape};

use kernels::Block;

/// What a block with batch normalisation yields in training.
#[derive(ExtensionType)]
pub struct NormalisedBlock<B: Backend> {
    /// The block's output, blocks of images.
    pub output: FloatTensor<B>,
    /// Each channel's mean over the batch before normalisation, `[channels]`.
    pub mean: FloatTensor<B>,
    /// Each channel's variance over the batch before normalisation (biased), `[channels]`.
    pub variance: FloatTensor<B>,
}

/// A backend that has convolution blocks.
#[backend_extension(Flex, NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait ConvolutionBackend: Backend {
    /// Images `[images, channels, height, width]` as blocks.
    fn into_blocks(images: FloatTensor<Self>) -> FloatTensor<Self> {
        let [count, channels, height, width] = images.shape().dims();
        Self::float_reshape(images, Shape::new([count, channels, height, width, 1]))
    }

    /// Blocks of `images` images as images `[images, channels, height, width]`.
    fn from_blocks(blocks: FloatTensor<Self>, images: usize) -> FloatTensor<Self> {
        let [_, channels, height, width, _] = blocks.shape().dims();
        Self::float_reshape(blocks, Shape::new([images, channels, height, width]))
    }

    /// The mean of each channel of each image, `[images, channels]`.
    fn means(blocks: FloatTensor<Self>, images: usize) -> FloatTensor<Self> {
        let [_, channels, height, width, _] = blocks.shape().dims();
        let maps = Self::float_reshape(blocks, Shape::new([images, channels, height * width]));
        Self::float_reshape(
            Self::float_mean_dim(maps, 2),
            Shape::new([images, channels]),
        )
    }

    /// A convolution with weights `[out_channels, in_channels / groups, kernel, kernel]` and a bias `[out_channels]`, and what
    /// follows it.
    fn biased_block(
        blocks: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        block: Block,
    ) -> FloatTensor<Self> {
        let convolved = convolve::<Self>(blocks, weights, Some(bias), block);
        activate::<Self>(convolved, block)
    }

    /// The same with batch normalisation by the batch's own statistics in place of the bias.
    fn normalised_block(
        blocks: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f64,
        block: Block,
    ) -> NormalisedBlock<Self> {
        let convolved = convolve::<Self>(blocks, weights, None, block);
        let normalised = Self::batch_norm_train(convolved, gamma, beta, epsilon);
        NormalisedBlock {
            output: activate::<Self>(normalised.output, block),
            mean: normalised.mean,
            variance: normalised.variance,
        }
    }
}

fn convolve<B: ConvolutionBackend>(
    blocks: FloatTensor<B>,
    weights: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
    block: Block,
) -> FloatTensor<B> {
    let geometry = block.geometry;
    let options = ConvOptions::new(
        [geometry.stride; 2],
        [geometry.padding; 2],
        [1, 1],
        geometry.groups,
    );
    B::conv2d(B::from_blocks(blocks, block.images), weights, bias, options)
}

fn activate<B: ConvolutionBackend>(maps: FloatTensor<B>, block: Block) -> FloatTensor<B> {
    let mut maps = maps;
    if block.activation.relu {
        maps = B::relu(maps);
    }
    let dropout = block.activation.dropout;
    if dropout.is_active() {
        let kept = B::float_random(
            maps.shape(),
            Distribution::Bernoulli(1.0 - dropout.probability),
            &maps.device(),
            FloatDType::F32,
        );
        let scale = 1.0 / (1.0 - dropout.probability);
        maps = B::float_mul(maps, B::float_mul_scalar(kept, scale.into()));
    }
    if block.activation.max_pool {
        maps = B::max_pool2d(maps, [2, 2], [2, 2], [0, 0], [1, 1], false);
    }
    B::into_blocks(maps)
}

#[cfg(feature = "wgpu")]
impl ConvolutionBackend for burn::backend::Cube {}

#[cfg(feature = "wgpu")]
impl<C> ConvolutionBackend for burn::backend::Autodiff<burn::backend::Cube, C> where
    C: burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy
{
}
