//! What is read from sound files: the bundled ones and made-up ones.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use files::Workspace;
use flate2::read::GzDecoder;
use mnist::{DataSet, Digits, HOLDOUT_IMAGES, Mnist, PIXELS, Split};

use crate::made::*;

fn data() -> PathBuf {
    Workspace::find().unwrap().data()
}

#[test]
fn bundled_files_load() {
    let mnist = Mnist::load_verified(&data()).unwrap();
    assert_eq!(mnist.data_set, DataSet::mnist());
    assert_eq!(mnist.train.len(), 60_000);
    assert_eq!(mnist.test.len(), 10_000);
    assert_eq!(mnist.train.labels()[..5], [5, 0, 4, 1, 9]);
    assert_eq!(mnist.test.labels()[..5], [7, 2, 1, 0, 4]);
    // Row 5 of the first image, a five, is where its upper stroke begins.
    assert_eq!(mnist.train.image(0)[5 * 28 + 12..][..4], [3, 18, 18, 18]);

    let pixels = mnist.train.images().as_flattened();
    let count = pixels.len() as f64;
    let mean = pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>() / count / 255.0;
    let squares = pixels
        .iter()
        .map(|&pixel| f64::from(pixel).powi(2))
        .sum::<f64>();
    let deviation = (squares / count / 255.0 / 255.0 - mean * mean).sqrt();
    assert!((mean - f64::from(mnist::MEAN)).abs() < 5e-5, "{mean}");
    assert!(
        (deviation - f64::from(mnist::STANDARD_DEVIATION)).abs() < 5e-5,
        "{deviation}"
    );
}

#[test]
fn flipped_byte_is_found_by_checksum_alone() {
    let directory = tempfile::tempdir().unwrap();
    for name in [TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS] {
        let gz = format!("{name}.gz");
        fs::copy(data().join(&gz), directory.path().join(&gz)).unwrap();
    }
    Mnist::load_verified(directory.path()).unwrap();

    let gz = directory.path().join(format!("{TEST_IMAGES}.gz"));
    let mut content = Vec::new();
    let file = fs::File::open(&gz).unwrap();
    GzDecoder::new(file).read_to_end(&mut content).unwrap();
    content[5000] ^= 1;
    fs::remove_file(gz).unwrap();
    let path = directory.path().join(TEST_IMAGES);
    fs::write(&path, content).unwrap();

    let other = Mnist::load(directory.path()).unwrap();
    assert_eq!(other.test.len(), 10_000);
    assert_ne!(other.data_set, DataSet::mnist());
    let message = Mnist::load_verified(directory.path())
        .unwrap_err()
        .to_string();
    assert!(message.contains(path.to_str().unwrap()), "{message}");
    let expected = "expected 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn plain_and_compressed_files_and_other_names_give_the_same() {
    let directory = small_data_set();
    let plain = Mnist::load(directory.path()).unwrap();
    assert_eq!(plain.train.len(), 3);
    assert_eq!(plain.train.labels(), [5, 0, 9]);
    assert_eq!(plain.train.image(2), &[3; PIXELS]);
    assert_eq!(plain.test.label(1), 2);

    let path = |name: &str| directory.path().join(name);
    // Compressed, as three members, compressed under a plain name, under the other name, plain under a .gz name.
    fs::remove_file(path(TRAIN_IMAGES)).unwrap();
    let content = images(3);
    let members = [gzip(&content[..7]), gzip(&[]), gzip(&content[7..])].concat();
    fs::write(path("train-images-idx3-ubyte.gz"), members).unwrap();
    fs::write(path(TRAIN_LABELS), gzip(&labels(&[5, 0, 9]))).unwrap();
    fs::rename(path(TEST_IMAGES), path("t10k-images.idx3-ubyte")).unwrap();
    fs::rename(path(TEST_LABELS), path("t10k-labels-idx1-ubyte.gz")).unwrap();
    assert_eq!(Mnist::load(directory.path()).unwrap(), plain);
}

#[test]
fn compressed_file_is_preferred() {
    let directory = small_data_set();
    let path = directory.path().join("t10k-labels-idx1-ubyte.gz");
    fs::write(path, gzip(&labels(&[1, 1]))).unwrap();
    assert_eq!(Mnist::load(directory.path()).unwrap().test.labels(), [1, 1]);
}

#[test]
fn digits_must_match() {
    let message = Digits::new(vec![[0; PIXELS]; 3], vec![1, 2])
        .unwrap_err()
        .to_string();
    assert!(message.contains("found 3 images and 2 labels"), "{message}");
    let message = Digits::new(vec![[0; PIXELS]; 2], vec![1, 12])
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("found the label 12 at index 1"),
        "{message}"
    );
}

#[test]
fn slices_keep_what_exists() {
    let digits = Mnist::load(small_data_set().path()).unwrap().train;
    let part = digits.slice(1..3);
    assert_eq!(
        (part.len(), part.image(0), part.labels()),
        (2, &[2; PIXELS], &[0, 9][..])
    );
    assert_eq!(digits.slice(2..100).labels(), [9]);
    assert!(digits.slice(7..9).is_empty());
}

/// A data set in which the first bytes of an image are its index.
fn numbered(train: usize) -> Mnist {
    let digits = |count: usize| {
        let image = |index: usize| {
            let mut image = [0; PIXELS];
            image[..8].copy_from_slice(&index.to_le_bytes());
            image
        };
        Digits::new((0..count).map(image).collect(), vec![0; count]).unwrap()
    };
    Mnist {
        data_set: DataSet::mnist(),
        train: digits(train),
        test: digits(3),
    }
}

#[test]
fn holdout_is_the_end_of_the_training_set() {
    let (train, evaluation) = numbered(12_345).split(Split::Holdout).unwrap();
    assert_eq!((train.len(), evaluation.len()), (2_345, HOLDOUT_IMAGES));
    assert_eq!(train.image(2_344)[..8], 2_344_usize.to_le_bytes());
    assert_eq!(evaluation.image(0)[..8], 2_345_usize.to_le_bytes());
    assert_eq!(evaluation.image(9_999)[..8], 12_344_usize.to_le_bytes());

    let (train, evaluation) = numbered(12_345).split(Split::Test).unwrap();
    assert_eq!((train.len(), evaluation.len()), (12_345, 3));
}

#[test]
fn holdout_leaves_something_to_train_on() {
    assert_eq!(numbered(10_001).split(Split::Holdout).unwrap().0.len(), 1);
    for count in [10_000, 3] {
        let message = numbered(count)
            .split(Split::Holdout)
            .unwrap_err()
            .to_string();
        assert!(
            message.contains(&format!("found {count} training images")),
            "{message}"
        );
    }
}
