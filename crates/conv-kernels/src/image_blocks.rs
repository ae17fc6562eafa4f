//! The operations on tensors.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use crate::extension::ConvolutionBackend;
use kernels::Activation;
use kernels::Block;
use kernels::Dropout;
use kernels::Geometry;

/// The maps of a batch of images, in the order in which the backend's kernels want them.
///
/// On the CPU backends that is blocks of sixteen images with the image innermost, on others one image after the other.
/// A network converts its images once, goes through its convolution blocks, and converts back, or takes the
/// [`means`](Self::means), at its end.
#[derive(Clone, Debug)]
pub struct ImageBlocks {
    /// `[blocks, channels, height, width, images of a block]`.
    blocks: Tensor<5>,
    images: usize,
}

/// What a convolution block does beside convolving.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockOptions {
    /// Distance between neighbouring positions of the kernel.
    pub stride: usize,
    /// Zeros added on each side of the map.
    pub padding: usize,
    /// Into how many groups the channels are split: a group's outputs see only its inputs.
    pub groups: usize,
    /// Whether negative values become zero.
    pub relu: bool,
    /// Dropout, after ReLU.
    pub dropout: Dropout,
    /// Whether 2×2 max-pooling ends the block.
    pub max_pool: bool,
}

/// What [`ImageBlocks::normalised_block`] yields.
#[derive(Clone, Debug)]
pub struct Normalised {
    /// The block's output.
    pub output: ImageBlocks,
    /// Each channel's mean over the batch before normalisation, `[channels]`, outside the autodiff graph.
    pub mean: Tensor<1>,
    /// Each channel's variance over the batch before normalisation, of the batch itself (biased), `[channels]`,
    /// outside the autodiff graph.
    pub variance: Tensor<1>,
}

impl ImageBlocks {
    /// Takes images `[images, channels, height, width]`.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn new(images: Tensor<4>) -> Self {
        let [count, ..] = images.dims();
        assert!(count > 0, "a batch has at least one image");
        Self {
            blocks: Tensor::from_dispatch(Dispatch::into_blocks(images.into_dispatch())),
            images: count,
        }
    }

    /// The maps as `[images, channels, height, width]`.
    pub fn into_images(self) -> Tensor<4> {
        let blocks = self.blocks.into_dispatch();
        Tensor::from_dispatch(Dispatch::from_blocks(blocks, self.images))
    }

    /// The mean of each channel of each image (global average pooling), `[images, channels]`.
    pub fn means(self) -> Tensor<2> {
        let blocks = self.blocks.into_dispatch();
        Tensor::from_dispatch(Dispatch::means(blocks, self.images))
    }

    /// Channels, height and width of the maps.
    pub fn dims(&self) -> [usize; 3] {
        let [_, channels, height, width, _] = self.blocks.dims();
        [channels, height, width]
    }

    /// Convolution with `weights` `[out_channels, in_channels / groups, kernel, kernel]` and, if there is one, a `bias`
    /// `[out_channels]`, and what `options` says. Batch normalisation by fixed statistics is to be [folded](fold) into
    /// weights and bias.
    ///
    /// # Panics
    ///
    /// If weights and maps, or weights and `bias`, do not fit.
    pub fn block(self, weights: Tensor<4>, bias: Option<Tensor<1>>, options: BlockOptions) -> Self {
        let block = self.sizes(&weights, options);
        let channels = block.geometry.out_channels;
        let bias = bias.unwrap_or_else(|| Tensor::zeros([channels], &weights.device()));
        assert_eq!(bias.dims(), [channels], "one bias a channel");
        let output = Dispatch::biased_block(
            self.blocks.into_dispatch(),
            weights.into_dispatch(),
            bias.into_dispatch(),
            block,
        );
        Self {
            blocks: Tensor::from_dispatch(output),
            images: self.images,
        }
    }

    /// The same with batch normalisation, by the batch's own statistics, in place of the bias: for training.
    ///
    /// # Panics
    ///
    /// If weights and maps, or `gamma` and `beta` `[out_channels]`, do not fit.
    pub fn normalised_block(
        self,
        weights: Tensor<4>,
        gamma: Tensor<1>,
        beta: Tensor<1>,
        epsilon: f64,
        options: BlockOptions,
    ) -> Normalised {
        let block = self.sizes(&weights, options);
        let channels = block.geometry.out_channels;
        assert_eq!(
            [gamma.dims(), beta.dims()],
            [[channels]; 2],
            "one gamma and one beta a channel"
        );
        let normalised = Dispatch::normalised_block(
            self.blocks.into_dispatch(),
            weights.into_dispatch(),
            gamma.into_dispatch(),
            beta.into_dispatch(),
            epsilon,
            block,
        );
        Normalised {
            output: Self {
                blocks: Tensor::from_dispatch(normalised.output),
                images: self.images,
            },
            mean: Tensor::from_dispatch(normalised.mean),
            variance: Tensor::from_dispatch(normalised.variance),
        }
    }

    fn sizes(&self, weights: &Tensor<4>, options: BlockOptions) -> Block {
        let [channels, height, width] = self.dims();
        let [out_channels, inputs_of_group, kernel, kernel_width] = weights.dims();
        let in_channels = inputs_of_group * options.groups;
        assert_eq!(kernel, kernel_width, "the kernel must be square");
        assert_eq!(
            in_channels, channels,
            "as many input channels as the maps have"
        );
        assert!(
            out_channels.is_multiple_of(options.groups),
            "{} groups do not divide {out_channels} output channels",
            options.groups
        );
        let smallest = height.min(width) + 2 * options.padding;
        assert!(
            1 <= kernel && kernel <= smallest && options.stride >= 1,
            "a kernel of {kernel} does not fit in {smallest}, stride {}",
            options.stride
        );
        let block = Block {
            geometry: Geometry {
                in_channels,
                out_channels,
                groups: options.groups,
                kernel,
                stride: options.stride,
                padding: options.padding,
                height,
                width,
            },
            activation: Activation {
                relu: options.relu,
                dropout: options.dropout,
                max_pool: options.max_pool,
            },
            images: self.images,
        };
        assert!(
            block.out_height() > 0 && block.out_width() > 0,
            "a map of {}×{} cannot be pooled",
            block.geometry.out_height(),
            block.geometry.out_width()
        );
        block
    }
}

/// Folds batch normalisation by fixed statistics into the convolution before it: the weights and the bias of
/// gamma · (convolution − mean) / √(variance + epsilon) + beta.
pub fn fold(
    weights: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    mean: Tensor<1>,
    variance: Tensor<1>,
    epsilon: f64,
) -> (Tensor<4>, Tensor<1>) {
    let scale = gamma / (variance + epsilon).sqrt();
    let [channels] = scale.dims();
    let bias = beta - mean * scale.clone();
    (weights * scale.reshape([channels, 1, 1, 1]), bias)
}
