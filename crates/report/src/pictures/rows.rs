//! A chart with a row for each step: its name on the left, and two lines of words on the right.

use anyhow::Result;
use plotters::prelude::*;

use super::axis::{self, Axis, Frame, Margins};
use super::picture::{Area, MARGIN};
use super::theme::{FROM, muted, text};

const ROW_HEIGHT: u32 = 44;
const MARGINS: Margins = Margins {
    top: 6,
    right: 270,
    bottom: 44,
    left: 170,
};

/// Between the chart and the words on its right.
const BESIDE: i32 = 20;

/// Height of a chart of so many rows, in pixels.
pub(crate) fn height(rows: usize) -> u32 {
    MARGINS.top + ROW_HEIGHT * rows as u32 + MARGINS.bottom
}

/// The chart within its axes. The middle of a row is half a unit below its number, from 0.
pub(crate) fn frame<'a, 'b>(
    area: &'a Area<'b>,
    axis: Axis,
    rows: usize,
    below: &str,
) -> Result<Frame<'a, 'b>> {
    let rows = Axis {
        range: rows as f64..0.0,
        ticks: Vec::new(),
    };
    axis::frame(area, MARGINS, (axis, rows), below)
}

/// The words of a row: the step's name, and the two lines on the right of the chart.
pub(crate) fn words(
    area: &Area,
    row: usize,
    name: &str,
    (first, style): (&str, TextStyle),
    second: &str,
) -> Result<()> {
    let y = (MARGINS.top + ROW_HEIGHT * row as u32 + ROW_HEIGHT / 2) as i32;
    let (width, _) = area.dim_in_pixel();
    let right = (width - MARGINS.right) as i32 + BESIDE;
    for (words, at, style) in [
        (name.to_owned(), (MARGIN as i32, y), text(12.5)),
        (with_minus(first), (right, y - 8), style),
        (with_minus(second), (right, y + 9), muted(12.0)),
    ] {
        area.draw(&Text::new(words, at, style.pos(FROM)))?;
    }
    Ok(())
}

/// The same numbers with the sign that is as wide as a plus.
pub(crate) fn with_minus(numbers: &str) -> String {
    numbers.replace('-', "−")
}
