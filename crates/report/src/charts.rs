//! Loss and accuracy by epoch: one panel a step, all with the same axes.
//!
//! Twelve curves in one frame would cross too often to be told apart. In its own panel a step shows its two, train and
//! test, and behind them, in grey, the test curves of the other steps, which is what it is to be compared with.
//! The colours are two of M. Okabe and K. Ito's palette, which colour-blind readers can tell apart, and the curves differ
//! in width too. Fonts are named, not measured, so the same results give the same bytes on every machine.

use std::ops::Range;

use anyhow::{Context, Result};
use experiment::{Epoch, RunResult, TARGET_ACCURACY};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::{Document, Inputs};

const WIDTH: u32 = 1080;
const HEADER_HEIGHT: u32 = 84;
const PANEL_HEIGHT: u32 = 290;
const COLUMNS: usize = 3;

const TRAIN: RGBColor = RGBColor(213, 94, 0);
const TEST: RGBColor = RGBColor(0, 114, 178);
const OTHERS: RGBColor = RGBColor(190, 190, 190);
const TARGET: RGBColor = RGBColor(90, 90, 90);
const GRID: RGBColor = RGBColor(235, 235, 235);
const TEXT: RGBColor = RGBColor(30, 30, 30);

/// Below this, test accuracies of the first epochs would press all others together.
const LOWEST_ACCURACY: f64 = 0.97;

/// Losses that may be labelled on a logarithmic axis.
const LOSSES: [f64; 11] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5,
];

/// What a chart shows of an epoch, and along which axis. Heights are as drawn: of a loss, its logarithm.
struct Chart {
    path: &'static str,
    title: &'static str,
    train: fn(&Epoch) -> f64,
    test: fn(&Epoch) -> f64,
    /// Labelled heights, ascending. The first and last are the ends of the axis; what lies beyond is drawn there.
    ticks: Vec<f64>,
    label: fn(&f64) -> String,
    target: Option<f64>,
}

/// Loss by epoch.
pub(crate) fn loss(inputs: &Inputs) -> Result<Document> {
    let drawn = || {
        inputs
            .experiments
            .iter()
            .filter_map(|experiment| inputs.runs(experiment).first().copied())
    };
    let epochs = || drawn().flat_map(|run| &run.epochs);
    let losses = || epochs().flat_map(|epoch| [epoch.train_loss, epoch.test_loss]);
    // The axis has two labels at least.
    let lowest = losses().fold(0.1, f64::min);
    let highest = losses().fold(0.2, f64::max);
    let first = LOSSES.iter().rposition(|loss| *loss <= lowest).unwrap_or(0);
    let last = LOSSES
        .iter()
        .position(|loss| *loss >= highest)
        .unwrap_or(LOSSES.len() - 1);
    let chart = Chart {
        path: "results/curves-loss.svg",
        title: "Cross-entropy by epoch (logarithmic)",
        train: |epoch| epoch.train_loss.log10(),
        test: |epoch| epoch.test_loss.log10(),
        ticks: LOSSES[first..=last]
            .iter()
            .map(|loss| loss.log10())
            .collect(),
        label: |height| {
            format!("{:.3}", 10_f64.powf(*height))
                .trim_end_matches('0')
                .trim_end_matches('.')
                .to_owned()
        },
        target: None,
    };
    chart.document(inputs)
}

/// Accuracy by epoch.
pub(crate) fn accuracy(inputs: &Inputs) -> Result<Document> {
    let chart = Chart {
        path: "results/curves-accuracy.svg",
        title: "Accuracy by epoch",
        train: |epoch| epoch.train_accuracy,
        test: Epoch::test_accuracy,
        ticks: vec![LOWEST_ACCURACY, 0.975, 0.98, 0.985, 0.99, 0.995, 1.0],
        label: |height| {
            let below = if *height <= LOWEST_ACCURACY {
                "≤ "
            } else {
                ""
            };
            format!("{below}{:.1} %", 100.0 * height)
        },
        target: Some(TARGET_ACCURACY),
    };
    chart.document(inputs)
}

impl Chart {
    fn document(&self, inputs: &Inputs) -> Result<Document> {
        let mut svg = String::new();
        self.draw(inputs, &mut svg)
            .with_context(|| format!("cannot draw {}", self.path))?;
        Ok(Document {
            path: self.path.into(),
            content: svg.into_bytes(),
        })
    }

