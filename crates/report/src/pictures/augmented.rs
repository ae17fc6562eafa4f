//! What augmentation makes of a digit: the very images that a run was shown, since they are a function of seed, epoch and
//! index.

use experiment::Experiment;
use mnist::random::{Purpose, generator};
use mnist::{Augmentation, PIXELS};
use svg::node::element::Group;

use super::ink::{edge, ink};
use super::picture::{MARGIN, Picture, WIDTH, label};
use super::theme::{MUTED, TEXT};
use crate::document::Document;
use crate::inputs::Inputs;

/// Training digits that are shown, the first ones, and in how many epochs.
const DIGITS: usize = 4;
const EPOCHS: usize = 6;

/// The seed of the run.
const SEED: u64 = 1;

/// Height and width that a pixel is drawn with.
const SCALE: u32 = 3;
const SIDE: u32 = mnist::IMAGE_SIDE as u32 * SCALE;
const CELL_WIDTH: u32 = (WIDTH - 2 * MARGIN) / (1 + EPOCHS as u32);
const CELL_HEIGHT: u32 = SIDE + 12;
/// Height of the words above the digits.
const WORDS_HEIGHT: u32 = 26;

/// The document, if any step augments.
pub(crate) fn document(inputs: &Inputs) -> Option<Document> {
    let augmentation = |step: &Experiment| step.recipe.augmentation;
    let mut steps = inputs.experiments.iter();
    let (step, augmentation) = steps.find_map(|step| Some((step, augmentation(step)?)))?;
    let digits = DIGITS.min(inputs.train.len());
    let mut body = Group::new();
    for column in 0..=EPOCHS {
        let left = MARGIN + CELL_WIDTH * column as u32;
        let words = match column {
            0 => "as it is".to_owned(),
            epoch => format!("epoch {epoch}"),
        };
        let colour = if column == 0 { TEXT } else { MUTED };
        let words = label(words, (left + CELL_WIDTH / 2, 14), 12.5, colour);
        body = body.add(words.set("text-anchor", "middle"));
        for index in 0..digits {
            let original = inputs.train.image(index);
            let image = match column.checked_sub(1) {
                None => *original,
                Some(epoch) => augmented(augmentation, original, epoch, index),
            };
            let x = left + (CELL_WIDTH - SIDE) / 2;
            let y = WORDS_HEIGHT + CELL_HEIGHT * index as u32;
            let cell = Group::new()
                .set("transform", format!("translate({x} {y}) scale({SCALE})"))
                .add(edge())
                .add(ink(&image, (0.0, 0.0), 1.0));
            body = body.add(cell);
        }
    }
    let picture = Picture {
        file: "augmented.svg",
        title: "Augmented training digits".into(),
        notes: vec![
            format!(
                "The first {digits} training images, and what the run of {} with seed {SEED} is shown of them in its first epochs.",
                step.name
            ),
            format!("Drawn at random: {}.", in_words(augmentation)),
        ],
    };
    Some(picture.figure(WORDS_HEIGHT + CELL_HEIGHT * digits as u32, body))
}

/// What the run is shown of an image in an epoch, from 0.
fn augmented(
    augmentation: Augmentation,
    image: &[u8; PIXELS],
    epoch: usize,
    index: usize,
) -> [u8; PIXELS] {
    let mut random = generator(SEED, epoch, index, Purpose::Augmentation);
    let image = augmentation.apply(image, &mut random);
    image.map(|pixel| pixel.round() as u8)
}

/// How far images are changed: `a shift of up to 2 pixels along each axis, a turn of up to 10°`.
fn in_words(augmentation: Augmentation) -> String {
    let Augmentation {
        translation_pixels: shift,
        rotation_degrees: turn,
        scaling,
        shear_degrees: shear,
        elastic_pixels: elastic,
    } = augmentation;
    let changes = [
        (
            shift,
            format!("a shift of up to {shift} pixels along each axis"),
        ),
        (turn, format!("a turn of up to {turn}°")),
        (scaling, format!("a scaling of up to {} %", 100.0 * scaling)),
        (shear, format!("a slant of up to {shear}°")),
        (elastic, format!("a distortion of up to {elastic} pixels")),
    ];
    let changes = changes.into_iter().filter(|(amount, _)| *amount != 0.0);
    let words: Vec<String> = changes.map(|(_, words)| words).collect();
    words.join(", ")
}
