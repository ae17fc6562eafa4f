//! Loss and accuracy by epoch: one panel a step, all with the same axes.
//!
//! The curves of all steps in one frame would cross too often to be told apart. In its own panel a step shows its own, in its
//! colour, and behind them, faint, the test curves of the other steps, which is what they are to be compared with. Heights
//! are logarithms, of the loss and of the share of wrong images: halving either is the same distance everywhere, so that
//! the last tenths of a percent, which the ladder is about, are not pressed together below the top.

use anyhow::Result;
use evidence::{Epoch, TARGET_ACCURACY};
use plotters::prelude::*;

use super::axis::{Axis, Frame, Margins, frame};
use super::picture::{Area, Picture};
use super::steps::{Step, seeds, steps};
use super::theme::{AROUND, FAINT, FROM, MUTED, TEXT, bold, text};
use crate::document::Document;
use crate::format::short_percent;
use crate::inputs::Inputs;
use crate::numbers::over_seeds::{OverSeeds, over_seeds};

const COLUMNS: usize = 4;
const PANEL_HEIGHT: u32 = 232;
const MARGINS: Margins = Margins {
    top: 26,
    right: 16,
    bottom: 40,
    left: 60,
};

/// Where the key's first sample is in its cell, how long samples are and how far apart, in pixels.
const KEY_LEFT: i32 = 24;
const KEY_TOP: i32 = 56;
const KEY_WIDTH: i32 = 42;
const KEY_DISTANCE: i32 = 28;

/// How opaque the band over the seeds is.
const BAND: f64 = 0.22;

/// Losses that may be labelled.
const LOSSES: [f64; 12] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];

/// Accuracies that may be labelled; the first is the lowest that is shown.
const ACCURACIES: [f64; 8] = [0.9, 0.95, 0.97, 0.98, 0.99, TARGET_ACCURACY, 0.997, 0.999];

/// What a chart shows of an epoch, and how high.
struct Chart {
    /// Drawn as a thin line, if at all.
    train: Option<fn(&Epoch) -> f64>,
    test: fn(&Epoch) -> f64,
    /// Where a value is drawn.
    height: fn(f64) -> f64,
    heights: Axis,
    /// The value to hold.
    target: Option<f64>,
}

/// Loss by epoch.
pub(crate) fn loss(inputs: &Inputs) -> Result<Document> {
    let steps = steps(inputs);
    let height = |loss: f64| loss.max(1e-6).log10();
    let values: [fn(&Epoch) -> f64; 2] = [|epoch| epoch.train_loss, |epoch| epoch.test_loss];
    let ticks = LOSSES.map(|loss| (height(loss), loss.to_string()));
    let chart = Chart {
        train: Some(values[0]),
        test: values[1],
        height,
        heights: Axis::around(
            shown(&steps, &values, &[0.1, 0.2]).map(height),
            ticks.into_iter(),
        ),
        target: None,
    };
    let picture = Picture {
        file: "curves-loss.svg",
        title: "Loss by epoch".into(),
        notes: vec![
            "Cross-entropy in nats, on a logarithmic axis. Lines: mean over the seeds. Band: lowest to highest seed."
                .into(),
            "Train is the loss as trained on, with dropout and augmentation where the step has them: it may lie above test."
                .into(),
        ],
    };
    chart.document(&picture, &steps)
}

/// Test accuracy by epoch.
pub(crate) fn accuracy(inputs: &Inputs) -> Result<Document> {
    let steps = steps(inputs);
    let height = |accuracy: f64| -(1.0 - accuracy).max(1e-5).log10();
    let values: [fn(&Epoch) -> f64; 1] = [Epoch::test_accuracy];
    let lowest = shown(&steps, &values, &[]).fold(f64::INFINITY, f64::min);
    let ticks = ACCURACIES.map(|accuracy| {
        let cut = accuracy == ACCURACIES[0] && lowest < accuracy;
        let cut = if cut { "≤ " } else { "" };
        (
            height(accuracy),
            format!("{cut}{}", short_percent(accuracy)),
        )
    });
    let shown = shown(&steps, &values, &[TARGET_ACCURACY, 0.99]);
    let chart = Chart {
        train: None,
        test: Epoch::test_accuracy,
        height,
        heights: Axis::around(
            shown.map(|accuracy| height(accuracy.max(ACCURACIES[0]))),
            ticks.into_iter(),
        ),
        target: Some(TARGET_ACCURACY),
    };
    let picture = Picture {
        file: "curves-accuracy.svg",
        title: "Test accuracy by epoch".into(),
        notes: vec![
            "The share of wrong images is on a logarithmic axis. Line: mean over the seeds. Band: lowest to highest seed.".into(),
        ],
    };
    chart.document(&picture, &steps)
}

/// The values of all epochs of all runs, and some that are to be on the axis whatever the runs are.
fn shown(
    steps: &[Step],
    values: &[fn(&Epoch) -> f64],
    always: &[f64],
) -> impl Iterator<Item = f64> {
    let runs = steps.iter().flat_map(|step| &step.runs);
    let epochs = runs.flat_map(|run| &run.epochs);
    let shown = epochs.flat_map(|epoch| values.iter().map(|value| value(epoch)));
    shown
        .chain(always.iter().copied())
        .collect::<Vec<_>>()
        .into_iter()
}

