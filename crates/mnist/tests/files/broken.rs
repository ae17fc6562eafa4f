//! Every way in which a file can be wrong: one line that names the file, what was found and what was expected.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use mnist::{Digits, MAX_IMAGES, Mnist, PIXELS};

use crate::made::*;

/// The message for a directory, which must be one line.
fn message(directory: &Path) -> String {
    let message = Mnist::load(directory).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

/// Puts `content` in the place of a sound file, and checks that the message names that file and says all of `parts`.
fn assert_refused(name: &str, content: &[u8], parts: &[&str]) {
    let directory = small_data_set();
    let plain = directory.path().join(name.trim_end_matches(".gz"));
    fs::remove_file(plain).unwrap();
    let path = directory.path().join(name);
    fs::write(&path, content).unwrap();
    let message = message(directory.path());
    for part in parts.iter().copied().chain(path.to_str()) {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn missing_directory_and_file() {
    let directory = small_data_set();
    let missing = directory.path().join("nowhere");
    assert!(message(&missing).contains("nowhere: found no such directory"));
    let file = directory.path().join(TEST_LABELS);
    assert!(message(&file).contains("t10k-labels-idx1-ubyte: not a directory"));
    fs::remove_file(file).unwrap();
    let expected = "found neither t10k-labels-idx1-ubyte.gz nor t10k-labels-idx1-ubyte";
    assert!(message(directory.path()).contains(expected));
}

#[test]
fn directory_in_the_place_of_a_file() {
    let directory = small_data_set();
    fs::create_dir(directory.path().join("t10k-labels-idx1-ubyte.gz")).unwrap();
    assert!(message(directory.path()).contains("t10k-labels-idx1-ubyte.gz: not a regular file"));
}

/// A link to itself, because permissions do not stop the user root.
#[cfg(unix)]
#[test]
fn unreadable_file() {
    let directory = small_data_set();
    let path = directory.path().join(TEST_LABELS);
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&path, &path).unwrap();
    assert!(message(directory.path()).contains("t10k-labels-idx1-ubyte: cannot be read ("));
}

#[test]
fn empty_file() {
    assert_refused(
        TRAIN_IMAGES,
        b"",
        &["the file is empty", "expected IDX data"],
    );
    let gz = "train-images-idx3-ubyte.gz";
    assert_refused(gz, b"", &["the file is empty"]);
    assert_refused(
        gz,
        &gzip(b""),
        &["ends after 0 bytes", "header of 16 bytes"],
    );
}

#[test]
fn truncated_header() {
    assert_refused(
        TRAIN_IMAGES,
        &images(3)[..11],
        &["ends after 11 bytes", "header of 16 bytes"],
    );
    assert_refused(
        TRAIN_LABELS,
        &[0],
        &["ends after 1 bytes", "header of 8 bytes"],
    );
}

#[test]
fn wrong_magic() {
    let swapped = labels(&[5, 0, 9]);
    assert_refused(
        TRAIN_IMAGES,
        &swapped,
        &[
            "found the magic number 0x00000801",
            "expected 0x00000803 (IDX images)",
        ],
    );
    assert_refused(
        TEST_LABELS,
        &images(2),
        &[
            "found the magic number 0x00000803",
            "expected 0x00000801 (IDX labels)",
        ],
    );
}

#[test]
fn html_page() {
    let page = b"<!DOCTYPE html><html><body>404 Not Found</body></html>";
    let parts = ["looks like an HTML page", "expected IDX data"];
    assert_refused("train-images-idx3-ubyte.gz", page, &parts);
    assert_refused(TRAIN_LABELS, b"\n\n      <html>", &parts);
    assert_refused(TEST_IMAGES, b"\xef\xbb\xbf<html>", &parts);
    assert_refused("t10k-images-idx3-ubyte.gz", &gzip(page), &parts);
}

#[test]
fn truncated_or_corrupt_gzip() {
    let gz = "train-images-idx3-ubyte.gz";
    let noisy: Vec<u8> = (0..3 * PIXELS as u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let sound = gzip(&[images(3)[..16].to_vec(), noisy].concat());
    let parts = [
        "found a truncated or corrupt gzip stream after",
        "expected a complete one",
    ];
    // In the gzip header, in the data, in the checksum at the end.
    for length in [2, 9, 200, sound.len() / 2, sound.len() - 5] {
        assert_refused(gz, &sound[..length], &parts);
    }
    let mut corrupt = sound.clone();
    corrupt[10] = 0xff;
    assert_refused(gz, &corrupt, &parts);
    let mut wrong_sum = sound.clone();
    wrong_sum[sound.len() - 8] ^= 1;
    assert_refused(gz, &wrong_sum, &parts);
}

#[test]
fn trailing_bytes() {
    let parts = [
        "found more content after byte 2368",
        "expected it to end there (3 images)",
    ];
    let longer = [images(3), vec![0]].concat();
    assert_refused(TRAIN_IMAGES, &longer, &parts);
    let gz = "train-images-idx3-ubyte.gz";
    assert_refused(gz, &gzip(&longer), &parts);
    assert_refused(gz, &[gzip(&images(3)), gzip(b"x")].concat(), &parts);
    assert_refused(
        gz,
        &[gzip(&images(3)), b"x".to_vec()].concat(),
        &["found bytes after the gzip stream"],
    );
    let parts = ["found more content after byte 11", "(3 labels)"];
    assert_refused(
        TRAIN_LABELS,
        &[labels(&[5, 0, 9]), vec![0]].concat(),
        &parts,
    );
}

#[test]
fn header_promises_too_much() {
    let parts = [
        "ends after 2367 bytes",
        "expected 2368 bytes for the 3 images",
    ];
    assert_refused(TRAIN_IMAGES, &images(3)[..2367], &parts);
    assert_refused(
        "train-images-idx3-ubyte.gz",
        &gzip(&images(3)[..2367]),
        &parts,
    );
    let parts = ["ends after 10 bytes", "expected 11 bytes for the 3 labels"];
    assert_refused(TRAIN_LABELS, &labels(&[5, 0, 9])[..10], &parts);
}

#[test]
fn counts_that_differ() {
    let parts = [
        "found 4 images",
        TRAIN_LABELS,
        "has 3 labels",
        "as many labels as images",
    ];
    assert_refused(TRAIN_IMAGES, &images(4), &parts);
}

#[test]
fn wrong_image_size() {
    let content = words(&[0x803, 3, 32, 30]);
    assert_refused(
        TRAIN_IMAGES,
        &content,
        &["images of 32×30 pixels", "expected 28×28"],
    );
}

#[test]
fn label_above_nine() {
    let parts = ["found the label 10 at index 1", "expected 0 to 9"];
    assert_refused(TRAIN_LABELS, &labels(&[5, 10, 9]), &parts);
}

#[test]
fn no_images() {
    let parts = ["found 0 images in the header", "expected at least 1"];
    assert_refused(TRAIN_IMAGES, &images(0), &parts);
    let parts = ["found 0 labels in the header", "expected at least 1"];
    assert_refused(TRAIN_LABELS, &labels(&[]), &parts);
}

#[test]
fn more_images_than_any_data_set_has() {
    let limit = format!("expected at most {MAX_IMAGES}");
    let content = words(&[0x803, u32::MAX, 28, 28]);
    assert_refused(TRAIN_IMAGES, &content, &["found 4294967295 images", &limit]);
    let content = words(&[0x801, MAX_IMAGES as u32 + 1]);
    assert_refused(TRAIN_LABELS, &content, &["found 1000001 labels", &limit]);
}

/// 200 MB of zeros in 1 MB, behind a header that promises three images: reading stops after these.
#[test]
fn gzip_bomb() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&images(3)).unwrap();
    for _ in 0..200 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let mut bomb = encoder.finish().unwrap();
    // Whoever reads to the end finds that the stream breaks off there, and says that instead.
    bomb.truncate(bomb.len() - 100);
    let parts = ["found more content after byte 2368"];
    assert_refused("train-images-idx3-ubyte.gz", &bomb, &parts);
}

#[test]
fn too_many_gzip_members() {
    let mut content = gzip(&images(3));
    let empty = gzip(b"");
    content.extend(empty.repeat(100_000));
    let parts = ["found more than 10000 gzip members"];
    assert_refused("train-images-idx3-ubyte.gz", &content, &parts);
}

#[test]
fn files_in_memory_are_read_and_refused_alike() {
    let digits = Digits::from_idx(gzip(&images(3)), labels(&[5, 0, 9])).unwrap();
    assert_eq!(digits.labels(), [5, 0, 9]);
    for (images, labels, expected) in [
        (vec![], labels(&[1]), "images: the file is empty"),
        (
            images(2),
            labels(&[1]),
            "images: found 2 images, but labels has 1 labels",
        ),
        (
            images(1),
            vec![0x1f, 0x8b],
            "labels: found a truncated or corrupt gzip stream",
        ),
    ] {
        let error = Digits::from_idx(images, labels).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
