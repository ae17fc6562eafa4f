//! The generated part of `docs/microcontroller.md`: what each network takes.

use anyhow::Result;

use super::sections::Sections;
use super::table::markdown;
use crate::document::Document;
use crate::format::{grouped, percent};
use crate::inputs::{Inputs, MICROCONTROLLER};

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let sections = Sections {
        path: MICROCONTROLLER,
        line_prefix: "",
        contents: vec![("sizes", sizes(inputs))],
    };
    let text = sections.replace_in(inputs.text(MICROCONTROLLER))?;
    Ok(Document::new(MICROCONTROLLER, text))
}

fn sizes(inputs: &Inputs) -> String {
    if inputs.microcontroller.is_empty() {
        return "Nothing is measured yet.".into();
    }
    let rows = inputs.microcontroller.iter().map(|(name, taken)| {
        [
            name.clone(),
            grouped(taken.parameters),
            percent(taken.right as f64 / inputs.test.len() as f64),
            grouped(taken.model),
            grouped(taken.flash),
            grouped(taken.ram),
            grouped(taken.instructions),
        ]
    });
    let header = [
        "Network",
        "Parameters",
        "Accuracy in integers",
        "Weights and tables (bytes)",
        "Flash in all (bytes)",
        "RAM in all (bytes)",
        "Instructions an image",
    ];
    markdown(header, rows, 1..header.len())
}
