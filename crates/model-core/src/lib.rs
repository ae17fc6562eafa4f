//! The networks of the ladder: described once, as plain data, and everything else derived from that.
//!
//! - [`Architecture`] lists the layers of a network.
//! - [`Summary`] computes each layer's map size, receptive field, parameters and multiply-adds. It knows
//!   no backend and does no input or output.
//! - [`Network`] is the Burn module that is trained, built from the same list.
//! - [`weights`] are its parameters as a file, [`quantization`] makes them 8-bit integers.
//!
//! So a table in a document cannot disagree with the network that it is about.

// wgpu's kernel types nest deeply.
#![recursion_limit = "256"]

mod architecture;
mod blocks;
mod error;
mod network;
pub mod quantization;
mod summary;
mod table;
pub mod weights;

pub use architecture::{Architecture, Convolution, Layer};
pub use blocks::ConvolutionBlock;
pub use error::ArchitectureError;
pub use network::{Network, Stage};
pub use summary::{LayerSummary, Summary, Totals};
pub use table::{to_json, to_markdown, to_terminal};
