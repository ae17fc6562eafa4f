//! The confusion matrix of the last step, summed over its seeds.
//!
//! A hundred times more images are right than wrong, so a scale that held both would show the diagonal and nothing else. Only
//! what is wrong is coloured, by its share of the digit's images.

use anyhow::Result;
use plotters::prelude::*;

use super::picture::{Area, MARGIN, Picture};
use super::steps::{seeds, steps};
use super::theme::{AROUND, FROM, GRID, UP_TO, bold, muted, text};
use crate::document::Document;
use crate::format::grouped;
use crate::inputs::Inputs;
use crate::numbers::confusion::Confusion;

const FILE: &str = "confusion.svg";

const CELL_WIDTH: i32 = 58;
const CELL_HEIGHT: i32 = 32;
/// Upper left corner of the cells, below and beside the names of the digits.
const LEFT: i32 = 104;
const TOP: i32 = 46;

/// How opaque the cell with the highest share is; its number must still be readable.
const HIGHEST_OPACITY: f64 = 0.5;

/// Width of the bar of the digit that is wrong most often.
const BAR_WIDTH: f64 = 60.0;

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let steps = steps(inputs);
    let file = FILE;
    let Some(step) = steps.last().filter(|step| !step.runs.is_empty()) else {
        let notes = vec!["No run of the last step is recorded yet.".into()];
        let title = "Which digits are taken for which".into();
        let picture = Picture { file, title, notes };
        return Ok(picture.figure(0, svg::node::element::Group::new()));
    };
    let confusion = Confusion::of(&step.runs);
    let picture = Picture {
        file,
        title: format!("Which digits {} takes for which", step.name),
        notes: vec![format!(
            "Its {} on the {} test images, added up: {} right, {} wrong. Colour: the share of the row's images.",
            seeds(&step.runs),
            grouped(step.runs[0].last().test_total),
            grouped(confusion.right()),
            grouped(confusion.wrong())
        )],
    };
    let height = TOP + CELL_HEIGHT * confusion.classes() as i32 + 16;
    let matrix = Matrix {
        confusion,
        colour: step.colour,
    };
    picture.chart(height as u32, |area| matrix.draw(area))
}

/// A confusion matrix in the colour of its step.
struct Matrix {
    confusion: Confusion,
    colour: RGBColor,
}

impl Matrix {
    fn draw(&self, area: &Area) -> Result<()> {
        let classes = self.confusion.classes();
        let middle = LEFT + CELL_WIDTH * classes as i32 / 2;
        area.draw(&Text::new(
            "predicted",
            (middle, 12),
            muted(12.5).pos(AROUND),
        ))?;
        let at = (MARGIN as i32, TOP + CELL_HEIGHT * classes as i32 / 2);
        area.draw(&Text::new("true digit", at, muted(12.5).pos(FROM)))?;
        for class in 0..classes {
            let x = LEFT + CELL_WIDTH * class as i32 + CELL_WIDTH / 2;
            area.draw(&Text::new(
                class.to_string(),
                (x, 34),
                bold(13.0).pos(AROUND),
            ))?;
            let y = TOP + CELL_HEIGHT * class as i32 + CELL_HEIGHT / 2;
            area.draw(&Text::new(
                class.to_string(),
                (LEFT - 12, y),
                bold(13.0).pos(UP_TO),
            ))?;
        }
        let all = || (0..classes).flat_map(|row| (0..classes).map(move |column| (row, column)));
        let highest = all()
            .filter(|(row, column)| row != column)
            .map(|(row, column)| self.confusion.share(row, column))
            .fold(f64::MIN_POSITIVE, f64::max);
        for (row, column) in all() {
            let opacity = HIGHEST_OPACITY * self.confusion.share(row, column) / highest;
            self.draw_cell(area, (row, column), self.colour.mix(opacity))?;
        }
        self.draw_sums(area)
    }

    fn draw_cell(
        &self,
        area: &Area,
        (row, column): (usize, usize),
        colour: RGBAColor,
    ) -> Result<()> {
        let x = LEFT + CELL_WIDTH * column as i32;
        let y = TOP + CELL_HEIGHT * row as i32;
        let corners = [(x + 1, y + 1), (x + CELL_WIDTH - 1, y + CELL_HEIGHT - 1)];
        let count = self.confusion.count(row, column);
        let (fill, style) = match (row == column, count) {
            (true, _) => (None, muted(12.0)),
            (false, 0) => (Some(GRID.mix(0.5)), muted(12.0)),
            (false, _) => (Some(colour), text(13.0)),
        };
        match fill {
            Some(fill) => area.draw(&Rectangle::new(corners, fill.filled()))?,
            None => area.draw(&Rectangle::new(corners, GRID.stroke_width(1)))?,
        }
        if count > 0 {
            let middle = (x + CELL_WIDTH / 2, y + CELL_HEIGHT / 2);
            area.draw(&Text::new(grouped(count), middle, style.pos(AROUND)))?;
        }
        Ok(())
    }

    /// On the right of each row, how many of it are wrong.
    fn draw_sums(&self, area: &Area) -> Result<()> {
        let classes = self.confusion.classes();
        let left = LEFT + CELL_WIDTH * classes as i32 + 20;
        area.draw(&Text::new("wrong", (left, 34), bold(13.0).pos(FROM)))?;
        let highest = (0..classes)
            .map(|class| self.confusion.wrong_of(class).1)
            .fold(f64::MIN_POSITIVE, f64::max);
        for class in 0..classes {
            let (wrong, share) = self.confusion.wrong_of(class);
            let y = TOP + CELL_HEIGHT * class as i32 + CELL_HEIGHT / 2;
            let width = (BAR_WIDTH * share / highest).round() as i32;
            let bar = [(left, y - 7), (left + width, y + 7)];
            area.draw(&Rectangle::new(bar, self.colour.filled()))?;
            let words = format!("{} ({:.2} %)", grouped(wrong), 100.0 * share);
            let at = (left + width + 8, y);
            area.draw(&Text::new(words, at, text(12.0).pos(FROM)))?;
        }
        Ok(())
    }
}
