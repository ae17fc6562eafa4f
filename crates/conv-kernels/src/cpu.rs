//! The operations on Burn's CPU backends: the kernels, and their place in the autodiff graph.

use std::sync::Arc;

#[cfg(feature = "ndarray")]
use burn::backend::NdArray;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};

use crate::extension::{ConvolutionBackend, NormalisedBlock};
use crate::tensors::{BlockValues, Cpu};
use kernels::Block;
use kernels::Buffer;
use kernels::LANES;
use kernels::layout;
use kernels::{Between, BetweenGradients, Statistics, Wanted};

/// Implements the extension for a CPU backend and for autodiff on it.
macro_rules! compute_with_kernels {
    ($backend:ty) => {
        impl ConvolutionBackend for $backend {
            fn into_blocks(images: FloatTensor<Self>) -> FloatTensor<Self> {
                into_blocks::<Self>(&images)
            }

            fn from_blocks(blocks: FloatTensor<Self>, images: usize) -> FloatTensor<Self> {
                from_blocks::<Self>(&blocks, images)
            }

            fn means(blocks: FloatTensor<Self>, images: usize) -> FloatTensor<Self> {
                means::<Self>(&blocks, images)
            }

            fn biased_block(
                blocks: FloatTensor<Self>,
                weights: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                block: Block,
            ) -> FloatTensor<Self> {
                let blocks = BlockValues::of::<Self>(&blocks);
                let (weights, bias) = (Self::values(&weights), Self::values(&bias));
                output::<Self>(block.infer(&blocks, &weights, &bias), block)
            }

            fn normalised_block(
                blocks: FloatTensor<Self>,
                weights: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                beta: FloatTensor<Self>,
                epsilon: f64,
                block: Block,
            ) -> NormalisedBlock<Self> {
                let blocks = BlockValues::of::<Self>(&blocks);
                let (gamma, beta) = (Self::values(&gamma), Self::values(&beta));
                let norm = Between::batch_norm(&gamma, &beta, epsilon);
                let forward = block.forward(&blocks, &Self::values(&weights), norm);
                let statistics = forward.statistics.expect("it is normalised");
                let channels = [block.geometry.out_channels];
                NormalisedBlock {
                    output: output::<Self>(forward.output, block),
                    mean: Self::from_values(statistics.mean, channels),
                    variance: Self::from_values(statistics.variance, channels),
                }
            }
        }

        impl<C: CheckpointStrategy> ConvolutionBackend for Autodiff<$backend, C> {
            fn into_blocks(images: FloatTensor<Self>) -> FloatTensor<Self> {
                let count = images.primitive().shape()[0];
                match IntoBlocks
                    .prepare::<C>([images.node()])
                    .compute_bound()
                    .stateful()
                {
                    OpsKind::Tracked(prep) => {
                        prep.finish(count, into_blocks::<$backend>(images.primitive()))
                    }
                    OpsKind::UnTracked(prep) => {
                        prep.finish(into_blocks::<$backend>(images.primitive()))
                    }
                }
            }

            fn from_blocks(blocks: FloatTensor<Self>, images: usize) -> FloatTensor<Self> {
                match FromBlocks
                    .prepare::<C>([blocks.node()])
                    .compute_bound()
                    .stateful()
                {
                    OpsKind::Tracked(prep) => {
                        prep.finish((), from_blocks::<$backend>(blocks.primitive(), images))
                    }
                    OpsKind::UnTracked(prep) => {
                        prep.finish(from_blocks::<$backend>(blocks.primitive(), images))
                    }
                }
            }

            fn means(blocks: FloatTensor<Self>, images: usize) -> FloatTensor<Self> {
                let [_, _, height, width, _] = blocks.primitive().shape().dims();
                match Means
                    .prepare::<C>([blocks.node()])
                    .compute_bound()
                    .stateful()
                {
                    OpsKind::Tracked(prep) => prep.finish(
                        [height, width],
                        means::<$backend>(blocks.primitive(), images),
                    ),
                    OpsKind::UnTracked(prep) => {
                        prep.finish(means::<$backend>(blocks.primitive(), images))
                    }
                }
            }

            fn biased_block(
                blocks: FloatTensor<Self>,
                weights: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                block: Block,
            ) -> FloatTensor<Self> {
                let prepared = BiasedBlock
                    .prepare::<C>([blocks.node(), weights.node(), bias.node()])
                    .compute_bound()
                    .stateful();
                let (blocks, weights) = (blocks.into_primitive(), weights.into_primitive());
                let bias = bias.into_primitive();
                match prepared {
                    OpsKind::Tracked(prep) => {
                        let forward = block.forward(
                            &BlockValues::of::<$backend>(&blocks),
                            &<$backend>::values(&weights),
                            Between::Bias(&<$backend>::values(&bias)),
                        );
                        let maps = output::<$backend>(forward.output, block);
                        let saved = Saved {
                            block,
                            blocks,
                            weights,
                            convolved: Arc::new(forward.convolved),
                        };
                        prep.finish((saved, bias), maps)
                    }
                    OpsKind::UnTracked(prep) => {
                        prep.finish(<$backend>::biased_block(blocks, weights, bias, block))
                    }
                }
            }

            fn normalised_block(
                blocks: FloatTensor<Self>,
                weights: FloatTensor<Self>,
                gamma: FloatTensor<Self>,
                beta: FloatTensor<Self>,
                epsilon: f64,
                block: Block,
            ) -> NormalisedBlock<Self> {
                let prepared = BlockWithNorm
                    .prepare::<C>([blocks.node(), weights.node(), gamma.node(), beta.node()])
                    .compute_bound()
                    .stateful();
                let (blocks, weights) = (blocks.into_primitive(), weights.into_primitive());
                let (gamma, beta) = (gamma.into_primitive(), beta.into_primitive());
                let forward = block.forward(
                    &BlockValues::of::<$backend>(&blocks),
                    &<$backend>::values(&weights),
                    Between::batch_norm(
                        &<$backend>::values(&gamma),
                        &<$backend>::values(&beta),
                        epsilon,
                    ),
                );
                let statistics = forward.statistics.expect("it is normalised");
                let channels = [block.geometry.out_channels];
                let values = |values: &[f32]| {
                    FloatTensor::<Self>::new(<$backend>::from_values(values.to_vec(), channels))
                };
                let (mean, variance) = (values(&statistics.mean), values(&statistics.variance));
                let maps = output::<$backend>(forward.output, block);
                let output = match prepared {
                    OpsKind::Tracked(prep) => {
                        let saved = Saved {
                            block,
                            blocks,
                            weights,
                            convolved: Arc::new(forward.convolved),
                        };
                        let norm = SavedNorm {
                            gamma,
                            beta,
                            epsilon,
                            statistics,
                        };
                        prep.finish((saved, norm), maps)
                    }
                    OpsKind::UnTracked(prep) => prep.finish(maps),
                };
                NormalisedBlock {
                    output,
                    mean,
                    variance,
                }
            }
        }
    };
}

