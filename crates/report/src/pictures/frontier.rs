//! Accuracy over parameters: the networks of the frontier, beside what others have published.

use anyhow::Result;
use experiment::{Epoch, Experiment, LAST_EPOCHS, RunResult, TARGET_ACCURACY};
use plotters::prelude::*;

use super::axis::{Axis, Frame, Margins, frame};
use super::picture::{Area, MARGIN, Picture};
use super::theme::{AROUND, BACKGROUND, FAINT, FROM, MUTED, TEXT, bold, text};
use crate::evidence::last_epochs;
use crate::inputs::runs_of;
use crate::numbers::{grouped, mean, percent};
use crate::statistics::Sample;
use crate::{Document, Inputs};

const CHART_HEIGHT: u32 = 400;
const MARGINS: Margins = Margins {
    top: 8,
    right: 34,
    bottom: 44,
    left: 72,
};

/// Distance between the lines of the key below the chart.
const KEY_LINE: i32 = 21;

/// A figure that somebody else has published, and how it was come by.
struct Published {
    parameters: usize,
    accuracy: f64,
    what: &'static str,
}

/// Published networks near the frontier.
const PUBLISHED: [Published; 4] = [
    Published {
        parameters: 697,
        accuracy: 0.9903,
        what: "best of about 700 runs",
    },
    Published {
        parameters: 1_936,
        accuracy: 0.9910,
        what: "one run",
    },
    Published {
        parameters: 7_070,
        accuracy: 0.994,
        what: "self-reported, one run",
    },
    Published {
        parameters: 7_918,
        accuracy: 0.9941,
        what: "one seed, lowest epoch",
    },
];

/// What the chart shows of a network.
struct Point {
    parameters: f64,
    /// Of the last epochs of all seeds.
    mean: f64,
    /// Within which the mean over all possible seeds lies; none for one seed.
    interval: Option<(f64, f64)>,
    lowest: f64,
    highest: f64,
}

impl Point {
    fn new(inputs: &Inputs, experiment: &Experiment) -> Result<Option<Self>> {
        let runs: Vec<&RunResult> = runs_of(&inputs.frontier_results, experiment);
        let Some(first) = runs.first() else {
            return Ok(None);
        };
        let of_run = |run: &&RunResult| {
            let epochs = run.last_epochs().iter();
            mean(epochs.map(Epoch::test_accuracy))
        };
        let sample = Sample::new(runs.iter().map(of_run));
        let accuracies = last_epochs(&runs);
        Ok(Some(Self {
            parameters: first.parameters as f64,
            mean: sample.mean,
            interval: sample.interval()?,
            lowest: accuracies.iter().copied().fold(f64::INFINITY, f64::min),
            highest: accuracies.iter().copied().fold(0.0, f64::max),
        }))
    }
}

/// The document, if any network has a run.
pub(crate) fn document(inputs: &Inputs) -> Result<Option<Document>> {
    let mut points = Vec::new();
    for experiment in inputs.frontier {
        points.extend(Point::new(inputs, experiment)?);
    }
    if points.is_empty() {
        return Ok(None);
    }
    let picture = Picture {
        path: "results/frontier.svg",
        title: "Accuracy over parameters".into(),
        notes: vec![format!(
            "Test accuracy in the last {LAST_EPOCHS} epochs of networks of different size, all trained with one recipe."
        )],
    };
    let key_height = KEY_LINE as u32 * (PUBLISHED.len() as u32 + 1) + 20;
    let chart = picture.chart(CHART_HEIGHT + key_height, |area| {
        let (chart, key) = area.split_vertically(CHART_HEIGHT);
        draw_chart(&chart, &points)?;
        draw_key(&key)
    })?;
    Ok(Some(chart))
}

