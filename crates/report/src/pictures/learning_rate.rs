//! The learning rate by epoch, as recorded: on a linear axis, which shows the shape of a schedule, and on a logarithmic one,
//! which shows how low it ends.

use anyhow::Result;
use plotters::prelude::*;

use super::axis::{Axis, Margins, frame};
use super::key;
use super::picture::{Area, MARGIN, Picture};
use super::steps::{Step, steps};
use super::theme::{FROM, muted};
use crate::document::Document;
use crate::inputs::Inputs;

const CHART_HEIGHT: u32 = 280;
const MARGINS: Margins = Margins {
    top: 30,
    right: 16,
    bottom: 42,
    left: 62,
};

/// Rates that may be labelled.
const LINEAR: [f64; 9] = [0.0, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.5, 1.0];
const LOGARITHMIC: [f64; 7] = [1e-6, 1e-5, 1e-4, 0.001, 0.01, 0.1, 1.0];

/// A rate that is zero is drawn at this height of a logarithmic axis.
const LOWEST: f64 = 1e-7;

/// The rates of neighbouring steps that have the same in every epoch.
struct Schedule {
    name: String,
    colour: RGBColor,
    rates: Vec<f64>,
}

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let mut steps = steps(inputs);
    steps.retain(|step| !step.runs.is_empty());
    let mut picture = Picture {
        file: "learning-rate.svg",
        title: "Learning rate by epoch".into(),
        notes: vec!["No run is recorded yet.".into()],
    };
    if steps.is_empty() {
        return Ok(picture.figure(0, svg::node::element::Group::new()));
    }
    picture.notes = vec!["Dots: the rate of the last training step of each epoch, which is the same with every seed.".into()];
    let schedules: Vec<Schedule> = steps
        .chunk_by(|a, b| rates(a) == rates(b))
        .map(Schedule::of)
        .collect();
    picture.chart(key::HEIGHT + CHART_HEIGHT, |area| {
        let (key, chart) = area.split_vertically(key::HEIGHT);
        draw_key(&key, &schedules)?;
        let cells = chart.split_evenly((1, 2));
        draw(&cells[0], &schedules, "linear", &LINEAR, |rate| rate)?;
        let logarithm = |rate: f64| rate.max(LOWEST).log10();
        draw(
            &cells[1],
            &schedules,
            "logarithmic",
            &LOGARITHMIC,
            logarithm,
        )
    })
}

/// The rate of each epoch.
fn rates(step: &Step) -> Vec<f64> {
    let epochs = step.runs[0].epochs.iter();
    epochs.map(|epoch| epoch.learning_rate).collect()
}

impl Schedule {
    fn of(steps: &[Step]) -> Self {
        let last = &steps[steps.len() - 1];
        let name = match steps {
            [only] => only.name.to_owned(),
            _ => format!("{} to {}", steps[0].name, last.name),
        };
        Self {
            name,
            colour: last.colour,
            rates: rates(last),
        }
    }
}

fn draw(
    cell: &Area,
    schedules: &[Schedule],
    words: &str,
    labelled: &[f64],
    height: impl Fn(f64) -> f64,
) -> Result<()> {
    let at = (MARGINS.left as i32, 14);
    cell.draw(&Text::new(
        format!("on a {words} axis"),
        at,
        muted(12.5).pos(FROM),
    ))?;
    let all = || schedules.iter().flat_map(|it| &it.rates);
    let highest = all().copied().fold(0.01, f64::max);
    let ticks = labelled
        .iter()
        .map(|rate| (height(*rate), rate.to_string()));
    let heights = all().chain([&highest]).map(|rate| height(*rate));
    let heights = Axis::around(heights, ticks);
    let epochs = schedules.iter().map(|it| it.rates.len()).max();
    let axes = (Axis::epochs(epochs.unwrap_or(1)), heights);
    let mut frame = frame(cell, MARGINS, axes, "epoch")?;
    for Schedule { colour, rates, .. } in schedules {
        let epochs = (1..).map(|epoch| epoch as f64);
        let points: Vec<_> = epochs.zip(rates.iter().map(|rate| height(*rate))).collect();
        frame.draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?;
    }
    Ok(())
}

fn draw_key(area: &Area, schedules: &[Schedule]) -> Result<()> {
    let mut x = MARGIN as i32;
    for Schedule { name, colour, .. } in schedules {
        let line = [(x, key::MIDDLE), (x + key::SAMPLE, key::MIDDLE)];
        area.draw(&PathElement::new(line, colour.stroke_width(2)))?;
        x = key::words(area, name, x)?;
    }
    Ok(())
}
