//! The last epochs, close to the target: who holds it, and in how many of them.

use anyhow::Result;
use evidence::{Epoch, LAST_EPOCHS, TARGET_ACCURACY};
use plotters::prelude::*;

use super::axis::{Axis, Frame, Margins, frame};
use super::picture::{Area, Picture};
use super::steps::{Step, steps};
use super::theme::{BACKGROUND, FROM, MUTED, bold, muted};
use crate::document::Document;
use crate::format::{percent, short_percent};
use crate::inputs::Inputs;
use crate::numbers::accuracies::LastEpochs;
use crate::numbers::over_seeds::{OverSeeds, over_seeds};

const FILE: &str = "last-epochs.svg";
/// Panels in a row, at most.
const COLUMNS: usize = 3;
const PANEL_HEIGHT: u32 = 330;
const MARGINS: Margins = Margins {
    top: 52,
    right: 16,
    bottom: 42,
    left: 72,
};

/// A step is shown if the mean of its last epochs is at most this far below the target. One that is further away would press
/// together those that are near.
const NEAR: f64 = 0.002;

/// Share of an epoch's width that its dots take.
const DOTS: f64 = 0.6;

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let steps: Vec<Step> = steps(inputs)
        .into_iter()
        .filter(|step| !step.runs.is_empty())
        .collect();
    let mut picture = Picture {
        file: FILE,
        title: format!("The last {LAST_EPOCHS} epochs"),
        notes: vec!["No run is recorded yet.".into()],
    };
    let Some(last) = steps.last() else {
        return Ok(picture.figure(0, svg::node::element::Group::new()));
    };
    let lowest_shown = TARGET_ACCURACY - NEAR;
    let is_shown =
        |step: &Step| step.name == last.name || LastEpochs::of(&step.runs).mean() >= lowest_shown;
    let (shown, left_out): (Vec<&Step>, Vec<&Step>) = steps.iter().partition(|step| is_shown(step));
    picture.title += &format!(", around {}", short_percent(TARGET_ACCURACY));
    picture.notes = vec![
        "Test accuracy. Dot: one seed after one epoch, the seeds of an epoch side by side. Bar: their mean. Line: the target.".into(),
    ];
    if !left_out.is_empty() {
        let names = left_out
            .iter()
            .map(|step| step.name.trim_start_matches("step-"));
        picture.notes.push(format!(
            "Not shown, for they are more than {:.1} points below: {}.",
            100.0 * NEAR,
            names.collect::<Vec<_>>().join(", ")
        ));
    }
    let rows = shown.len().div_ceil(COLUMNS);
    picture.chart(PANEL_HEIGHT * rows as u32, |area| {
        let axes = axes(&shown);
        let cells = area.split_evenly((rows, shown.len().min(COLUMNS)));
        for (step, cell) in shown.iter().zip(&cells) {
            draw_panel(cell, step, &axes)?;
        }
        Ok(())
    })
}

fn draw_panel(cell: &Area, step: &Step, axes: &(Axis, Axis)) -> Result<()> {
    let accuracies = LastEpochs::of(&step.runs);
    let words = format!(
        "{} on average; {} of {} dots reach {}",
        percent(accuracies.mean()),
        accuracies.held(),
        accuracies.count(),
        short_percent(TARGET_ACCURACY)
    );
    let left = MARGINS.left as i32;
    cell.draw(&Text::new(step.name, (left, 14), bold(13.0).pos(FROM)))?;
    cell.draw(&Text::new(words, (left, 34), muted(12.0).pos(FROM)))?;
    let mut frame = frame(cell, MARGINS, axes.clone(), "epoch")?;
    let epochs = frame.x_range();
    let target = [epochs.start, epochs.end].map(|epoch| (epoch, TARGET_ACCURACY));
    frame.draw_series(LineSeries::new(target, MUTED.stroke_width(2)))?;
    for it in of_last_epochs(step) {
        let mean = [-0.5, 0.5].map(|end| (it.epoch as f64 + end * (DOTS + 0.2), it.mean));
        frame.draw_series(LineSeries::new(mean, step.colour.mix(0.6).stroke_width(4)))?;
        draw_seeds(&mut frame, step, it.epoch)?;
    }
    Ok(())
}

/// The seeds after an epoch, side by side.
fn draw_seeds(frame: &mut Frame, step: &Step, epoch: usize) -> Result<()> {
    let runs = step.runs.iter().enumerate();
    let between = DOTS / step.runs.len() as f64;
    let dots = runs.filter_map(|(index, run)| {
        let accuracy = run.epochs.get(epoch - 1)?.test_accuracy();
        let aside = between * (index as f64 + 0.5) - DOTS / 2.0;
        Some((epoch as f64 + aside, accuracy))
    });
    for at in dots {
        // A rim keeps it apart from others.
        frame.draw_series([Circle::new(at, 4, BACKGROUND.filled())])?;
        frame.draw_series([Circle::new(at, 3, step.colour.filled())])?;
    }
    Ok(())
}

fn of_last_epochs(step: &Step) -> Vec<OverSeeds> {
    let epochs = over_seeds(&step.runs, Epoch::test_accuracy);
    epochs[epochs.len().saturating_sub(LAST_EPOCHS)..].to_vec()
}

/// The same for all panels.
fn axes(steps: &[&Step]) -> (Axis, Axis) {
    let all: Vec<OverSeeds> = steps.iter().flat_map(|it| of_last_epochs(it)).collect();
    let first = all.iter().map(|it| it.epoch).min().unwrap_or(1);
    let last = all.iter().map(|it| it.epoch).max().unwrap_or(1);
    let epochs = Axis {
        range: first as f64 - 0.5..last as f64 + 0.5,
        ticks: (first..=last)
            .map(|epoch| (epoch as f64, epoch.to_string()))
            .collect(),
    };
    let ends = all.iter().flat_map(|it| [it.lowest, it.highest]);
    (epochs, Axis::accuracies(ends.chain([TARGET_ACCURACY])))
}
