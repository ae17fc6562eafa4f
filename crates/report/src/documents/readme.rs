//! The generated parts of `README.md`.

use anyhow::Result;
use evidence::ResultsTable;

use super::sections::Sections;
use super::table::NO_RUN;
use super::{disturbed, last_step, lessons, speed};
use crate::document::Document;
use crate::inputs::{Inputs, README};

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let contents = vec![
        ("results-table", results_table(inputs)),
        ("lessons", lessons::section(inputs)?),
        ("held", last_step::in_short(inputs)),
        ("disturbed", disturbed::section(inputs)),
        ("speed", speed::readme_table(inputs)),
    ];
    let sections = Sections {
        path: README,
        line_prefix: "",
        contents,
    };
    Ok(Document::new(
        README,
        sections.replace_in(inputs.text(README))?,
    ))
}

fn results_table(inputs: &Inputs) -> String {
    if inputs.step_runs.is_empty() {
        return NO_RUN.into();
    }
    ResultsTable::new(&inputs.step_runs).to_markdown(|step| format!("experiments/{step}"))
}
