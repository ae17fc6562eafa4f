//! Accuracy over parameters: the networks of the frontier, beside what others have published.

use anyhow::Result;
use experiment::{Epoch, LAST_EPOCHS, Recipe, RunResult, TARGET_ACCURACY};
use plotters::prelude::*;

use super::axis::{Axis, Frame, Margins, frame};
use super::picture::{Area, MARGIN, Picture};
use super::theme::{AROUND, BACKGROUND, FROM, MUTED, STEPS, TEXT, bold, text};
use crate::evidence::last_epochs;
use crate::frontier::networks;
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

/// Distance between points of the same size, in parameters.
const BESIDE: f64 = 110.0;

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

/// How networks are trained, but for what all have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Dropout,
    Teacher,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Plain, Self::Dropout, Self::Teacher];

    fn of(recipe: &Recipe) -> Self {
        match (&recipe.distillation, recipe.dropout) {
            (Some(_), _) => Self::Teacher,
            (None, 0.0) => Self::Plain,
            (None, _) => Self::Dropout,
        }
    }

    fn colour(self) -> RGBColor {
        match self {
            Self::Plain => STEPS[4],
            Self::Dropout => STEPS[5],
            Self::Teacher => STEPS[7],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Plain => "without dropout: mean of the last epochs",
            Self::Dropout => "with dropout, as in steps 6 and 7",
            Self::Teacher => "with dropout and a teacher, as in step 8",
        }
    }
}

/// What the chart shows of a network.
struct Point {
    kind: Kind,
    parameters: f64,
    /// Where it is drawn: at its parameters, or beside others of the same size.
    x: f64,
    /// Of the last epochs of all seeds.
    mean: f64,
    /// Within which the mean over all possible seeds lies; none for one seed.
    interval: Option<(f64, f64)>,
    lowest: f64,
    highest: f64,
}

impl Point {
    /// A network of these runs, at least one.
    fn new(runs: &[&RunResult]) -> Result<Self> {
        let of_run = |run: &&RunResult| {
            let epochs = run.last_epochs().iter();
            mean(epochs.map(Epoch::test_accuracy))
        };
        let sample = Sample::new(runs.iter().map(of_run));
        let accuracies = last_epochs(runs);
        Ok(Self {
            kind: Kind::of(&runs[0].recipe),
            parameters: runs[0].parameters as f64,
            x: runs[0].parameters as f64,
            mean: sample.mean,
            interval: sample.interval()?,
            lowest: accuracies.iter().copied().fold(f64::INFINITY, f64::min),
            highest: accuracies.iter().copied().fold(0.0, f64::max),
        })
    }
}

/// The document, if any network has a run.
pub(crate) fn document(inputs: &Inputs) -> Result<Option<Document>> {
    let mut points = networks(inputs)
        .iter()
        .map(|(_, runs)| Point::new(runs))
        .collect::<Result<Vec<_>>>()?;
    spread(&mut points);
    if points.is_empty() {
        return Ok(None);
    }
    let picture = Picture {
        path: "results/frontier.svg",
        title: "Accuracy over parameters".into(),
        notes: vec![format!(
            "Test accuracy in the last {LAST_EPOCHS} epochs of networks of different size. All have the learning rates and the augmentation of step 6."
        )],
    };
    let key_height = KEY_LINE as u32 * (PUBLISHED.len() as u32 + 2) + 20;
    let chart = picture.chart(CHART_HEIGHT + key_height, |area| {
        let (chart, key) = area.split_vertically(CHART_HEIGHT);
        draw_chart(&chart, &points)?;
        draw_key(&key)
    })?;
    Ok(Some(chart))
}

/// Points of the same size side by side.
fn spread(points: &mut [Point]) {
    for alike in points.chunk_by_mut(|a, b| a.parameters == b.parameters) {
        let middle = (alike.len() - 1) as f64 / 2.0;
        for (index, point) in alike.iter_mut().enumerate() {
            point.x += BESIDE * (index as f64 - middle);
        }
    }
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
    for kind in Kind::ALL {
        let of_kind = points.iter().filter(|point| point.kind == kind);
        let means = of_kind.map(|point| (point.x, point.mean));
        let style = kind.colour().mix(0.4).stroke_width(2);
        frame.draw_series(LineSeries::new(means, style))?;
    }
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
    let colour = point.kind.colour();
    let vertical = |(low, high)| [(point.x, low), (point.x, high)];
    let whole = vertical((point.lowest, point.highest));
    frame.draw_series(LineSeries::new(whole, colour.stroke_width(1)))?;
    if let Some(interval) = point.interval {
        frame.draw_series(LineSeries::new(vertical(interval), colour.stroke_width(5)))?;
    }
    let dot = Circle::new((point.x, point.mean), 6, colour.filled());
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
    let words = |y, what| area.draw(&Text::new(what, (left + 36, y), text(12.5).pos(FROM)));
    for (index, kind) in Kind::ALL.into_iter().enumerate() {
        let at = (left + 12, line(index));
        area.draw(&Circle::new(at, 6, kind.colour().filled()))?;
        words(line(index), kind.words())?;
    }
    let marks = [
        (7, 5, "95 % interval of that mean over the seeds"),
        (9, 1, "lowest to highest epoch of any seed"),
    ];
    for (index, (half, width, what)) in (Kind::ALL.len()..).zip(marks) {
        let y = line(index);
        let bar = [(left + 12, y - half), (left + 12, y + half)];
        area.draw(&PathElement::new(bar, TEXT.stroke_width(width)))?;
        words(y, what)?;
    }
    let y = line(Kind::ALL.len() + marks.len());
    let target = [(left, y), (left + 24, y)];
    area.draw(&PathElement::new(target, MUTED.stroke_width(2)))?;
    words(y, "the target")?;
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
