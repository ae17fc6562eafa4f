//! The operations on tensors.

use burn::backend::{Dispatch, DispatchTensor};
use burn::tensor::Tensor;
use kernels::{Activation, Between, Block, Chain, Dropout, Geometry};

use crate::cpu::BLOCKS_AT_ONCE;
use crate::extension::{ConvolutionBackend, Tensors};

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

/// A convolution block of a chain.
#[derive(Clone, Debug)]
pub struct ConvolutionBlock {
    /// `[out_channels, in_channels / groups, kernel, kernel]`.
    pub weights: Tensor<4>,
    /// What is between the convolution and ReLU.
    pub then: Then,
    /// What the block does beside.
    pub options: BlockOptions,
}

/// What is between a convolution and ReLU.
// A chain has a handful of blocks, so the space that the small ones waste does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// A bias `[out_channels]`. Batch normalisation by fixed statistics is to be [folded](fold) into weights and bias.
    Bias(Tensor<1>),
    /// Batch normalisation by the batch's own statistics, for training.
    BatchNorm {
        /// `[out_channels]`.
        gamma: Tensor<1>,
        /// `[out_channels]`.
        beta: Tensor<1>,
        /// What is added to the variance, so that nothing is divided by zero.
        epsilon: f64,
    },
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

/// What [`ImageBlocks::chain`] yields.
#[derive(Clone, Debug)]
pub struct Chained {
    /// The last block's output.
    pub output: ImageBlocks,
    /// Each block's statistics, where it has batch normalisation.
    pub statistics: Vec<Option<BatchStatistics>>,
}

/// What batch normalisation found in a batch, outside the autodiff graph.
#[derive(Clone, Debug)]
pub struct BatchStatistics {
    /// Each channel's mean before normalisation, `[channels]`.
    pub mean: Tensor<1>,
    /// Each channel's variance before normalisation, of the batch itself (biased), `[channels]`.
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

    /// Convolution blocks, each of which computes on the output of the one before.
    ///
    /// # Panics
    ///
    /// If there are none, or if anything does not fit.
    pub fn chain(self, blocks: Vec<ConvolutionBlock>) -> Chained {
        assert!(!blocks.is_empty(), "at least one block");
        let mut chained = Chained {
            output: self,
            statistics: Vec::new(),
        };
        let mut blocks = blocks.into_iter().peekable();
        while blocks.peek().is_some() {
            let some = blocks.by_ref().take(BLOCKS_AT_ONCE).collect();
            let next = chained.output.part_of_chain(some);
            chained.output = next.output;
            chained.statistics.extend(next.statistics);
        }
        chained
    }

    fn part_of_chain(self, blocks: Vec<ConvolutionBlock>) -> Chained {
        let mut sizes: Vec<Block> = Vec::new();
        let mut parameters = Vec::new();
        for block in blocks {
            let dims = match sizes.last() {
                Some(last) => [
                    last.geometry.out_channels,
                    last.out_height(),
                    last.out_width(),
                ],
                None => self.dims(),
            };
            sizes.push(block.sizes(dims));
            parameters.push(block.weights.into_dispatch());
            parameters.extend(block.then.into_parameters());
        }
        let chain = Chain::new(sizes.clone(), self.images);
        let of = Dispatch::chain(self.blocks.into_dispatch(), Tensors(parameters), chain);
        let mut statistics = of.statistics.0.into_iter().map(Tensor::from_dispatch);
        let mut next = || {
            statistics
                .next()
                .expect("statistics of every batch normalisation")
        };
        let of_block = |block: &Block| match block.between {
            Between::Nothing | Between::Bias => None,
            Between::BatchNorm { .. } => Some(BatchStatistics {
                mean: next(),
                variance: next(),
            }),
        };
        Chained {
            statistics: sizes.iter().map(of_block).collect(),
            output: Self {
                blocks: Tensor::from_dispatch(of.output),
                images: self.images,
            },
        }
    }
}

impl Then {
    fn into_parameters(self) -> Vec<DispatchTensor> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Bias(bias) => vec![bias.into_dispatch()],
            Self::BatchNorm { gamma, beta, .. } => {
                vec![gamma.into_dispatch(), beta.into_dispatch()]
            }
        }
    }

    fn sizes(&self, channels: usize) -> Between {
        match self {
            Self::Nothing => Between::Nothing,
            Self::Bias(bias) => {
                assert_eq!(bias.dims(), [channels], "one bias a channel");
                Between::Bias
            }
            Self::BatchNorm {
                gamma,
                beta,
                epsilon,
            } => {
                assert_eq!(
                    [gamma.dims(), beta.dims()],
                    [[channels]; 2],
                    "one gamma and one beta a channel"
                );
                Between::BatchNorm { epsilon: *epsilon }
            }
        }
    }
}

impl ConvolutionBlock {
    /// The sizes of the block on maps of that many channels, that height and that width.
    fn sizes(&self, [channels, height, width]: [usize; 3]) -> Block {
        let options = self.options;
        let [out_channels, inputs_of_group, kernel, kernel_width] = self.weights.dims();
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
            between: self.then.sizes(out_channels),
            activation: Activation {
                relu: options.relu,
                dropout: options.dropout,
                max_pool: options.max_pool,
            },
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
