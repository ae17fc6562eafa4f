//! How what a network says changes where a part of a digit is erased (M. D. Zeiler and R. Fergus, "Visualizing and
//! Understanding Convolutional Networks", 2014).

use std::iter::once;

use anyhow::Result;
use inference::Model;
use mnist::{CLASSES, IMAGE_SIDE, PIXELS};
use serde::Serialize;

use crate::networks::encode_floats;

/// Height and width of what is erased, in pixels.
const WINDOW: usize = 6;

/// The digit is divided into tiles of so many pixels each way. Around the middle of each, a window is erased.
const TILE: usize = 2;

/// Number of tiles in a row, and in a column.
const TILES: usize = IMAGE_SIDE / TILE;

/// What a network says where a part of a digit is erased.
#[derive(Debug, Serialize)]
pub struct Erasures {
    window: usize,
    tile: usize,
    tiles: usize,
    /// Probabilities of all classes where nothing is erased.
    whole: [f32; CLASSES],
    /// The same for each window: base64 of 32-bit floats `[tiles, tiles, classes]`.
    erased: String,
}

impl Erasures {
    /// Asks a model of a digit with each window erased.
    ///
    /// # Errors
    ///
    /// The network fails.
    pub fn of(model: &Model, digit: &[u8; PIXELS]) -> Result<Self> {
        let tiles = (0..TILES).flat_map(|row| (0..TILES).map(move |column| [row, column]));
        let erased: Vec<_> = tiles.map(|tile| erase(digit, tile)).collect();
        let digits = once(digit).chain(erased.iter().flatten());
        let mut answers = model.probabilities(digits)?.into_iter();
        let whole = answers.next().unwrap_or_default();
        let of_tile = |erased: &Option<_>| erased.and_then(|_: [u8; PIXELS]| answers.next());
        let erased: Vec<_> = erased.iter().map(of_tile).collect();
        let erased: Vec<f32> = erased
            .into_iter()
            .flat_map(|answer| answer.unwrap_or(whole))
            .collect();
        Ok(Self {
            window: WINDOW,
            tile: TILE,
            tiles: TILES,
            whole,
            erased: encode_floats(&erased),
        })
    }
}

/// A digit without what is in the window around a tile; none where there is nothing.
fn erase(digit: &[u8; PIXELS], tile: [usize; 2]) -> Option<[u8; PIXELS]> {
    let around = (WINDOW - TILE) / 2;
    let [rows, columns] = tile.map(|tile| {
        let start = tile * TILE;
        start.saturating_sub(around)..(start + TILE + around).min(IMAGE_SIDE)
    });
    let mut erased = *digit;
    for row in rows {
        erased[row * IMAGE_SIDE..][columns.clone()].fill(0);
    }
    (erased != *digit).then_some(erased)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_as_large_as_the_digit_leaves_it() {
        let erased = |tile| {
            let erased = erase(&[9; PIXELS], tile).unwrap();
            erased.iter().filter(|pixel| **pixel == 0).count()
        };
        assert_eq!(erased([5, 5]), WINDOW * WINDOW);
        assert_eq!(erased([0, 0]), 16);
        assert_eq!(erased([TILES - 1, 3]), 4 * WINDOW);
        assert_eq!(erase(&[0; PIXELS], [5, 5]), None);
    }
}
