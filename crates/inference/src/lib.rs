//! What a trained network says of a picture.
//!
//! [`read_picture`] makes a file into a digit as the network knows them, and a [`Model`] says which digit it is, with the
//! weights of a recorded run or of a file.

mod ink;
mod model;
mod picture;
mod prepare;

pub use model::{CLASSES, LayerMaps, Model, most_probable, recorded_weights};
pub use picture::{MAX_FILE_BYTES, MAX_SIDE, decode_picture};
pub use prepare::{Frame, Prepared, prepare, read_picture};
