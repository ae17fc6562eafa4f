//! The operations as a Burn backend extension: what each backend does for each.
//!
//! Flex and NdArray compute with the kernels. The default bodies compose Burn's own operators, for every other backend;
//! a block of images has one image there, so a tensor of blocks is the ordinary one with a dimension of size one at its
//! end.

use burn::backend::ops::ConvOptions;
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Backend, BackendTensor, Dispatch, DispatchAutodiffContext, DispatchTensor, DispatchTensorKind,
    ExtensionType, TensorMetadata, backend_extension,
};
use burn::tensor::{Distribution, FloatDType, Shape};
use kernels::{Between, Block, Chain};

/// Tensors of floats, as many as there are.
pub struct Tensors<B: Backend>(pub Vec<FloatTensor<B>>);

/// As Burn derives it for a fixed number of tensors.
impl<B: Backend> ExtensionType<B> for Tensors<B> {
    type Target = Tensors<Dispatch>;

    fn map_to_dispatch<F>(self, map_kind: F, autodiff: DispatchAutodiffContext) -> Self::Target
    where
        F: Fn(BackendTensor<B>) -> DispatchTensorKind,
    {
        let wrap = |tensor| DispatchTensor {
            kind: map_kind(BackendTensor::Float(tensor)),
            autodiff,
        };
        Tensors(self.0.into_iter().map(wrap).collect())
    }

    fn map_from_dispatch<F>(target: Self::Target, unwrap_kind: F) -> Self
    where
        F: Fn(DispatchTensor) -> BackendTensor<B>,
    {
        let unwrap = |tensor| unwrap_kind(tensor).float();
        Self(target.0.into_iter().map(unwrap).collect())
    }

    fn routing_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn routing_float_tensor(target: &Self::Target) -> Option<&DispatchTensor> {
        target.0.first()
    }

    fn autodiff_context(target: &Self::Target) -> DispatchAutodiffContext {
        let disabled = DispatchAutodiffContext::Disabled;
        let tensors = target.0.iter();
        tensors.fold(disabled, |context, tensor| context.merge(tensor.autodiff))
    }
}

/// What a chain of convolution blocks yields.
#[derive(ExtensionType)]
pub struct ChainOutput<B: Backend> {
    /// The last block's output, blocks of images.
    pub output: FloatTensor<B>,
    /// The mean and the variance (biased) over the batch of each channel, `[channels]` both, of every block that has batch
    /// normalisation.
    #[extension_type]
    pub statistics: Tensors<B>,
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

    /// A chain of convolution blocks. `parameters` are those of each block in turn: weights
    /// `[out_channels, in_channels / groups, kernel, kernel]`, then the bias `[out_channels]`, or gamma and beta, where there
    /// are any.
    fn chain(
        blocks: FloatTensor<Self>,
        #[extension_type] parameters: Tensors<Self>,
        chain: Chain,
    ) -> ChainOutput<Self> {
        let mut maps = blocks;
        let mut statistics = Vec::new();
        let mut parameters = parameters.0.into_iter();
        let mut next = || parameters.next().expect("parameters of every block");
        for block in chain.blocks() {
            let images = Self::from_blocks(maps, chain.images());
            let weights = next();
            let convolved = match block.between {
                Between::Nothing => convolve::<Self>(images, weights, None, block),
                Between::Bias => convolve::<Self>(images, weights, Some(next()), block),
                Between::BatchNorm { epsilon } => {
                    let convolved = convolve::<Self>(images, weights, None, block);
                    let normalised = Self::batch_norm_train(convolved, next(), next(), epsilon);
                    statistics.extend([normalised.mean, normalised.variance]);
                    normalised.output
                }
            };
            maps = activate::<Self>(convolved, block);
        }
        ChainOutput {
            output: maps,
            statistics: Tensors(statistics),
        }
    }
}

fn convolve<B: ConvolutionBackend>(
    images: FloatTensor<B>,
    weights: FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
    block: &Block,
) -> FloatTensor<B> {
    let geometry = block.geometry;
    let options = ConvOptions::new(
        [geometry.stride; 2],
        [geometry.padding; 2],
        [1, 1],
        geometry.groups,
    );
    B::conv2d(images, weights, bias, options)
}

fn activate<B: ConvolutionBackend>(maps: FloatTensor<B>, block: &Block) -> FloatTensor<B> {
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
