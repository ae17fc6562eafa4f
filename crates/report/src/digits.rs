//! `results/digits.svg`: what the digits look like, and which of them the last step gets wrong.
//!
//! Every digit is drawn as horizontal strokes of one pixel, of a few greys, dark on white: a page of digits takes some
//! tens of kilobytes, and no viewer has to allow images within an image.

use std::fmt::Write;

use anyhow::{Result, ensure};
use experiment::RunResult;
use mnist::{Digits, IMAGE_SIDE};

use crate::numbers::grouped;
use crate::{Document, Inputs};

const PATH: &str = "results/digits.svg";

/// Samples of each class.
const SAMPLES: usize = 2;
/// Misclassified digits drawn at most.
const MISTAKES: usize = 40;
/// Digits in a row.
const COLUMNS: usize = 10;

/// Height and width that an image pixel is drawn with.
const SCALE: usize = 2;
const CELL_WIDTH: usize = 80;
const CELL_HEIGHT: usize = 84;
const MARGIN: usize = 16;
const HEADING_HEIGHT: usize = 44;

/// Greys to tell apart, from white (0) to black.
const GREYS: u16 = 15;

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let test = inputs.test;
    let mut groups = vec![(
        "Test digits, each with its index and what it shows".to_owned(),
        samples(test),
    )];
    let last_runs = inputs
        .experiments
        .iter()
        .rev()
        .find_map(|experiment| inputs.runs(experiment).first().copied());
    if let Some(run) = last_runs {
        groups.push((heading(run), mistakes(run, test)?));
    }
    Ok(Document {
        path: PATH.into(),
        content: page(&groups, test)?.into_bytes(),
    })
}

/// Indices of the first digits of each class, classes side by side.
fn samples(test: &Digits) -> Vec<usize> {
    let of_class = |class: u8| (0..test.len()).filter(move |index| test.label(*index) == class);
    (0..SAMPLES)
        .flat_map(|sample| (0..10).filter_map(move |class| of_class(class).nth(sample)))
        .collect()
}

fn mistakes(run: &RunResult, test: &Digits) -> Result<Vec<usize>> {
    let mistakes: Vec<usize> = run.misclassified.iter().take(MISTAKES).copied().collect();
    ensure!(
        mistakes.iter().all(|index| *index < test.len()),
        "results/{}/seed-{}.json lists misclassified images beyond the {} test images",
        run.step,
        run.seed,
        test.len()
    );
    Ok(mistakes)
}

fn heading(run: &RunResult) -> String {
    let wrong = run.misclassified.len();
    let shown = if wrong > MISTAKES {
        format!("; the first {MISTAKES}")
    } else {
        String::new()
    };
    let total = grouped(run.last().test_total);
    format!(
        "Test digits that {}, seed {}, gets wrong: {} of {total}{shown}",
        run.step,
        run.seed,
        grouped(wrong)
    )
}

fn page(groups: &[(String, Vec<usize>)], test: &Digits) -> Result<String, std::fmt::Error> {
    let rows: usize = groups
        .iter()
        .map(|(_, indices)| indices.len().div_ceil(COLUMNS))
        .sum();
    let width = 2 * MARGIN + COLUMNS * CELL_WIDTH;
    let height = 2 * MARGIN + groups.len() * HEADING_HEIGHT + rows * CELL_HEIGHT;
    let mut svg = String::new();
    writeln!(
        svg,
        "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" xmlns=\"http://www.w3.org/2000/svg\" \
         font-family=\"sans-serif\" fill=\"#1e1e1e\">"
    )?;
    writeln!(
        svg,
        "<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"
    )?;
    let mut top = MARGIN;
    for (heading, indices) in groups {
        writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{}\" font-size=\"16\">{heading}</text>",
            top + 24
        )?;
        top += HEADING_HEIGHT;
        for row in indices.chunks(COLUMNS) {
            for (column, &index) in row.iter().enumerate() {
                draw_digit(&mut svg, test, index, MARGIN + column * CELL_WIDTH, top)?;
            }
            top += CELL_HEIGHT;
        }
    }
    svg += "</svg>\n";
    Ok(svg)
}

/// One digit with its caption, in a cell whose upper left corner is (`left`, `top`).
fn draw_digit(
    svg: &mut String,
    test: &Digits,
    index: usize,
    left: usize,
    top: usize,
) -> std::fmt::Result {
    let side = IMAGE_SIDE * SCALE;
    let left_of_digit = left + (CELL_WIDTH - side) / 2;
    // A stroke lies half above and half below its line.
    let first_line = top + SCALE / 2;
    writeln!(
        svg,
        "<g transform=\"translate({left_of_digit} {first_line}) scale({SCALE})\" shape-rendering=\"crispEdges\">"
    )?;
    for grey in 1..=GREYS {
        let strokes = strokes(test.image(index), grey)?;
        if !strokes.is_empty() {
            writeln!(
                svg,
                "<path stroke=\"#{0:x}{0:x}{0:x}\" d=\"{strokes}\"/>",
                GREYS - grey
            )?;
        }
    }
    svg.push_str("</g>\n");
    let (centre, baseline) = (left + CELL_WIDTH / 2, top + side + 16);
    let label = test.label(index);
    writeln!(
        svg,
        "<text x=\"{centre}\" y=\"{baseline}\" font-size=\"13\" text-anchor=\"middle\">#{index}: {label}</text>"
    )
}

/// Horizontal strokes over the pixels of one grey: `M<x> <y>h<length>` each.
fn strokes(image: &[u8], grey: u16) -> Result<String, std::fmt::Error> {
    let mut strokes = String::new();
    for (y, row) in image.chunks(IMAGE_SIDE).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| quantised(*a) == quantised(*b)) {
            if quantised(run[0]) == grey {
                write!(strokes, "M{x} {y}h{}", run.len())?;
            }
            x += run.len();
        }
    }
    Ok(strokes)
}

/// The grey nearest to a pixel.
fn quantised(pixel: u8) -> u16 {
    (u16::from(pixel) * GREYS + 127) / 255
}
