//! The operations on Burn's CPU backends: the kernels, and their place in the autodiff graph.

use std::array;
use std::borrow::Cow;
use std::sync::Arc;

#[cfg(feature = "ndarray")]
use burn::backend::NdArray;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use kernels::{Buffer, Chain, LANES, Parameters, Saved, layout};

use crate::extension::{ChainOutput, ConvolutionBackend, Tensors};
use crate::tensors::{BlockValues, Cpu};

/// Blocks of a chain that are one operation to autodiff, which wants to know the number of an operation's parents when it is
/// compiled.
pub(crate) const BLOCKS_AT_ONCE: usize = 12;

/// The maps, and for each block weights, gamma and beta.
const PARENTS: usize = 1 + 3 * BLOCKS_AT_ONCE;

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

            fn chain(
                blocks: FloatTensor<Self>,
                parameters: Tensors<Self>,
                chain: Chain,
            ) -> ChainOutput<Self> {
                let blocks = BlockValues::of::<Self>(&blocks);
                let values = values::<Self>(&parameters.0);
                let parameters = of_blocks(&chain, &values);
                let (maps, statistics) = if chain.has_batch_norm() {
                    let (maps, saved) = chain.forward(&blocks, &parameters, None);
                    (maps, statistics::<Self>(&saved))
                } else {
                    (chain.infer(&blocks, &parameters), Vec::new())
                };
                ChainOutput {
                    output: output::<Self>(maps, &chain),
                    statistics: Tensors(statistics),
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

            fn chain(
                blocks: FloatTensor<Self>,
                parameters: Tensors<Self>,
                chain: Chain,
            ) -> ChainOutput<Self> {
                let parameters = parameters.0;
                assert!(
                    parameters.len() < PARENTS,
                    "at most {BLOCKS_AT_ONCE} blocks"
                );
                // Where there are fewer parents the first stands for those that are missing.
                let parents = array::from_fn(|parent| match parent.checked_sub(1) {
                    Some(parameter) => parameters.get(parameter).unwrap_or(&blocks).node(),
                    None => blocks.node(),
                });
                let prepared = ChainOfBlocks
                    .prepare::<C>(parents)
                    .compute_bound()
                    .stateful();
                let blocks = blocks.into_primitive();
                let parameters = parameters.into_iter();
                let parameters: Vec<_> = parameters.map(|tensor| tensor.into_primitive()).collect();
                let (maps, statistics) = match prepared {
                    OpsKind::Tracked(prep) => {
                        let (maps, saved) = {
                            let values = values::<$backend>(&parameters);
                            let blocks = BlockValues::of::<$backend>(&blocks);
                            chain.forward(&blocks, &of_blocks(&chain, &values), None)
                        };
                        let statistics = statistics::<$backend>(&saved);
                        let maps = output::<$backend>(maps, &chain);
                        let state = ChainState {
                            chain,
                            blocks,
                            parameters,
                            output: maps.clone(),
                            saved: Arc::new(saved),
                        };
                        (prep.finish(state, maps), statistics)
                    }
                    OpsKind::UnTracked(prep) => {
                        let of = <$backend>::chain(blocks, Tensors(parameters), chain);
                        (prep.finish(of.output), of.statistics.0)
                    }
                };
                let statistics = statistics.into_iter();
                ChainOutput {
                    output: maps,
                    statistics: Tensors(statistics.map(FloatTensor::<Self>::new).collect()),
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

/// A chain's output as a tensor.
fn output<B: Cpu>(buffer: Buffer, chain: &Chain) -> FloatTensor<B> {
    let last = chain.last();
    let shape = [
        chain.image_blocks(),
        last.geometry.out_channels,
        last.out_height(),
        last.out_width(),
        LANES,
    ];
    B::from_buffer(buffer, shape)
}

fn values<B: Cpu>(parameters: &[FloatTensor<B>]) -> Vec<Cow<'_, [f32]>> {
    parameters.iter().map(B::values).collect()
}

/// The parameters of each block of a chain.
fn of_blocks<'a>(chain: &Chain, values: &'a [Cow<'_, [f32]>]) -> Vec<Parameters<'a>> {
    let mut values = values.iter();
    let mut next = || &**values.next().expect("parameters of every block");
    let blocks = chain.blocks().iter();
    let parameters = blocks.map(|block| {
        let weights = next();
        let others = block.between.parameters();
        Parameters {
            weights,
            gamma: if others == 2 { next() } else { &[] },
            shift: if others >= 1 { next() } else { &[] },
        }
    });
    parameters.collect()
}

/// Each block's mean and variance, where it has batch normalisation.
fn statistics<B: Cpu>(saved: &Saved) -> Vec<FloatTensor<B>> {
    let mut tensors = Vec::new();
    for statistics in saved.statistics().flatten() {
        let channels = [statistics.mean.len()];
        tensors.push(B::from_values(statistics.mean.clone(), channels));
        tensors.push(B::from_values(statistics.variance.clone(), channels));
    }
    tensors
}

/// What a chain's backward pass needs of its forward pass.
#[derive(Clone, Debug)]
struct ChainState<Tensor> {
    chain: Chain,
    blocks: Tensor,
    parameters: Vec<Tensor>,
    output: Tensor,
    saved: Arc<Saved>,
}

#[derive(Debug)]
struct ChainOfBlocks;

impl<B: Cpu> Backward<B, PARENTS> for ChainOfBlocks {
    type State = ChainState<FloatTensor<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, PARENTS>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = grads.consume::<B>(&ops.node);
        let ChainState {
            chain,
            blocks,
            parameters,
            output,
            saved,
        } = &ops.state;
        let nodes = ops.parents.map(|node| node.map(|node| node.id));
        let [of_blocks_node, of_parameters @ ..] = nodes;
        let gradients = {
            let values = values::<B>(parameters);
            chain.backward(
                &BlockValues::of::<B>(blocks),
                &of_blocks(chain, &values),
                (&BlockValues::of::<B>(output), saved),
                &BlockValues::of::<B>(&gradient),
                of_blocks_node.is_some(),
                None,
            )
        };
        if let (Some(node), Some(buffer)) = (of_blocks_node, gradients.input) {
            let shape: [usize; 5] = blocks.shape().dims();
            grads.register::<B>(node, B::from_buffer(buffer, shape));
        }
        let mut parameters = parameters.iter().zip(of_parameters);
        let mut register = |values: Vec<f32>| {
            if let Some((tensor, Some(node))) = parameters.next() {
                grads.register::<B>(node, B::from_shaped(values, tensor.shape()));
            }
        };
        for (block, gradients) in chain.blocks().iter().zip(gradients.blocks) {
            register(gradients.weights);
            match block.between.parameters() {
                0 => {}
                1 => register(gradients.shift),
                _ => {
                    register(gradients.gamma);
                    register(gradients.shift);
                }
            }
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
