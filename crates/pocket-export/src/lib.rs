//! From a trained network to integers, to C and to Rust: what [`pocket`] runs is made here.
//!
//! - [`calibrate`] finds the range of every layer's activations on training images.
//! - [`IntegerNetwork`] owns a network in integers: weights and activations quantised, memory planned.
//! - [`c::files`] writes it as C99, with the same arithmetic bit for bit.
//! - [`rust::files`] writes it as a crate on [`pocket`].

mod about;
pub mod c;
mod calibration;
mod integer_network;
mod numbers;
mod plan;
mod quantization;
pub mod rust;

pub use about::About;
pub use calibration::{IMAGE, Range, calibrate, calibration_images};
pub use integer_network::{IntegerNetwork, most_probable};
pub use quantization::Inexpressible;
