//! Any picture of a digit made into one like MNIST's.
//!
//! [`read_picture`] reads a file, [`prepare`] makes 28×28 pixels of a picture: what is ink is decided by the picture alone,
//! without any network. [`decode_picture`] trusts nothing that a file says of itself.

mod ink;
mod jpeg;
mod picture;
mod prepare;

pub use picture::{MAX_FILE_BYTES, MAX_SIDE, decode_picture};
pub use prepare::{Frame, Prepared, prepare, read_picture};
