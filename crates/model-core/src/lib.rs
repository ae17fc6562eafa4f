//! The networks of the ladder as Burn modules, and their weights as files.
//!
//! - [`Network`] is what is trained, built from an [`Architecture`](architecture::Architecture).
//! - [`weights`] are its parameters as a file, [`quantization`] makes them 8-bit integers.

// wgpu's kernel types nest deeply.
#![recursion_limit = "256"]

mod blocks;
mod network;
pub mod quantization;
pub mod weights;

pub use blocks::ConvolutionBlock;
pub use network::{Network, Stage, UnfoldedLayer};
