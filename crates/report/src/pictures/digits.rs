//! What the digits look like.

use mnist::CLASSES;
use svg::node::element::Group;

use super::ink::ink;
use super::picture::{MARGIN, Picture, WIDTH, label};
use super::theme::MUTED;
use crate::document::Document;
use crate::inputs::Inputs;

/// Samples of each class.
const SAMPLES: usize = 2;
/// Height and width that a pixel is drawn with.
const SCALE: u32 = 2;
const CELL_WIDTH: u32 = (WIDTH - 2 * MARGIN) / CLASSES as u32;
const CELL_HEIGHT: u32 = 90;
const SIDE: u32 = mnist::IMAGE_SIDE as u32 * SCALE;

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Document {
    let test = inputs.test;
    let of_class = |class: u8| (0..test.len()).filter(move |index| test.label(*index) == class);
    let mut body = Group::new();
    for sample in 0..SAMPLES {
        for class in 0..CLASSES as u8 {
            let Some(index) = of_class(class).nth(sample) else {
                continue;
            };
            let left = MARGIN + CELL_WIDTH * u32::from(class);
            let top = CELL_HEIGHT * sample as u32;
            let corner = (f64::from(left + (CELL_WIDTH - SIDE) / 2), f64::from(top));
            let digit = ink(test.image(index), corner, f64::from(SCALE));
            let caption = (left + CELL_WIDTH / 2, top + SIDE + 16);
            let caption = label(format!("#{index}: {class}"), caption, 12.5, MUTED)
                .set("text-anchor", "middle");
            body = body.add(digit).add(caption);
        }
    }
    Picture {
        file: "digits.svg",
        title: "Test digits".into(),
        notes: vec![
            "Each with its index among the test images, and the digit that it shows.".into(),
        ],
    }
    .figure(CELL_HEIGHT * SAMPLES as u32, body)
}
