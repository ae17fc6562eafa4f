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
use super::key;
use super::picture::{Area, MARGIN, Picture};
use super::steps::{Step, seeds, steps};
use super::theme::{AROUND, FAINT, MUTED, TEXT, bold};
use crate::document::Document;
use crate::format::short_percent;
use crate::inputs::Inputs;
use crate::numbers::over_seeds::{OverSeeds, over_seeds};

const COLUMNS: usize = 3;
const PANEL_HEIGHT: u32 = 244;
const MARGINS: Margins = Margins {
    top: 34,
    right: 16,
    bottom: 40,
    left: 60,
};

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
        let rows = steps.len().div_ceil(COLUMNS);
        picture.chart(key::HEIGHT + PANEL_HEIGHT * rows as u32, |area| {
            let (key, panels) = area.split_vertically(key::HEIGHT);
            self.draw_key(&key, steps)?;
            let cells = panels.split_evenly((rows, COLUMNS));
            for (step, cell) in steps.iter().zip(&cells) {
                self.draw_panel(cell, step, steps)?;
            }
            Ok(())
        })
    }

    fn draw_panel(&self, cell: &Area, step: &Step, steps: &[Step]) -> Result<()> {
        let (width, _) = cell.dim_in_pixel();
        let middle = (MARGINS.left + width - MARGINS.right) as i32 / 2;
        cell.draw(&Text::new(step.name, (middle, 21), bold(12.5).pos(AROUND)))?;
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

    /// What the curves are, in one line.
    fn draw_key(&self, area: &Area, steps: &[Step]) -> Result<()> {
        let mut lines = vec![("test, other steps".to_owned(), FAINT.stroke_width(1))];
        if self.train.is_some() {
            lines.insert(0, ("train".into(), TEXT.stroke_width(1)));
        }
        if let Some(target) = self.target {
            let target = format!("{}, the target", short_percent(target));
            lines.insert(0, (target, MUTED.stroke_width(1)));
        }
        let left = MARGIN as i32;
        for (from, to, colour) in key::in_colours(steps, left) {
            let band = [(from, key::MIDDLE - 8), (to, key::MIDDLE + 8)];
            area.draw(&Rectangle::new(band, colour.mix(BAND).filled()))?;
            let line = [(from, key::MIDDLE), (to, key::MIDDLE)];
            area.draw(&PathElement::new(line, colour.stroke_width(2)))?;
        }
        let mut x = key::words(area, "test, of the step", left)?;
        for (words, style) in lines {
            let line = [(x, key::MIDDLE), (x + key::SAMPLE, key::MIDDLE)];
            area.draw(&PathElement::new(line, style))?;
            x = key::words(area, &words, x)?;
        }
        Ok(())
    }
}
