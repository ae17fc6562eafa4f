//! How far training and test accuracy are apart in each step, after the last epoch: a dumbbell a step.

use anyhow::Result;
use evidence::Record;
use plotters::prelude::*;

use super::axis::{Axis, Frame};
use super::key;
use super::picture::{Area, MARGIN, Picture};
use super::rows;
use super::steps::{Step, steps};
use super::theme::{BACKGROUND, TEXT, bold};
use crate::document::Document;
use crate::format::{mean_and_deviation, points};
use crate::inputs::Inputs;
use crate::numbers::statistics::Sample;

/// How far above or below the means the dots of the seeds are, in rows.
const ASIDE: f64 = 0.24;

/// How opaque the line of a dumbbell and the dots of the seeds are.
const LINE: f64 = 0.5;
const SEED: f64 = 0.5;

/// One end of a dumbbell.
struct End {
    accuracy: fn(&Record) -> f64,
    /// Where the dots of the seeds are, in rows from the middle.
    aside: f64,
}

/// The accuracy on the training images as they are.
const TRAIN: End = End {
    accuracy: |run| run.train.accuracy(),
    aside: -ASIDE,
};
const TEST: End = End {
    accuracy: |run| run.last().test_accuracy(),
    aside: ASIDE,
};

impl End {
    fn over_seeds(&self, step: &Step) -> Sample {
        Sample::new(step.runs.iter().map(|run| (self.accuracy)(run)))
    }
}

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let mut steps = steps(inputs);
    steps.retain(|step| !step.runs.is_empty());
    let mut picture = Picture {
        file: "gap.svg",
        title: "Training and test accuracy".into(),
        notes: vec!["No run is recorded yet.".into()],
    };
    if steps.is_empty() {
        return Ok(picture.figure(0, svg::node::element::Group::new()));
    }
    picture.notes = vec![
        "After the last epoch, on images as they are. Large dots: means. Small dots: the seeds, training images above, test images below.".into(),
        "On the right: training minus test accuracy, and below it both, training first, as mean ± standard deviation over the seeds.".into(),
    ];
    picture.chart(key::HEIGHT + rows::height(steps.len()), |area| {
        let (key, chart) = area.split_vertically(key::HEIGHT);
        draw_key(&key, &steps)?;
        draw(&chart, &steps)
    })
}

fn draw(area: &Area, steps: &[Step]) -> Result<()> {
    let runs = steps.iter().flat_map(|step| &step.runs);
    let ends = runs.flat_map(|run| [TRAIN, TEST].map(|end| (end.accuracy)(run)));
    let axis = Axis::accuracies(ends);
    let mut frame = rows::frame(area, axis, steps.len(), "accuracy")?;
    for (row, step) in steps.iter().enumerate() {
        let [train, test] = [TRAIN, TEST].map(|end| end.over_seeds(step));
        let y = row as f64 + 0.5;
        let line = [(train.mean, y), (test.mean, y)];
        frame.draw_series(LineSeries::new(line, step.colour.mix(LINE).stroke_width(4)))?;
        draw_end(&mut frame, step, &TRAIN, y, TEXT)?;
        draw_end(&mut frame, step, &TEST, y, step.colour)?;
        let apart = format!("{} points", points(train.mean - test.mean));
        let [train, test] = [train, test].map(|end| mean_and_deviation(&end));
        let both = format!("{train}, {test}");
        rows::words(area, row, step.name, (&apart, bold(12.5)), &both)?;
    }
    Ok(())
}

/// The mean and the seeds of one end, at that height.
fn draw_end(frame: &mut Frame, step: &Step, end: &End, y: f64, colour: RGBColor) -> Result<()> {
    let runs = step.runs.iter();
    let dots = runs.map(|run| ((end.accuracy)(run), y + end.aside));
    frame.draw_series(dots.map(|at| Circle::new(at, 3, colour.mix(SEED).filled())))?;
    let mean = (end.over_seeds(step).mean, y);
    // A rim keeps the two apart.
    for (radius, colour) in [(7, BACKGROUND), (6, colour)] {
        frame.draw_series([Circle::new(mean, radius, colour.filled())])?;
    }
    Ok(())
}

fn draw_key(area: &Area, steps: &[Step]) -> Result<()> {
    let mut x = MARGIN as i32;
    let middle = (x + key::SAMPLE / 2, key::MIDDLE);
    area.draw(&Circle::new(middle, 6, TEXT.filled()))?;
    x = key::words(area, "training images", x)?;
    for (from, to, colour) in key::in_colours(steps, x) {
        let middle = ((from + to) / 2, key::MIDDLE);
        area.draw(&Circle::new(middle, 3, colour.filled()))?;
    }
    key::words(area, "test images, in the step's colour", x)?;
    Ok(())
}
