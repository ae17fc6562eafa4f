//! MNIST for the ladder: four files on disk become images and labels in memory, and images can be augmented.
//!
//! A bad file is one clear error, which is more than the data set that Burn ships promises. The files come from
//! downloads, and a download fails in many ways: an HTML page under a `.gz` name, half a file, another data set's labels.
//! [`Mnist::load`] reads any directory with the four IDX files (Fashion-MNIST and KMNIST too), trusts no number in a header
//! before the data is there, and answers with a [`DataError`] that names the file, what was found and what was expected.
//! The files that come with this repository are held to their SHA-256 as well. [`DataSet`] tells one data set from another
//! by the content of its files.

mod augmentation;
mod data_set;
mod digits;
mod disturbance;
mod error;
mod idx;
pub mod random;

pub use augmentation::Augmentation;
pub use data_set::DataSet;
pub use digits::{Digits, HOLDOUT_IMAGES, Mnist, Split};
pub use disturbance::{BLUR_PIXELS, Disturbance, NOISE, ROTATION_DEGREES, SHIFT_PIXELS};
pub use error::DataError;
pub use idx::{MAX_GZIP_MEMBERS, MAX_IMAGES};

/// Indices of the test images whose label five annotators disagreed with, ascending (C. G. Northcutt, A. Athalye and J.
/// Mueller, "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", 2021).
pub const DISPUTED_TEST_IMAGES: [usize; 15] = [
    947, 1621, 1901, 2130, 2462, 2597, 2654, 3520, 3558, 5937, 6651, 6783, 8527, 9679, 9729,
];

/// Number of classes: the digits 0 to 9.
pub const CLASSES: usize = 10;

/// Height and width of an image, in pixels.
pub const IMAGE_SIDE: usize = 28;

/// Number of pixels of an image, row by row.
pub const PIXELS: usize = IMAGE_SIDE * IMAGE_SIDE;

/// The mean of all pixels of MNIST's 60,000 training images, as a fraction of full ink.
pub const MEAN: f32 = 0.1307;

/// The standard deviation of all pixels of MNIST's 60,000 training images, as a fraction of full ink.
pub const STANDARD_DEVIATION: f32 = 0.3081;
