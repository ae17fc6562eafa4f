//! Reads a handwritten digit with integers alone: no floats, no allocation, no standard library.
//!
//! ```
//! static IMAGE: [u8; digit::PIXELS] = [0; digit::PIXELS];
//!
//! let mut reader = digit::Reader::new();
//! let (digit, scores) = reader.read(&IMAGE);
//! assert_eq!(Some(&scores[digit]), scores.iter().max());
//! ```

#![no_std]
#![forbid(unsafe_code)]

mod network;

use pocket::Memory;

pub use network::NETWORK;

/// Pixels of an image: 28 rows of 28.
pub const PIXELS: usize = 28 * 28;

/// The digits 0 to 9.
pub const CLASSES: usize = 10;

/// The score that stands for a logit of 1.
pub const SCORE_ONE: i32 = pocket::SCORE_ONE;

/// The memory in which images are read. It may lie in a `static`, and is used again for each image.
#[derive(Debug)]
pub struct Reader {
    rows: [u8; network::ROWS],
    sums: [i32; network::SUMS],
}

impl Reader {
    /// Memory for an image at a time.
    pub const fn new() -> Self {
        Self {
            rows: [0; network::ROWS],
            sums: [0; network::SUMS],
        }
    }

    /// The digit that an image most probably shows, and a score for each digit: its logit times [`SCORE_ONE`].
    ///
    /// The image is row by row, as MNIST's are: 0 is background, 255 is full ink, the digit within 20×20 pixels and centred by its
    /// mass.
    pub fn read(&mut self, image: &[u8; PIXELS]) -> (usize, [i32; CLASSES]) {
        let memory = Memory {
            rows: &mut self.rows,
            sums: &mut self.sums,
        };
        let mut scores = [0; CLASSES];
        scores.copy_from_slice(NETWORK.run(image, memory));
        let mut digit = 0;
        for (other, score) in scores.iter().enumerate() {
            if *score > scores[digit] {
                digit = other;
            }
        }
        (digit, scores)
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}
