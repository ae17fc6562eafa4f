//! Digits of the test set.

use mnist::{DISPUTED_TEST_IMAGES, Digits};
use serde::Serialize;

use crate::networks::encode;

/// A digit of the test set.
#[derive(Serialize)]
pub struct TestDigit {
    #[serde(flatten)]
    label: Label,
    /// Base64 of 28×28 bytes, row by row.
    pixels: String,
}

/// What a digit of the test set is.
#[derive(Serialize)]
pub struct Label {
    index: usize,
    label: u8,
    /// Whether people disagree about the label.
    disputed: bool,
}

impl TestDigit {
    /// That of an index.
    pub fn of(digits: &Digits, index: usize) -> Self {
        Self {
            label: Label::of(digits, index),
            pixels: encode(digits.image(index)),
        }
    }
}

impl Label {
    /// That of an index.
    pub fn of(digits: &Digits, index: usize) -> Self {
        Self {
            index,
            label: digits.label(index),
            disputed: DISPUTED_TEST_IMAGES.contains(&index),
        }
    }
}
