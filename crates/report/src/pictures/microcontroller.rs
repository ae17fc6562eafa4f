//! Accuracy over bytes: the networks in integers, beside those that BitNetMCU has published.

use anyhow::Result;
use evidence::TARGET_ACCURACY;
use plotters::prelude::*;

use super::axis::{Axis, Margins, frame};
use super::picture::Picture;
use super::theme::{FROM, MUTED, STEPS, text};
use crate::document::Document;
use crate::inputs::Inputs;

const HEIGHT: u32 = 400;
const MARGINS: Margins = Margins {
    top: 8,
    right: 34,
    bottom: 44,
    left: 72,
};

/// Bytes of weights, accuracy and name of the networks in the tables of BitNetMCU's docs/documentation_cnn.md (T. S. Boescke,
/// 2025), those that are not beaten by another of them.
const PUBLISHED: [(f64, f64, &str); 5] = [
    (5_360.0, 0.9906, "16 wide"),
    (7_328.0, 0.9928, "32 wide"),
    (9_296.0, 0.9944, "48 wide"),
    (11_264.0, 0.9955, "64 wide"),
    (13_357.0, 0.9958, "96 wide, ternary"),
];

/// The document, if anything is measured.
pub(crate) fn document(inputs: &Inputs) -> Result<Option<Document>> {
    if inputs.microcontroller.is_empty() {
        return Ok(None);
    }
    let images = inputs.test.len() as f64;
    let ours = inputs.microcontroller.iter();
    let ours: Vec<_> = ours
        .map(|(name, taken)| {
            (
                taken.model as f64,
                taken.right as f64 / images,
                name.as_str(),
            )
        })
        .collect();
    let picture = Picture {
        file: "microcontroller.svg",
        title: "Accuracy over bytes of weights".into(),
        notes: vec![
            "Dots: the ladder's networks, 8-bit integers alone, seed 1, with their tables of scales; those with a teacher are \
             called taught."
                .into(),
            "Triangles: BitNetMCU as published, 16×16 pixels, weights of 1.6 to 8 bits, 60 to 120 epochs.".into(),
        ],
    };
    let chart = picture.chart(HEIGHT, |area| {
        let most = ours.iter().chain(&PUBLISHED).map(|(bytes, ..)| *bytes);
        let most = most.fold(0.0, f64::max) + 2_200.0;
        let bytes = Axis {
            range: 0.0..most,
            ticks: (0..=most as usize)
                .step_by(2_000)
                .map(|bytes| (bytes as f64, format!("{} kB", bytes / 1_000)))
                .collect(),
        };
        let shown = ours
            .iter()
            .chain(&PUBLISHED)
            .map(|(_, accuracy, _)| *accuracy);
        let accuracies = Axis::accuracies(shown.chain([TARGET_ACCURACY]));
        let mut frame = frame(area, MARGINS, (bytes, accuracies), "bytes of weights")?;
        let target = [0.0, most].map(|bytes| (bytes, TARGET_ACCURACY));
        frame.draw_series(LineSeries::new(target, MUTED.stroke_width(2)))?;
        let line = PUBLISHED.map(|(bytes, accuracy, _)| (bytes, accuracy));
        frame.draw_series(LineSeries::new(line, MUTED.mix(0.4).stroke_width(2)))?;
        let marks = line.map(|at| TriangleMarker::new(at, 7, MUTED.filled()));
        frame.draw_series(marks)?;
        let marks = ours
            .iter()
            .map(|(bytes, accuracy, _)| Circle::new((*bytes, *accuracy), 6, STEPS[4].filled()));
        frame.draw_series(marks)?;
        frame.draw_series(
            ours.iter()
                .chain(&PUBLISHED)
                .map(|(bytes, accuracy, name)| {
                    let name = Text::new((*name).to_owned(), (11, 9), text(12.0).pos(FROM));
                    EmptyElement::at((*bytes, *accuracy)) + name
                }),
        )?;
        Ok(())
    })?;
    Ok(Some(chart))
}