    fn draw(&self, inputs: &Inputs, svg: &mut String) -> Result<()> {
        let rows = inputs.experiments.len().div_ceil(COLUMNS);
        let height = HEADER_HEIGHT + PANEL_HEIGHT * rows as u32;
        let canvas = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
        canvas.fill(&WHITE)?;
        let (header, body) = canvas.split_vertically(HEADER_HEIGHT);
        self.draw_header(&header)?;
        let first_runs: Vec<&RunResult> = inputs
            .experiments
            .iter()
            .filter_map(|experiment| inputs.runs(experiment).first().copied())
            .collect();
        for (experiment, panel) in inputs
            .experiments
            .iter()
            .zip(body.split_evenly((rows, COLUMNS)))
        {
            self.draw_panel(&panel, &experiment.name, &first_runs)?;
        }
        canvas.present()?;
        Ok(())
    }

    /// The title, and what the curves are.
    fn draw_header(&self, header: &DrawingArea<SVGBackend, Shift>) -> Result<()> {
        header.draw(&Text::new(self.title, (20, 14), font(24)))?;
        let mut keys = vec![
            (
                20,
                TRAIN.stroke_width(2),
                "train, as trained on: with dropout and augmentation",
            ),
            (450, TEST.stroke_width(3), "test"),
            (560, OTHERS.stroke_width(2), "test, other steps"),
        ];
        if let Some(target) = self.target {
            header.draw(&Text::new(
                format!("target: {}", (self.label)(&target)),
                (802, 52),
                font(17),
            ))?;
            keys.push((760, TARGET.stroke_width(1), ""));
        }
        for (x, style, name) in keys {
            header.draw(&PathElement::new([(x, 60), (x + 34, 60)], style))?;
            header.draw(&Text::new(name, (x + 42, 52), font(17)))?;
        }
        Ok(())
    }

    fn draw_panel(
        &self,
        panel: &DrawingArea<SVGBackend, Shift>,
        step: &str,
        runs: &[&RunResult],
    ) -> Result<()> {
        let own = runs.iter().find(|run| run.step == step);
        let last_epoch = runs
            .iter()
            .map(|run| run.epochs.len())
            .max()
            .unwrap_or(1)
            .max(2);
        let bottom = self.ticks[0];
        let top = self.ticks[self.ticks.len() - 1];
        let epochs = Axis {
            ticks: epoch_ticks(last_epoch),
            range: 1.0..last_epoch as f64,
        };
        let heights = Axis {
            ticks: self.ticks.clone(),
            range: bottom..top,
        };
        let title = own.map_or_else(
            || format!("{step}: no run yet"),
            |run| format!("{step}, seed {}", run.seed),
        );
        let mut chart = ChartBuilder::on(panel)
            .margin(10)
            .margin_right(22)
            .caption(title, font(19))
            .x_label_area_size(38)
            .y_label_area_size(66)
            .build_cartesian_2d(epochs, heights)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(TARGET)
            .label_style(font(16))
            .axis_desc_style(font(16))
            .x_desc("epoch")
            .x_label_formatter(&|epoch| epoch.to_string())
            .y_label_formatter(&self.label)
            .draw()?;
        let curve = |run: &RunResult, value: fn(&Epoch) -> f64| -> Vec<(f64, f64)> {
            let point = |epoch: &Epoch| (epoch.epoch as f64, value(epoch).clamp(bottom, top));
            run.epochs.iter().map(point).collect()
        };
        for run in runs.iter().filter(|run| run.step != step) {
            chart.draw_series(LineSeries::new(
                curve(run, self.test),
                OTHERS.stroke_width(1),
            ))?;
        }
        if let Some(target) = self.target {
            chart.draw_series(LineSeries::new(
                [(1.0, target), (last_epoch as f64, target)],
                TARGET,
            ))?;
        }
        if let Some(run) = own {
            chart.draw_series(LineSeries::new(
                curve(run, self.train),
                TRAIN.stroke_width(2),
            ))?;
            chart.draw_series(LineSeries::new(curve(run, self.test), TEST.stroke_width(3)))?;
        }
        Ok(())
    }
}

/// A linear axis that is labelled at chosen positions.
struct Axis {
    ticks: Vec<f64>,
    range: Range<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range.clone()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.clone()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// The first epoch and every fifth; every single one if there are only a few.
fn epoch_ticks(last: usize) -> Vec<f64> {
    let labelled = |epoch: &usize| last <= 5 || *epoch == 1 || epoch.is_multiple_of(5);
    (1..=last)
        .filter(labelled)
        .map(|epoch| epoch as f64)
        .collect()
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&TEXT)
}
