//! What a trained network says of a digit: a [`Model`] has the weights of a recorded run, of a file, or of memory.

mod model;

pub use kernels::inference::Layer;
pub use model::{LayerMaps, Model, most_probable};
pub use model_core::UnfoldedLayer;
