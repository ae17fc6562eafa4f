//! The generated parts of `docs/evidence.md`.

use anyhow::Result;

use super::sections::Sections;
use super::{comparisons, last_step};
use crate::document::Document;
use crate::inputs::{EVIDENCE, Inputs};

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let sections = Sections {
        path: EVIDENCE,
        line_prefix: "",
        contents: vec![
            ("comparisons", comparisons::section(inputs)?),
            ("evidence", last_step::section(inputs)),
        ],
    };
    let text = sections.replace_in(inputs.text(EVIDENCE))?;
    Ok(Document::new(EVIDENCE, text))
}
