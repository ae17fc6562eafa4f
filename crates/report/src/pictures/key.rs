//! What the marks of a chart are: samples with words beside them, in one line.

use anyhow::Result;
use plotters::prelude::*;

use super::picture::Area;
use super::steps::Step;
use super::theme::{FROM, text};

/// Height of a line, in pixels.
pub(crate) const HEIGHT: u32 = 30;

/// Height of the middle of a line.
pub(crate) const MIDDLE: i32 = HEIGHT as i32 / 2;

/// Length of a sample.
pub(crate) const SAMPLE: i32 = 42;

/// Between a sample and its words, and between the words and the next sample.
const BESIDE: i32 = 8;
const DISTANCE: i32 = 30;

/// Width of a letter, at most.
const LETTER: i32 = 7;

/// Writes the words beside a sample that begins at `x`. Returns where the next sample begins.
pub(crate) fn words(area: &Area, words: &str, x: i32) -> Result<i32> {
    let x = x + SAMPLE + BESIDE;
    let at = (x, MIDDLE);
    area.draw(&Text::new(words.to_owned(), at, text(12.5).pos(FROM)))?;
    Ok(x + LETTER * words.chars().count() as i32 + DISTANCE)
}

/// The parts of a sample that begins at `x` and has all steps' colours, one after the other: from where to where, and the
/// colour.
pub(crate) fn in_colours(steps: &[Step], x: i32) -> impl Iterator<Item = (i32, i32, RGBColor)> {
    let from = move |index: usize| x + SAMPLE * index as i32 / steps.len() as i32;
    let steps = steps.iter().enumerate();
    steps.map(move |(index, step)| (from(index), from(index + 1), step.colour))
}
