//! Files of weights that are not what they should be.

use std::fs;
use std::path::Path;

use architecture::Architecture;
use burn::tensor::Device;
use model_core::Network;
use model_core::weights::{self, MAX_WEIGHTS_BYTES, WeightsError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;
use tensor_file::TensorFileError;

fn network() -> Network {
    let architecture = Architecture::new(1, 8)
        .convolution_block(4, 3)
        .with_batch_norm()
        .fully_connected_head(10);
    Network::new(&architecture, 0.0, &Device::flex()).unwrap()
}

/// A sound file, and a folder for others.
fn saved() -> (TempDir, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.safetensors");
    weights::save(&network(), &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    (directory, bytes)
}

/// Why a file with this content is refused: one line, which names the file.
fn refusal(directory: &Path, content: &[u8]) -> WeightsError {
    let path = directory.join("broken.safetensors");
    fs::write(&path, content).unwrap();
    let error = weights::load(network(), &path).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("broken.safetensors"), "{message}");
    assert!(
        !message.contains(char::is_control) && message.len() < 1000,
        "{message}"
    );
    error
}

/// What is wrong with the content of a file, as [`refusal`].
fn fault(directory: &Path, content: &[u8]) -> TensorFileError {
    match refusal(directory, content) {
        WeightsError::Unusable { reason, .. } => reason,
        error => panic!("{error}"),
    }
}

/// A file with this header, and zeros behind it.
fn with_header(header: &str, zeros: usize) -> Vec<u8> {
    let length = header.len() as u64;
    [&length.to_le_bytes(), header.as_bytes(), &vec![0; zeros]].concat()
}

#[test]
fn what_is_no_file_of_tensors_is_refused() {
    let (directory, sound) = saved();
    let header_length = u64::from_le_bytes(sound[..8].try_into().unwrap());
    let lying = |length: u64| [&length.to_le_bytes(), &sound[8..]].concat();
    for content in [
        Vec::new(),
        b"weights, I promise\n".to_vec(),
        sound[..7].to_vec(),
        sound[..100].to_vec(),
        sound[..sound.len() - 1].to_vec(),
        [sound.as_slice(), b"!"].concat(),
        lying(0),
        lying(header_length - 1),
        lying(header_length + 8),
        lying(u64::MAX),
        lying(99_999_999),
        with_header("{", 0),
        with_header(
            r#"{"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#,
            4,
        ),
        with_header(
            r#"{"a":{"dtype":"two\nlines","shape":[1],"data_offsets":[0,4]}}"#,
            4,
        ),
        with_header(
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
            4,
        ),
        with_header(
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
            4,
        ),
        with_header(
            r#"{"a":{"dtype":"F32","shape":[4294967295,4294967295,4294967295],"data_offsets":[0,4]}}"#,
            4,
        ),
    ] {
        let error = fault(directory.path(), &content);
        assert!(matches!(error, TensorFileError::Malformed(_)), "{error}");
    }
    let nested = "[".repeat(500_000);
    assert!(matches!(
        fault(directory.path(), &with_header(&nested, 0)),
        TensorFileError::Malformed(_)
    ));
    assert!(matches!(
        refusal(
            directory.path(),
            &vec![b' '; MAX_WEIGHTS_BYTES as usize + 1]
        ),
        WeightsError::Unreadable { .. }
    ));
}

#[test]
fn tensors_that_are_not_the_networks_are_refused_in_a_short_line() {
    let (directory, sound) = saved();
    let stray = r#"{"two\nlines":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let error = fault(directory.path(), &with_header(stray, 4));
    let TensorFileError::Mismatch(differences) = &error else {
        panic!("{error}");
    };
    let expected = "two lines is not part of the network".to_owned();
    assert!(differences.0.contains(&expected), "{differences:?}");

    // Long names and types, and a shape of many dimensions.
    let long = "x".repeat(100_000);
    let ones = vec!["1"; 100_000].join(",");
    for header in [
        format!(r#"{{"{long}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#),
        format!(r#"{{"a":{{"dtype":"{long}","shape":[1],"data_offsets":[0,4]}}}}"#),
        format!(
            r#"{{"stages.0.Convolution.convolution.weight":{{"dtype":"F32","shape":[{ones}],"data_offsets":[0,4]}}}}"#
        ),
    ] {
        refusal(directory.path(), &with_header(&header, 4));
    }

    let many: Vec<String> = (0..5000)
        .map(|index| format!(r#""t{index}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#))
        .collect();
    let error = refusal(
        directory.path(),
        &with_header(&format!("{{{}}}", many.join(",")), 0),
    );
    assert!(error.to_string().ends_with("more differences"), "{error}");

    // The same tensors, but one of other numbers: as many bytes, halved and doubled.
    let text = String::from_utf8_lossy(&sound).into_owned();
    let header = &text[8..text.find("}}").unwrap() + 2];
    assert!(
        header.contains(r#""dtype":"F32","shape":[4,1,3,3]"#),
        "{header}"
    );
    for (from, to, expected) in [
        (
            r#""F32","shape":[4,1,3,3]"#,
            r#""F16","shape":[4,2,3,3]"#,
            "is F16 [4, 2, 3, 3], expected F32 [4, 1, 3, 3]",
        ),
        (
            r#""F32","shape":[4,1,3,3]"#,
            r#""I32","shape":[4,1,3,3]"#,
            "is I32 [4, 1, 3, 3], expected F32",
        ),
        (
            r#""F32","shape":[4,1,3,3]"#,
            r#""F32","shape":[1,4,3,3]"#,
            "is F32 [1, 4, 3, 3], expected F32 [4",
        ),
    ] {
        let mut changed = sound.clone();
        let at = changed
            .windows(from.len())
            .position(|window| window == from.as_bytes())
            .unwrap();
        changed[at..at + from.len()].copy_from_slice(to.as_bytes());
        let error = refusal(directory.path(), &changed);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn values_that_are_no_numbers_are_refused() {
    let (directory, sound) = saved();
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut changed = sound.clone();
        let end = changed.len();
        changed[end - 4..].copy_from_slice(&value.to_le_bytes());
        let error = fault(directory.path(), &changed);
        assert!(matches!(error, TensorFileError::NotFinite(_)), "{error}");
    }
}

#[test]
fn damage_is_an_error_of_one_line_or_goes_unnoticed() {
    let (directory, sound) = saved();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let path = directory.path().join("damaged.safetensors");
    let mut refused = 0;
    for _ in 0..1000 {
        let mut damaged = sound.clone();
        for _ in 0..random.random_range(1..=3) {
            let index = random.random_range(0..damaged.len());
            damaged[index] = random.random_range(0..=255);
        }
        fs::write(&path, &damaged).unwrap();
        if let Err(error) = weights::load(network(), &path) {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message}");
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused} of 1000 refused");
}
