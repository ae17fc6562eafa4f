//! Small convolutional networks on the CPU, on plain memory: blocks of a training step, forward and backward, and whole
//! networks for [inference].
//!
//! A small network's convolutions are too narrow for the usual way, a matrix product of unrolled patches: on the CPU,
//! unrolling and edges cost more than the sums. Here sixteen images are computed side by side. The image is the innermost
//! dimension, so each sum of products is a full vector instruction whatever the map's width, with one weight for all of
//! it; nothing is unrolled, and there are no edges. What follows the convolution (batch normalisation, ReLU, dropout,
//! max-pooling) goes over the map once, and the backward pass is written by hand.

mod activation;
mod block;
mod buffer;
mod compute;
mod convolution;
mod dropout;
pub mod inference;
pub mod layout;
mod moments;
mod parallel;
mod passes;
mod plans;
mod sgd;
mod simd;
pub mod spare_time;
mod sums;
mod weight_gradient;

pub use activation::Activation;
pub use block::{Between, Block, Chain};
pub use buffer::Buffer;
pub use compute::{BlockGradients, Gradients, Parameters, Saved, Statistics, Stopwatch};
pub use convolution::Geometry;
pub use dropout::Dropout;
pub use parallel::in_awake_pool;
pub use sgd::SgdStep;
pub use simd::{InstructionSet, LANES, Lanes};
