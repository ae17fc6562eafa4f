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
const HEIGHT: u32 = 330;
const MARGINS: Margins = Margins {
    top: 8,
    right: 228,
    bottom: 42,
    left: 72,
};

/// A step is shown if the mean of its last epochs is at most this far below the target. One that is further away would press
/// together those that are near.
const NEAR: f64 = 0.002;

/// How opaque the band over the seeds is: several lie on one another.
const BAND: f64 = 0.15;

/// Height of a label at the end of a curve, in pixels.
const LABEL_HEIGHT: i32 = 52;

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
        "Test accuracy. Dot: one seed after one epoch. Line: mean over the seeds. Band: lowest to highest seed.".into(),
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
    picture.chart(HEIGHT, |area| draw(area, &shown))
}

fn draw(area: &Area, steps: &[&Step]) -> Result<()> {
    let curves: Vec<_> = steps.iter().map(|step| of_last_epochs(step)).collect();
    let mut frame = frame(area, MARGINS, axes(&curves), "epoch")?;
    let epochs = frame.x_range();
    let target = [epochs.start, epochs.end].map(|epoch| (epoch, TARGET_ACCURACY));
    frame.draw_series(LineSeries::new(target, MUTED.stroke_width(2)))?;
    // What covers most comes first.
    for (step, curve) in steps.iter().zip(&curves) {
        draw_band(&mut frame, step, curve)?;
    }
    for (step, curve) in steps.iter().zip(&curves) {
        let line = curve.iter().map(|it| (it.epoch as f64, it.mean));
        frame.draw_series(LineSeries::new(line, step.colour.stroke_width(3)))?;
    }
    for (index, (step, curve)) in steps.iter().zip(&curves).enumerate() {
        // Side by side, so that the dots of one step do not hide those of another.
        let aside = 0.1 * (index as f64 - (steps.len() - 1) as f64 / 2.0);
        draw_seeds(&mut frame, step, curve, aside)?;
    }
    let end =
        |curve: &Vec<OverSeeds>| frame.backend_coord(&(epochs.end, curve[curve.len() - 1].mean));
    let ends: Vec<(i32, i32)> = curves.iter().map(end).collect();
    let heights: Vec<i32> = ends.iter().map(|(_, y)| *y).collect();
    let (left, top) = area.get_base_pixel();
    let lowest = top + (HEIGHT - MARGINS.bottom) as i32 - LABEL_HEIGHT / 2;
    for ((step, (x, _)), y) in steps.iter().zip(ends).zip(apart(&heights, lowest)) {
        draw_label(area, step, (x - left + 12, y - top))?;
    }
    Ok(())
}

/// What a curve is, beside its end.
fn draw_label(area: &Area, step: &Step, (x, y): (i32, i32)) -> Result<()> {
    let mark = [(x, y - 25), (x + 4, y + 21)];
    area.draw(&Rectangle::new(mark, step.colour.filled()))?;
    let x = x + 12;
    area.draw(&Text::new(step.name, (x, y - 17), bold(13.0).pos(FROM)))?;
    let accuracies = LastEpochs::of(&step.runs);
    let target = short_percent(TARGET_ACCURACY);
    let held = format!(
        "{} of {} dots reach {target}",
        accuracies.held(),
        accuracies.count()
    );
    let on_average = format!("{} on average", percent(accuracies.mean()));
    area.draw(&Text::new(on_average, (x, y - 1), muted(12.0).pos(FROM)))?;
    area.draw(&Text::new(held, (x, y + 14), muted(12.0).pos(FROM)))?;
    Ok(())
}

fn of_last_epochs(step: &Step) -> Vec<OverSeeds> {
    let epochs = over_seeds(&step.runs, Epoch::test_accuracy);
    epochs[epochs.len().saturating_sub(LAST_EPOCHS)..].to_vec()
}

fn axes(curves: &[Vec<OverSeeds>]) -> (Axis, Axis) {
    let all = || curves.iter().flatten();
    let first = all().map(|it| it.epoch).min().unwrap_or(1);
    let last = all().map(|it| it.epoch).max().unwrap_or(1);
    let epochs = Axis {
        range: first as f64 - 0.25..last as f64 + 0.25,
        ticks: (first..=last)
            .map(|epoch| (epoch as f64, epoch.to_string()))
            .collect(),
    };
    let ends = all().flat_map(|it| [it.lowest, it.highest]);
    (epochs, Axis::accuracies(ends.chain([TARGET_ACCURACY])))
}

fn draw_band(frame: &mut Frame, step: &Step, curve: &[OverSeeds]) -> Result<()> {
    if step.runs.len() > 1 {
        let lowest = curve.iter().map(|it| (it.epoch as f64, it.lowest));
        let highest = curve.iter().rev().map(|it| (it.epoch as f64, it.highest));
        let band: Vec<_> = lowest.chain(highest).collect();
        frame.draw_series([Polygon::new(band, step.colour.mix(BAND))])?;
    }
    Ok(())
}

fn draw_seeds(frame: &mut Frame, step: &Step, curve: &[OverSeeds], aside: f64) -> Result<()> {
    let runs = step.runs.iter();
    let epochs = runs.flat_map(|run| {
        run.epochs
            .iter()
            .filter(|epoch| epoch.epoch >= curve[0].epoch)
    });
    let dots = epochs.map(|epoch| (epoch.epoch as f64 + aside, epoch.test_accuracy()));
    let dots: Vec<_> = dots.collect();
    // A rim keeps a dot visible on its own line.
    frame.draw_series(
        dots.iter()
            .map(|at| Circle::new(*at, 4, BACKGROUND.filled())),
    )?;
    frame.draw_series(
        dots.iter()
            .map(|at| Circle::new(*at, 3, step.colour.filled())),
    )?;
    Ok(())
}

/// Positions of labels near where they belong, without overlapping, and none below the lowest.
fn apart(positions: &[i32], lowest: i32) -> Vec<i32> {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_by_key(|index| positions[*index]);
    let mut moved = positions.to_vec();
    let mut least = i32::MIN;
    for index in &order {
        moved[*index] = moved[*index].max(least);
        least = moved[*index] + LABEL_HEIGHT;
    }
    let mut most = lowest;
    for index in order.iter().rev() {
        moved[*index] = moved[*index].min(most);
        most = moved[*index] - LABEL_HEIGHT;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_move_only_where_they_would_overlap_or_leave_the_picture() {
        assert_eq!(apart(&[200, 100], 300), [200, 100]);
        assert_eq!(apart(&[110, 100], 300), [100 + LABEL_HEIGHT, 100]);
        assert_eq!(apart(&[295, 290, 50], 300), [300, 300 - LABEL_HEIGHT, 50]);
    }
}
