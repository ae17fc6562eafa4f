//! What a trained network says of a digit: a [`Model`] has the weights of a recorded run, of a file, or of memory.

mod model;

pub use model::{LayerMaps, Model, most_probable};
