//! What each step brought: its difference to the step before, with the interval.

use anyhow::Result;
use plotters::prelude::*;

use super::axis::Axis;
use super::picture::{Area, Picture};
use super::rows::{self, with_minus};
use super::steps::{Step, steps};
use super::theme::{BACKGROUND, MUTED, bold, text};
use crate::document::Document;
use crate::format::{interval, points};
use crate::inputs::Inputs;
use crate::numbers::comparisons::with_the_step_before;
use crate::numbers::statistics::{Comparison, Verdict};

const FILE: &str = "differences.svg";

/// Distances between labels that there may be, in hundredths of a point.
const DISTANCES: [i32; 7] = [5, 10, 20, 50, 100, 200, 500];

/// Labels of the axis, at most.
const MOST_LABELS: f64 = 10.0;

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let mut rows = Vec::new();
    for (index, step) in steps(inputs).into_iter().enumerate() {
        if let Some(comparison) = with_the_step_before(inputs, index)? {
            rows.push((step, comparison));
        }
    }
    let mut picture = Picture {
        file: FILE,
        title: "What each step brought".into(),
        notes: vec![
            "Test accuracy minus that of the step before, in points: mean, and 95 % interval over the seeds.".into(),
            "Filled: a difference is shown, whatever the luck of seeds and images. Hollow: none is.".into(),
        ],
    };
    if rows.is_empty() {
        picture.notes = vec!["No two neighbouring steps have a run yet.".into()];
        return Ok(picture.figure(0, svg::node::element::Group::new()));
    }
    picture.chart(rows::height(rows.len()), |area| draw(area, &rows))
}

fn draw(area: &Area, rows: &[(Step, Comparison)]) -> Result<()> {
    let ends = rows.iter().flat_map(|(_, comparison)| {
        let (low, high) = comparison.interval.unwrap_or_default();
        [low, high, comparison.difference, 0.0, 0.001, -0.001]
    });
    let differences = axis(ends.collect());
    let below = "worse  ←  difference (points)  →  better";
    let mut frame = rows::frame(area, differences.clone(), rows.len(), below)?;
    let zero = [(0.0, 0.0), (0.0, rows.len() as f64)];
    frame.draw_series(LineSeries::new(zero, MUTED.stroke_width(2)))?;
    for (row, (step, comparison)) in rows.iter().enumerate() {
        let y = row as f64 + 0.5;
        let at = |difference: f64| (differences.clamp(difference), y);
        if let Some((low, high)) = comparison.interval {
            let style = step.colour.stroke_width(4);
            frame.draw_series(LineSeries::new([at(low), at(high)], style))?;
        }
        let mean = at(comparison.difference);
        frame.draw_series([Circle::new(mean, 8, step.colour.filled())])?;
        if comparison.verdict() == Verdict::NoDifferenceShown {
            frame.draw_series([Circle::new(mean, 5, BACKGROUND.filled())])?;
        }
        draw_words(area, row, step, comparison)?;
    }
    Ok(())
}

/// The step's name on the left, and the numbers on the right of the chart.
fn draw_words(area: &Area, row: usize, step: &Step, comparison: &Comparison) -> Result<()> {
    let verdict = comparison.verdict();
    let style = match verdict {
        Verdict::NoDifferenceShown => text(12.5),
        Verdict::Better | Verdict::Worse => bold(12.5),
    };
    let first = format!("{}: {}", points(comparison.difference), verdict.words());
    let second = format!("95 % interval: {}", interval(comparison.interval));
    rows::words(area, row, step.name, (&first, style), &second)
}

/// The axis of some differences, with labels at round ones.
fn axis(differences: Vec<f64>) -> Axis {
    let highest = differences.iter().copied().fold(0.0, f64::max);
    let lowest = differences.iter().copied().fold(0.0, f64::min);
    let fits = |distance: &i32| 1e4 * (highest - lowest) <= MOST_LABELS * f64::from(*distance);
    let distance = DISTANCES.into_iter().find(fits).unwrap_or(1_000);
    let ticks = (-10_000 / distance..=10_000 / distance).map(|tick| {
        let points = f64::from(tick * distance) / 100.0;
        (points / 100.0, label(points))
    });
    Axis::around(differences.into_iter(), ticks)
}

fn label(points: f64) -> String {
    if points == 0.0 {
        return "0".into();
    }
    with_minus(&format!("{points:+}"))
}
