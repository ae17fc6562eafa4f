//! The test digits that the last step gets wrong, those first that most of its seeds get wrong.

use evidence::Record;
use mnist::DISPUTED_TEST_IMAGES;
use svg::node::element::{Group, Rectangle};

use super::ink::ink;
use super::picture::{MARGIN, Picture, WIDTH, label};
use super::theme::{MUTED, TEXT, name};
use crate::document::Document;
use crate::inputs::Inputs;
use crate::numbers::mistakes::{Mistake, mistakes};

const FILE: &str = "gallery.svg";

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
    let runs = inputs.last_runs();
    let mut picture = Picture {
        file: FILE,
        title: "Test digits that the last step gets wrong".into(),
        notes: vec!["No run of the last step is recorded yet.".into()],
    };
    let Some(first) = runs.first() else {
        return picture.figure(0, Group::new());
    };
    let mistakes = mistakes(&runs);
    let mut body = Group::new();
    let mut top = 0;
    for count in (1..=runs.len()).rev() {
        let wrong = mistakes.iter().filter(|mistake| mistake.runs == count);
        let wrong: Vec<&Mistake> = wrong.collect();
        if !wrong.is_empty() {
            let heading = label(heading(count, runs.len()), (MARGIN, top + 20), 14.0, TEXT);
            body = body.add(heading.set("font-weight", "bold"));
            top += HEADING_HEIGHT;
            body = body.add(rows(inputs, &wrong, top));
            top += CELL_HEIGHT * wrong.len().div_ceil(COLUMNS) as u32;
        }
    }
    picture.title = format!("Test digits that {} gets wrong", first.name());
    picture.notes = notes(&runs, &mistakes);
    picture.figure(top, body)
}

fn notes(runs: &[&Record], mistakes: &[Mistake]) -> Vec<String> {
    let count = mistakes.len();
    let mut notes = vec![
        match runs.len() {
            1 => format!("Its only seed gets {count} test digits wrong."),
            seeds => format!("{count} test digits are wrong with at least one of its {seeds} seeds."),
        },
        "Below each its index, then true digit → prediction with its probability. Framed, with *: the label is disputed."
            .into(),
    ];
    if runs.len() > 1 {
        notes.push(
            "The prediction is that of the lowest seed that gets the digit wrong and recorded its probabilities.".into(),
        );
    }
    let unknown = mistakes.iter().filter(|it| it.prediction.is_none()).count();
    if unknown > 0 {
        notes.push(format!(
            "In grey: {unknown} that only seeds without recorded probabilities get wrong; below each the true digit and the number of seeds that get it wrong."
        ));
    }
    notes
}

fn rows(inputs: &Inputs, mistakes: &[&Mistake], top: u32) -> Group {
    let seeds = inputs.last_runs().len();
    let mut rows = Group::new();
    for (position, mistake) in mistakes.iter().enumerate() {
        let (row, column) = (position / COLUMNS, position % COLUMNS);
        let corner = (
            MARGIN + CELL_WIDTH * column as u32,
            top + CELL_HEIGHT * row as u32,
        );
        rows = rows.add(cell(inputs, mistake, seeds, corner));
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

/// One digit with its captions, in a cell with this upper left corner.
fn cell(inputs: &Inputs, mistake: &Mistake, seeds: usize, (left, top): (u32, u32)) -> Group {
    let (x, y) = (left + (CELL_WIDTH - SIDE) / 2, top + FRAME_MARGIN);
    let corner = (f64::from(x), f64::from(y));
    let digit = ink(inputs.test.image(mistake.image), corner, f64::from(SCALE));
    let mut cell = Group::new().add(digit);
    let disputed = DISPUTED_TEST_IMAGES.contains(&mistake.image);
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
    let number = format!("#{}{mark}", mistake.image);
    let centre = left + CELL_WIDTH / 2;
    let number = label(number, (centre, y + SIDE + 17), 12.0, MUTED);
    let true_digit = inputs.test.label(mistake.image);
    let (words, colour) = match mistake.prediction {
        Some(prediction) => {
            let percent = (100.0 * prediction.probability).round();
            let words = format!("{true_digit} → {}, {percent} %", prediction.class);
            (words, TEXT)
        }
        None => {
            let words = format!("{true_digit}: {} of {seeds}", mistake.runs);
            (words, MUTED)
        }
    };
    let words = label(words, (centre, y + SIDE + 33), 12.0, colour);
    cell.add(number.set("text-anchor", "middle"))
        .add(words.set("text-anchor", "middle"))
}
