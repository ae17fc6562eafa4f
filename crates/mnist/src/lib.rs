//! MNIST for the ladder: files on disk become batches on a device.
//!
//! Two promises shape this crate, and neither is kept by the data set that Burn ships.
//!
//! **A bad file is one clear error.** The files come from downloads, and a download fails in many ways: an HTML
//! page under a `.gz` name, half a file, another data set's labels. [`Mnist::load`] reads any directory with the
//! four IDX files (Fashion-MNIST and KMNIST too), trusts no number in a header before the data is there, and
//! answers with a [`DataError`] that names the file, what was found and what was expected. The files that come
//! with this repository are held to their SHA-256 as well.
//!
//! **Same seed, same batches.** A recorded result is worth something when it can be run again. The order of an
//! epoch and the augmentation of an image are functions of (seed, epoch, index), never of timing, of the
//! batch size or of the number of workers; see [`TrainLoader`].

mod augmentation;
mod batch;
mod digits;
mod error;
mod idx;
mod loader;
mod random;

pub use augmentation::Augmentation;
pub use batch::{Batch, MEAN, STANDARD_DEVIATION, images_to_tensor};
pub use digits::{
    Digit, Digits, HOLDOUT_IMAGES, Mnist, Split, bundled_directory, workspace_directory,
};
pub use error::DataError;
pub use idx::MAX_IMAGES;
pub use loader::{EvaluationLoader, TrainLoader};
pub use random::epoch_order;

/// Indices of the test images whose label five annotators disagreed with, ascending (C. G. Northcutt, A. Athalye and J.
/// Mueller, "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", 2021).
pub const DISPUTED_TEST_IMAGES: [usize; 15] = [
    947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729,
];

/// Height and width of an image, in pixels.
pub const IMAGE_SIDE: usize = 28;

/// Number of pixels of an image, row by row.
pub const PIXELS: usize = IMAGE_SIDE * IMAGE_SIDE;
