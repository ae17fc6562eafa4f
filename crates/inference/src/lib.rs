//! What a trained network says of a picture.
//!
//! [`read_png`] makes a file into a digit as the network knows them, and a [`Model`] says which digit it is, with the
//! weights of a recorded run or of a file.

mod model;
mod prepare;

pub use model::{CLASSES, LayerMaps, Model, most_probable};
pub use prepare::{Frame, Prepared, prepare, read_png};
