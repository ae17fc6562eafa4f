//! `results/gallery.svg`: the test digits that the last step gets wrong, those first that most of its seeds get wrong.

use std::collections::BTreeMap;

use experiment::RunResult;
use inference::most_probable;
use mnist::DISPUTED_TEST_IMAGES;
use svg::node::element::{Group, Rectangle};

use super::ink::ink;
use super::picture::{MARGIN, Picture, WIDTH, label};
use super::theme::{MUTED, TEXT, name};
use crate::{Document, Inputs};

const PATH: &str = "results/gallery.svg";

/// Digits in a row.
const COLUMNS: usize = 10;
/// Height and width that a pixel is drawn with.
const SCALE: u32 = 2;
const SIDE: u32 = mnist::IMAGE_SIDE as u32 * SCALE;
const CELL_WIDTH: u32 = (WIDTH - 2 * MARGIN) / COLUMNS as u32;
const CELL_HEIGHT: u32 = 108;
const HEADING_HEIGHT: u32 = 34;
/// Between a digit and the frame of one with a disputed label.
const FRAME_MARGIN: u32 = 3;

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Document {
    let last = inputs.experiments.last();
    let runs = last.map(|last| inputs.runs(last)).unwrap_or_default();
    let mut picture = Picture {
        path: PATH,
        title: "Test digits that the last step gets wrong".into(),
        notes: vec!["No run of the last step is recorded yet.".into()],
    };
    let Some(first) = runs.first() else {
        return picture.figure(0, Group::new());
    };
    let wrong_with = wrong_with(&runs);
    let is_right = |index: &usize| prediction(inputs, *index).is_some_and(|it| it.is_right);
    let is_shown = |index: &usize, wrong: usize| !is_right(index) || is_often(wrong, &runs);
    let mut body = Group::new();
    let mut top = 0;
    for count in (1..=runs.len()).rev() {
        let wrong = wrong_with.iter().filter(|(_, wrong)| **wrong == count);
        let shown = wrong
            .map(|(index, _)| *index)
            .filter(|index| is_shown(index, count));
        let shown: Vec<usize> = shown.collect();
        if !shown.is_empty() {
            let heading = label(heading(count, runs.len()), (MARGIN, top + 20), 14.0, TEXT);
            body = body.add(heading.set("font-weight", "bold"));
            top += HEADING_HEIGHT;
            body = body.add(rows(inputs, &shown, top));
            top += CELL_HEIGHT * shown.len().div_ceil(COLUMNS) as u32;
        }
    }
    picture.title = format!("Test digits that {} gets wrong", first.step);
    picture.notes = notes(&runs, &wrong_with, &is_right);
    picture.figure(top, body)
}

/// How many of the runs get an image wrong, for each that any does.
fn wrong_with(runs: &[&RunResult]) -> BTreeMap<usize, usize> {
    let mut wrong_with = BTreeMap::new();
    for index in runs.iter().flat_map(|run| &run.misclassified) {
        *wrong_with.entry(*index).or_default() += 1;
    }
    wrong_with
}

fn notes(
    runs: &[&RunResult],
    wrong_with: &BTreeMap<usize, usize>,
    is_right: &dyn Fn(&usize) -> bool,
) -> Vec<String> {
    let recorded = wrong_with.keys().filter(|index| !is_right(index)).count();
    let often_wrong =
        |(index, wrong): &(&usize, &usize)| is_right(index) && is_often(**wrong, runs);
    let often_wrong = wrong_with.iter().filter(often_wrong).count();
    let any = match runs.len() {
        1 => String::new(),
        count => format!(
            "; {} are wrong with at least one of its {count} seeds",
            wrong_with.len()
        ),
    };
    let mut notes = vec![
        format!("Seed 1, whose weights are recorded, gets {recorded} wrong{any}."),
        "Below each its index, then true digit → prediction with its probability, of seed 1. Framed, with *: the label is disputed."
            .into(),
    ];
    if often_wrong > 0 {
        notes.push(format!(
            "In grey: {often_wrong} that seed 1 gets right, and half of the seeds or more get wrong."
        ));
    }
    notes
}

/// Whether an image that so many runs get wrong is wrong by more than the bad luck of a few.
fn is_often(wrong: usize, runs: &[&RunResult]) -> bool {
    2 * wrong >= runs.len()
}

fn rows(inputs: &Inputs, indices: &[usize], top: u32) -> Group {
    let mut rows = Group::new();
    for (position, index) in indices.iter().enumerate() {
        let (row, column) = (position / COLUMNS, position % COLUMNS);
        let left = MARGIN + CELL_WIDTH * column as u32;
        rows = rows.add(cell(inputs, *index, left, top + CELL_HEIGHT * row as u32));
    }
    rows
}

fn heading(wrong: usize, seeds: usize) -> String {
    match seeds {
        1 => "Wrong with the only seed".into(),
        _ if wrong == seeds => format!("Wrong with all {seeds} seeds"),
        _ => format!("Wrong with {wrong} of {seeds} seeds"),
    }
}

/// One digit with its captions, in a cell whose upper left corner is (`left`, `top`).
fn cell(inputs: &Inputs, index: usize, left: u32, top: u32) -> Group {
    let (x, y) = (left + (CELL_WIDTH - SIDE) / 2, top + FRAME_MARGIN);
    let digit = ink(
        inputs.test.image(index),
        (f64::from(x), f64::from(y)),
        f64::from(SCALE),
    );
    let mut cell = Group::new().add(digit);
    let disputed = DISPUTED_TEST_IMAGES.contains(&index);
    if disputed {
        let frame = Rectangle::new()
            .set("x", x - FRAME_MARGIN)
            .set("y", y - FRAME_MARGIN)
            .set("width", SIDE + 2 * FRAME_MARGIN)
            .set("height", SIDE + 2 * FRAME_MARGIN)
            .set("fill", "none")
            .set("stroke", name(TEXT))
            .set("stroke-width", 1.5);
        cell = cell.add(frame);
    }
    let mark = if disputed { " *" } else { "" };
    let centre = left + CELL_WIDTH / 2;
    let number = label(
        format!("#{index}{mark}"),
        (centre, y + SIDE + 17),
        12.0,
        MUTED,
    );
    cell = cell.add(number.set("text-anchor", "middle"));
    if let Some(prediction) = prediction(inputs, index) {
        let words = format!(
            "{} → {}, {} %",
            inputs.test.label(index),
            prediction.digit,
            prediction.percent
        );
        let colour = if prediction.is_right { MUTED } else { TEXT };
        let words = label(words, (centre, y + SIDE + 33), 12.0, colour);
        cell = cell.add(words.set("text-anchor", "middle"));
    }
    cell
}

/// What the recorded weights say of an image.
struct Prediction {
    digit: usize,
    /// Its probability. Without decimals, it is the same on machines that add up in another order.
    percent: u32,
    is_right: bool,
}

fn prediction(inputs: &Inputs, index: usize) -> Option<Prediction> {
    let probabilities = inputs.probabilities.get(&index)?;
    let digit = most_probable(probabilities);
    Some(Prediction {
        digit,
        percent: (100.0 * probabilities[digit]).round() as u32,
        is_right: digit == usize::from(inputs.test.label(index)),
    })
}