fn draw_chart(area: &Area, points: &[Point]) -> Result<()> {
    let most = points
        .iter()
        .map(|point| point.parameters)
        .fold(8_000.0, f64::max);
    let parameters = Axis {
        range: 0.0..most + 600.0,
        ticks: (0..=most as usize)
            .step_by(1_000)
            .map(|count| (count as f64, grouped(count)))
            .collect(),
    };
    let ends = points.iter().flat_map(|point| {
        let (low, high) = point.interval.unwrap_or((point.mean, point.mean));
        [point.lowest, point.highest, low, high]
    });
    let published = PUBLISHED.iter().map(|published| published.accuracy);
    let accuracies = Axis::accuracies(ends.chain(published).chain([TARGET_ACCURACY]));
    let axes = (parameters.clone(), accuracies);
    let mut frame = frame(area, MARGINS, axes, "trainable parameters")?;
    let target = [0.0, parameters.range.end].map(|count| (count, TARGET_ACCURACY));
    frame.draw_series(LineSeries::new(target, MUTED.stroke_width(2)))?;
    let means = points.iter().map(|point| (point.parameters, point.mean));
    frame.draw_series(LineSeries::new(means, FAINT.stroke_width(2)))?;
    for point in points {
        draw_point(&mut frame, point)?;
    }
    for (published, letter) in PUBLISHED.iter().zip('a'..) {
        let at = (published.parameters as f64, published.accuracy);
        let (x, y) = frame.backend_coord(&at);
        let (left, top) = area.get_base_pixel();
        draw_published(area, (x - left, y - top), letter)?;
    }
    Ok(())
}

/// From lowest to highest as a thin line, the interval as a thick one, and the mean as a dot.
fn draw_point(frame: &mut Frame, point: &Point) -> Result<()> {
    let vertical = |(low, high)| [(point.parameters, low), (point.parameters, high)];
    let whole = vertical((point.lowest, point.highest));
    frame.draw_series(LineSeries::new(whole, TEXT.stroke_width(1)))?;
    if let Some(interval) = point.interval {
        frame.draw_series(LineSeries::new(vertical(interval), TEXT.stroke_width(5)))?;
    }
    let dot = Circle::new((point.parameters, point.mean), 6, TEXT.filled());
    frame.draw_series([dot])?;
    Ok(())
}

fn draw_published(area: &Area, (x, y): (i32, i32), letter: char) -> Result<()> {
    area.draw(&TriangleMarker::new((x, y), 7, MUTED.filled()))?;
    let (x, y) = (x - 17, y + 1);
    // The line of the target must not strike the letter out.
    let behind = [(x - 7, y - 8), (x + 7, y + 9)];
    area.draw(&Rectangle::new(behind, BACKGROUND.filled()))?;
    let style = bold(12.5).pos(AROUND);
    area.draw(&Text::new(letter.to_string(), (x, y), style))?;
    Ok(())
}

/// What the marks are.
fn draw_key(area: &Area) -> Result<()> {
    let left = MARGIN as i32;
    let line = |index: usize| 16 + KEY_LINE * index as i32;
    for (index, what) in [
        "here: mean of the last epochs of all seeds",
        "95 % interval of that mean over the seeds",
        "lowest to highest epoch of any seed",
        "the target",
    ]
    .into_iter()
    .enumerate()
    {
        let y = line(index);
        let bar = |half: i32| [(left + 12, y - half), (left + 12, y + half)];
        match index {
            0 => area.draw(&Circle::new((left + 12, y), 6, TEXT.filled()))?,
            1 => area.draw(&PathElement::new(bar(7), TEXT.stroke_width(5)))?,
            2 => area.draw(&PathElement::new(bar(9), TEXT.stroke_width(1)))?,
            _ => {
                let line = [(left, y), (left + 24, y)];
                area.draw(&PathElement::new(line, MUTED.stroke_width(2)))?;
            }
        }
        area.draw(&Text::new(what, (left + 36, y), text(12.5).pos(FROM)))?;
    }
    let left = 430;
    let heading = "published elsewhere: parameters, accuracy, and what it is";
    area.draw(&TriangleMarker::new((left - 4, line(0)), 7, MUTED.filled()))?;
    area.draw(&Text::new(
        heading,
        (left + 14, line(0)),
        text(12.5).pos(FROM),
    ))?;
    for (index, (published, letter)) in PUBLISHED.iter().zip('a'..).enumerate() {
        let y = line(index + 1);
        area.draw(&Text::new(
            letter.to_string(),
            (left - 8, y),
            bold(12.5).pos(FROM),
        ))?;
        let words = format!(
            "{}, {}: {}",
            grouped(published.parameters),
            percent(published.accuracy),
            published.what
        );
        area.draw(&Text::new(words, (left + 14, y), text(12.5).pos(FROM)))?;
    }
    Ok(())
}