compute_with_kernels!(Flex);
#[cfg(feature = "ndarray")]
compute_with_kernels!(NdArray);

fn into_blocks<B: Cpu>(images: &FloatTensor<B>) -> FloatTensor<B> {
    let [count, channels, height, width] = images.shape().dims();
    let buffer = layout::into_blocks(&B::values(images), count);
    B::from_buffer(
        buffer,
        [count.div_ceil(LANES), channels, height, width, LANES],
    )
}

fn from_blocks<B: Cpu>(blocks: &FloatTensor<B>, images: usize) -> FloatTensor<B> {
    let [_, channels, height, width, _] = blocks.shape().dims();
    let values = layout::from_blocks(&BlockValues::of::<B>(blocks), images);
    B::from_values(values, [images, channels, height, width])
}

fn means<B: Cpu>(blocks: &FloatTensor<B>, images: usize) -> FloatTensor<B> {
    let [_, channels, _, _, _] = blocks.shape().dims();
    let means = layout::means(&BlockValues::of::<B>(blocks), channels, images);
    B::from_values(means, [images, channels])
}

/// A block's output as a tensor.
fn output<B: Cpu>(buffer: Buffer, block: Block) -> FloatTensor<B> {
    let channels = block.geometry.out_channels;
    let shape = [
        block.blocks(),
        channels,
        block.out_height(),
        block.out_width(),
        LANES,
    ];
    B::from_buffer(buffer, shape)
}

/// What a block's backward pass needs of its forward pass.
#[derive(Clone, Debug)]
struct Saved<Tensor> {
    block: Block,
    blocks: Tensor,
    weights: Tensor,
    convolved: Arc<Buffer>,
}

/// What it needs of batch normalisation.
#[derive(Clone, Debug)]
struct SavedNorm<Tensor> {
    gamma: Tensor,
    beta: Tensor,
    epsilon: f64,
    statistics: Statistics,
}

