//! Convolution blocks for the CPU, forward and backward, as a Burn backend extension.
//!
//! A small network's convolutions are too narrow for the usual way, a matrix product of unrolled patches: on the CPU,
//! unrolling and edges cost more than the sums. Here sixteen images are computed side by side. The image is the innermost
//! dimension, so each sum of products is a full vector instruction whatever the map's width, with one weight for all of
//! it; nothing is unrolled, and there are no edges. What follows the convolution (batch normalisation, ReLU, dropout,
//! max-pooling) goes over the map once, and the backward pass is written by hand.
//!
//! [`ImageBlocks`] has the operations, on Burn's tensors. On Flex and NdArray they are these kernels; on every other
//! backend they are composed of Burn's own operators.

// wgpu's kernel types nest deeply.
#![recursion_limit = "256"]
// Burn deprecates NdArray.
#![cfg_attr(feature = "ndarray", allow(deprecated))]

mod cpu;
mod device;
mod extension;
mod image_blocks;
mod loss;
mod tensors;
mod updates;

pub use device::uses_kernels;
pub use extension::{ChainOutput, ConvolutionBackend, Tensors};
pub use image_blocks::{
    BatchStatistics, BlockOptions, Chained, ConvolutionBlock, ImageBlocks, Then, fold,
};
pub use kernels::{Dropout, InstructionSet, LANES, SgdStep, in_awake_pool};
pub use loss::{LossBackend, cross_entropy};
pub use updates::{Stepped, UpdateBackend, moved, sgd};
