//! The generated part of `docs/design-of-the-experiment.md`: how small a difference the planned runs can show.

use anyhow::Result;

use super::sections::Sections;
use super::table::{NO_RUN, markdown};
use crate::document::Document;
use crate::format::percent;
use crate::inputs::{DESIGN, Inputs};
use crate::numbers::statistics::{Sample, smallest_shown};

/// How many runs of a step are planned: at first, and with the fresh ones.
const PLANNED: [usize; 2] = [10, 20];

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let sections = Sections {
        path: DESIGN,
        line_prefix: "",
        contents: vec![("spread", spread(inputs)?)],
    };
    let text = sections.replace_in(inputs.text(DESIGN))?;
    Ok(Document::new(DESIGN, text))
}

/// The spread of each step's runs on the hold-out images, and what that means for the runs on the test images.
fn spread(inputs: &Inputs) -> Result<String> {
    let mut rows = Vec::new();
    for step in inputs.experiments {
        let runs = inputs.search_runs.iter();
        let runs: Vec<_> = runs.filter(|run| run.run.is_of(step)).collect();
        if runs.len() < 2 {
            continue;
        }
        let accuracy = Sample::of_runs(&runs);
        let [at_first, in_all] = PLANNED.map(|runs| smallest_shown(accuracy.deviation, runs));
        rows.push([
            step.name.to_string(),
            runs.len().to_string(),
            percent(accuracy.mean),
            in_points(accuracy.deviation),
            in_points(at_first?),
            in_points(in_all?),
        ]);
    }
    if rows.is_empty() {
        return Ok(NO_RUN.into());
    }
    let header = [
        "Step",
        "Hold-out runs",
        "Mean",
        "s (points)",
        "Shown by 10 runs (points)",
        "Shown by 20 runs (points)",
    ];
    Ok(markdown(header, rows, 1..6))
}

fn in_points(fraction: f64) -> String {
    format!("{:.2}", 100.0 * fraction)
}