/// Computes a block's gradients, and registers those of its input and of its weights.
fn backward<B: Cpu>(
    saved: &Saved<FloatTensor<B>>,
    between: Between<'_>,
    statistics: Option<&Statistics>,
    gradient: &FloatTensor<B>,
    nodes: [Option<NodeId>; 2],
    bias: bool,
    grads: &mut Gradients,
) -> BetweenGradients {
    let [blocks, weights] = nodes;
    let block = saved.block;
    let gradients = block.backward(
        &BlockValues::of::<B>(&saved.blocks),
        &B::values(&saved.weights),
        between,
        (&saved.convolved, statistics),
        &BlockValues::of::<B>(gradient),
        Wanted {
            input: blocks.is_some(),
            bias,
        },
    );
    if let (Some(node), Some(buffer)) = (blocks, gradients.input) {
        let shape: [usize; 5] = saved.blocks.shape().dims();
        grads.register::<B>(node, B::from_buffer(buffer, shape));
    }
    if let Some(node) = weights {
        let shape: [usize; 4] = saved.weights.shape().dims();
        grads.register::<B>(node, B::from_values(gradients.weights, shape));
    }
    gradients.between
}

/// Registers the gradient of a parameter that has one value a channel.
fn register<B: Cpu>(grads: &mut Gradients, node: Option<NodeId>, values: Vec<f32>) {
    if let Some(node) = node {
        let channels = [values.len()];
        grads.register::<B>(node, B::from_values(values, channels));
    }
}

#[derive(Debug)]
struct BiasedBlock;

impl<B: Cpu> Backward<B, 3> for BiasedBlock {
    /// With the bias.
    type State = (Saved<FloatTensor<B>>, FloatTensor<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [blocks, weights, bias] = ops.parents.map(|node| node.map(|node| node.id));
        let gradient = grads.consume::<B>(&ops.node);
        let (saved, values) = &ops.state;
        let values = B::values(values);
        let between = Between::Bias(&values);
        let (nodes, wanted) = ([blocks, weights], bias.is_some());
        let of = backward::<B>(saved, between, None, &gradient, nodes, wanted, grads);
        if let BetweenGradients::Bias(Some(values)) = of {
            register::<B>(grads, bias, values);
        }
    }
}

#[derive(Debug)]
struct BlockWithNorm;

impl<B: Cpu> Backward<B, 4> for BlockWithNorm {
    type State = (Saved<FloatTensor<B>>, SavedNorm<FloatTensor<B>>);

    fn backward(
        self,
        ops: Ops<Self::State, 4>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [blocks, weights, gamma, beta] = ops.parents.map(|node| node.map(|node| node.id));
        let gradient = grads.consume::<B>(&ops.node);
        let (saved, norm) = &ops.state;
        let (of_gamma, of_beta) = (B::values(&norm.gamma), B::values(&norm.beta));
        let between = Between::batch_norm(&of_gamma, &of_beta, norm.epsilon);
        let statistics = Some(&norm.statistics);
        let nodes = [blocks, weights];
        let of = backward::<B>(saved, between, statistics, &gradient, nodes, false, grads);
        if let BetweenGradients::BatchNorm {
            gamma: of_gamma,
            beta: of_beta,
        } = of
        {
            register::<B>(grads, gamma, of_gamma);
            register::<B>(grads, beta, of_beta);
        }
    }
}

#[derive(Debug)]
struct IntoBlocks;

impl<B: Cpu> Backward<B, 1> for IntoBlocks {
    /// Images in the batch.
    type State = usize;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [images] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = images {
            grads.register::<B>(node.id, from_blocks::<B>(&gradient, ops.state));
        }
    }
}

#[derive(Debug)]
struct FromBlocks;

impl<B: Cpu> Backward<B, 1> for FromBlocks {
    type State = ();

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [blocks] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = blocks {
            grads.register::<B>(node.id, into_blocks::<B>(&gradient));
        }
    }
}

#[derive(Debug)]
struct Means;

impl<B: Cpu> Backward<B, 1> for Means {
    /// Height and width of the maps.
    type State = [usize; 2];

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [blocks] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = blocks {
            let [images, channels] = gradient.shape().dims();
            let [height, width] = ops.state;
            let plane = height * width;
            let buffer = layout::means_backward(&B::values(&gradient), channels, plane);
            let shape = [images.div_ceil(LANES), channels, height, width, LANES];
            grads.register::<B>(node.id, B::from_buffer(buffer, shape));
        }
    }
}
