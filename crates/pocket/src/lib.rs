//! Networks in integers alone, for a microcontroller: no floats, no allocation, no standard library, no dependencies.
//!
//! A [`Network`] is constant data: layers with 8-bit weights. [`Network::run`] turns an image of 8-bit pixels into a score for each
//! class. The result is the same on every machine, bit for bit.
//!
//! **Numbers.** An activation is an unsigned 8-bit integer `q` that stands for `scale × (q − zero)`. After ReLU `zero` is 0, so that
//! clamping to 0 is the ReLU. Weights are signed 8-bit integers with a scale for each output channel. Sums are 32-bit integers; what
//! an input's `zero` adds to them is constant, and part of the bias. [`requantize`](mod@requantize) turns a sum into an activation.
//! This is TensorFlow Lite's 8-bit scheme with activations shifted by 128, from signed to unsigned.
//!
//! **Memory.** No map exists whole. A row is computed as soon as the rows that it needs are there, and each layer holds only as many
//! rows of its input as its kernel is high. A max-pool and a layer that covers its whole map take a row in at once and hold none: these
//! rows, and those that a 1×1 convolution reads, share memory. Who makes a network decides where each row lies;
//! [`Network::check`] says whether that can work.

#![no_std]

mod check;
mod network;
pub mod requantize;
mod run;

pub use check::Flaw;
pub use network::{Layer, Map, Network, Operation, Scaling};
pub use run::{MAX_LAYERS, Memory};

/// The score that stands for a logit of 1.
pub const SCORE_ONE: i32 = 256;
