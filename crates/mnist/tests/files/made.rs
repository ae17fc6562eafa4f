//! Made-up data sets, small and known.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use mnist::PIXELS;
use tempfile::TempDir;

/// The names of the four files without `.gz`.
pub const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";
pub const TRAIN_LABELS: &str = "train-labels-idx1-ubyte";
pub const TEST_IMAGES: &str = "t10k-images-idx3-ubyte";
pub const TEST_LABELS: &str = "t10k-labels-idx1-ubyte";

/// Numbers as they are in an IDX header.
pub fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// An images file in which every pixel of image i is i + 1.
pub fn images(count: u32) -> Vec<u8> {
    let mut content = words(&[0x803, count, 28, 28]);
    content.extend((0..count).flat_map(|index| [index as u8 + 1; PIXELS]));
    content
}

/// A labels file.
pub fn labels(labels: &[u8]) -> Vec<u8> {
    [words(&[0x801, labels.len() as u32]), labels.to_vec()].concat()
}

/// The content, compressed.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A sound data set of three training and two test images, plain.
pub fn small_data_set() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name, content: Vec<u8>| fs::write(directory.path().join(name), content).unwrap();
    write(TRAIN_IMAGES, images(3));
    write(TRAIN_LABELS, labels(&[5, 0, 9]));
    write(TEST_IMAGES, images(2));
    write(TEST_LABELS, labels(&[7, 2]));
    directory
}
