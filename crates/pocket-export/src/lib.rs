//! From a trained network to integers, and to C: what [`pocket`] runs is made here.
//!
//! - [`calibrate`] finds the range of every layer's activations on training images.
//! - [`IntegerNetwork`] owns a network in integers: weights and activations quantised, memory planned.
//! - [`c::files`] writes it as C99, with the same arithmetic bit for bit.

pub mod c;
mod calibration;
mod integer_network;
mod plan;
mod quantization;

pub use calibration::{IMAGE, Range, calibrate, calibration_images};
pub use integer_network::{IntegerNetwork, most_probable};
pub use quantization::Inexpressible;
