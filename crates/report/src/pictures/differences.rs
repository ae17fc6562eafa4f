//! What each step brought: its difference to the step before, with the interval.

use anyhow::Result;
use plotters::prelude::*;

use super::axis::{Axis, Margins, frame};
use super::picture::{Area, MARGIN, Picture};
use super::steps::{Step, steps};
use super::theme::{BACKGROUND, FROM, MUTED, bold, muted, text};
use crate::document::Document;
use crate::format::{interval, points};
use crate::inputs::Inputs;
use crate::numbers::comparisons::with_the_step_before;
use crate::numbers::statistics::{Comparison, Verdict};

const FILE: &str = "differences.svg";
const ROW_HEIGHT: u32 = 44;
const MARGINS: Margins = Margins {
    top: 6,
    right: 270,
    bottom: 44,
    left: 170,
};

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
    let height = MARGINS.top + ROW_HEIGHT * rows.len() as u32 + MARGINS.bottom;
    picture.chart(height, |area| draw(area, &rows))
}

fn draw(area: &Area, rows: &[(Step, Comparison)]) -> Result<()> {
    let ends = rows.iter().flat_map(|(_, comparison)| {
        let (low, high) = comparison.interval.unwrap_or_default();
        [low, high, comparison.difference, 0.0, 0.001, -0.001]
    });
    let differences = axis(ends.collect());
    let rows_axis = Axis {
        range: rows.len() as f64..0.0,
        ticks: Vec::new(),
    };
    let axes = (differences.clone(), rows_axis);
    let mut frame = frame(
        area,
        MARGINS,
        axes,
        "worse  ←  difference (points)  →  better",
    )?;
    let zero = [(0.0, 0.0), (0.0, rows.len() as f64)];
    frame.draw_series(LineSeries::new(zero, MUTED.stroke_width(2)))?;
    let (left, top) = area.get_base_pixel();
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
        let (right, y) = frame.backend_coord(&(differences.range.end, y));
        draw_words(area, step, comparison, (right - left, y - top))?;
    }
    Ok(())
}

/// The step's name on the left, and the numbers on the right of the chart.
fn draw_words(
    area: &Area,
    step: &Step,
    comparison: &Comparison,
    (right, y): (i32, i32),
) -> Result<()> {
    let name = Text::new(step.name, (MARGIN as i32, y), text(12.5).pos(FROM));
    area.draw(&name)?;
    let verdict = comparison.verdict();
    let style = match verdict {
        Verdict::NoDifferenceShown => text(12.5),
        Verdict::Better | Verdict::Worse => bold(12.5),
    };
    let x = right + 20;
    let first = format!("{}: {}", points(comparison.difference), verdict.words());
    let first = with_minus(&first);
    area.draw(&Text::new(first, (x, y - 8), style.pos(FROM)))?;
    let second = with_minus(&format!("95 % interval: {}", interval(comparison.interval)));
    area.draw(&Text::new(second, (x, y + 9), muted(12.0).pos(FROM)))?;
    Ok(())
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

/// The same numbers with the sign that is as wide as a plus.
fn with_minus(numbers: &str) -> String {
    numbers.replace('-', "−")
}