impl Chart {
    fn document(&self, picture: &Picture, steps: &[Step]) -> Result<Document> {
        // The key stands in the cell behind the last panel.
        let rows = (steps.len() + 1).div_ceil(COLUMNS);
        picture.chart(PANEL_HEIGHT * rows as u32, |area| {
            let cells = area.split_evenly((rows, COLUMNS));
            for (step, cell) in steps.iter().zip(&cells) {
                self.draw_panel(cell, step, steps)?;
            }
            self.draw_key(&cells[steps.len()], steps)
        })
    }

    fn draw_panel(&self, cell: &Area, step: &Step, steps: &[Step]) -> Result<()> {
        let (width, _) = cell.dim_in_pixel();
        let middle = (MARGINS.left + width - MARGINS.right) as i32 / 2;
        cell.draw(&Text::new(step.name, (middle, 14), bold(12.5).pos(AROUND)))?;
        let below = match step.runs.len() {
            0 => "no run yet".into(),
            _ => format!("epoch ({})", seeds(&step.runs)),
        };
        let runs = steps.iter().flat_map(|step| &step.runs);
        let last_epoch = runs.map(|run| run.epochs.len()).max().unwrap_or(1);
        let axes = (Axis::epochs(last_epoch), self.heights.clone());
        let mut frame = frame(cell, MARGINS, axes, &below)?;
        for other in steps.iter().filter(|other| other.name != step.name) {
            let test = over_seeds(&other.runs, self.test);
            self.draw_mean(&mut frame, &test, FAINT.stroke_width(1))?;
        }
        if let Some(target) = self.target {
            let height = (self.height)(target);
            let epochs = frame.x_range();
            let line = [(epochs.start, height), (epochs.end, height)];
            frame.draw_series(LineSeries::new(line, MUTED.stroke_width(1)))?;
        }
        let test = over_seeds(&step.runs, self.test);
        if step.runs.len() > 1 {
            let lowest = test.iter().map(|it| self.point(it.epoch, it.lowest));
            let highest = test.iter().rev().map(|it| self.point(it.epoch, it.highest));
            let band: Vec<_> = lowest.chain(highest).collect();
            frame.draw_series([Polygon::new(band, step.colour.mix(BAND))])?;
        }
        if let Some(train) = self.train {
            let train = over_seeds(&step.runs, train);
            self.draw_mean(&mut frame, &train, TEXT.stroke_width(1))?;
        }
        self.draw_mean(&mut frame, &test, step.colour.stroke_width(2))
    }

    fn draw_mean(&self, frame: &mut Frame, values: &[OverSeeds], style: ShapeStyle) -> Result<()> {
        let line = values.iter().map(|it| self.point(it.epoch, it.mean));
        frame.draw_series(LineSeries::new(line, style))?;
        Ok(())
    }

    fn point(&self, epoch: usize, value: f64) -> (f64, f64) {
        (epoch as f64, self.heights.clamp((self.height)(value)))
    }

    /// What the curves are, in a cell of its own.
    fn draw_key(&self, cell: &Area, steps: &[Step]) -> Result<()> {
        let mut lines = vec![("test, other steps".to_owned(), FAINT.stroke_width(1))];
        if self.train.is_some() {
            lines.insert(0, ("train".into(), TEXT.stroke_width(1)));
        }
        if let Some(target) = self.target {
            let target = format!("{}, the target", short_percent(target));
            lines.insert(0, (target, MUTED.stroke_width(1)));
        }
        let mut y = KEY_TOP;
        self.draw_key_of_steps(cell, steps, y)?;
        for (what, style) in lines {
            y += KEY_DISTANCE;
            let sample = [(KEY_LEFT, y), (KEY_LEFT + KEY_WIDTH, y)];
            cell.draw(&PathElement::new(sample, style))?;
            let at = (KEY_LEFT + KEY_WIDTH + 10, y);
            cell.draw(&Text::new(what, at, text(12.5).pos(FROM)))?;
        }
        Ok(())
    }

    /// A line and a band that have all steps' colours, one after the other.
    fn draw_key_of_steps(&self, cell: &Area, steps: &[Step], y: i32) -> Result<()> {
        let from = |index: usize| KEY_LEFT + KEY_WIDTH * index as i32 / steps.len() as i32;
        for (index, step) in steps.iter().enumerate() {
            let (left, right) = (from(index), from(index + 1));
            let band = [(left, y - 8), (right, y + 8)];
            cell.draw(&Rectangle::new(band, step.colour.mix(BAND).filled()))?;
            let line = [(left, y), (right, y)];
            cell.draw(&PathElement::new(line, step.colour.stroke_width(2)))?;
        }
        let at = (KEY_LEFT + KEY_WIDTH + 10, y);
        cell.draw(&Text::new("test, of the step", at, text(12.5).pos(FROM)))?;
        Ok(())
    }
}
