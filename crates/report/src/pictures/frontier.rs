//! Accuracy over parameters: the networks of the frontier, beside what others have published.

use anyhow::Result;
use evidence::{LAST_EPOCHS, TARGET_ACCURACY};
use experiment::Recipe;
use plotters::prelude::*;

use super::axis::{Axis, Frame, Margins, frame};
use super::picture::{Area, MARGIN, Picture};
use super::theme::{AROUND, BACKGROUND, FROM, MUTED, STEPS, TEXT, bold, text};
use crate::document::Document;
use crate::format::{grouped, percent};
use crate::inputs::Inputs;
use crate::numbers::accuracies::LastEpochs;
use crate::numbers::frontier::{Network, first_alike, networks};
use crate::numbers::statistics::Sample;

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
enum Training {
    Plain,
    Dropout,
    Teacher,
}

impl Training {
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
            Self::Plain => "without dropout",
            Self::Dropout => "with dropout",
            Self::Teacher => "with a teacher",
        }
    }
}

/// What the chart shows of a network.
struct Point {
    training: Training,
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
    fn new(network: &Network) -> Result<Self> {
        let sample = Sample::of_runs(&network.runs);
        let accuracies = LastEpochs::of(&network.runs);
        Ok(Self {
            training: Training::of(&network.experiment.recipe),
            parameters: network.parameters() as f64,
            x: network.parameters() as f64,
            mean: sample.mean,
            interval: sample.interval()?,
            lowest: accuracies.lowest(),
            highest: accuracies.highest(),
        })
    }
}

/// The document, if any network has a run.
pub(crate) fn document(inputs: &Inputs) -> Result<Option<Document>> {
    let networks = networks(inputs);
    if networks.is_empty() {
        return Ok(None);
    }
    let mut points = networks
        .iter()
        .map(Point::new)
        .collect::<Result<Vec<_>>>()?;
    spread(&mut points);
    let alike = first_alike(inputs, &networks).map_or_else(String::new, |step| {
        format!(" All have the learning rates and the augmentation of step {step}.")
    });
    let picture = Picture {
        file: "frontier.svg",
        title: "Accuracy over parameters".into(),
        notes: vec![format!(
            "Dots: mean test accuracy over the last {LAST_EPOCHS} epochs.{alike}"
        )],
    };
    let key_height = KEY_LINE as u32 * (PUBLISHED.len() as u32 + 2) + 20;
    let chart = picture.chart(CHART_HEIGHT + key_height, |area| {
        let (chart, key) = area.split_vertically(CHART_HEIGHT);
        draw_chart(&chart, &points)?;
        draw_key(&key, &networks)
    })?;
    Ok(Some(chart))
}

/// How networks are trained, with the steps among them: `with dropout, as in steps 6 and 7`.
fn key(training: Training, networks: &[Network]) -> String {
    let networks = networks.iter();
    let alike = networks.filter(|it| Training::of(&it.experiment.recipe) == training);
    let mut steps: Vec<usize> = alike.filter_map(|network| network.step).collect();
    steps.sort_unstable();
    let steps: Vec<String> = steps.iter().map(usize::to_string).collect();
    let words = training.words();
    match steps.as_slice() {
        [] => words.into(),
        [step] => format!("{words}, as in step {step}"),
        [first @ .., last] => format!("{words}, as in steps {} and {last}", first.join(", ")),
    }
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
    for training in Training::ALL {
        let alike = points.iter().filter(|point| point.training == training);
        let means = alike.map(|point| (point.x, point.mean));
        let style = training.colour().mix(0.4).stroke_width(2);
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
    let colour = point.training.colour();
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
fn draw_key(area: &Area, networks: &[Network]) -> Result<()> {
    let left = MARGIN as i32;
    let line = |index: usize| 16 + KEY_LINE * index as i32;
    let words = |y, what: &str| {
        let at = (left + 36, y);
        area.draw(&Text::new(what.to_owned(), at, text(12.5).pos(FROM)))
    };
    for (index, training) in Training::ALL.into_iter().enumerate() {
        let at = (left + 12, line(index));
        area.draw(&Circle::new(at, 6, training.colour().filled()))?;
        words(line(index), &key(training, networks))?;
    }
    let marks = [
        (7, 5, "95 % interval of the mean over the seeds"),
        (9, 1, "lowest to highest epoch of any seed"),
    ];
    for (index, (half, width, what)) in (Training::ALL.len()..).zip(marks) {
        let y = line(index);
        let bar = [(left + 12, y - half), (left + 12, y + half)];
        area.draw(&PathElement::new(bar, TEXT.stroke_width(width)))?;
        words(y, what)?;
    }
    let y = line(Training::ALL.len() + marks.len());
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
