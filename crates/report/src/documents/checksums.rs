//! A checksum of every file of evidence, which `sha256sum -c` understands.

use evidence::{EvidenceFile, Places};

use crate::document::Document;

/// Path of the document from the root of the workspace.
pub(crate) fn path() -> String {
    Places::result_file("SHA256SUMS")
}

fn line(file: &EvidenceFile) -> String {
    format!("{}  {}\n", file.sha256, file.path)
}

/// The document.
pub(crate) fn document(evidence: &[EvidenceFile]) -> Document {
    Document::new(path(), evidence.iter().map(line).collect())
}

/// In what the recorded document differs from the files that lie there. A changed record is not simply out of date:
/// writing the documents anew would make a slip of the hand official.
pub(crate) fn problems(recorded: &[u8], evidence: &[EvidenceFile]) -> Vec<String> {
    let recorded = String::from_utf8_lossy(recorded);
    let recorded: Vec<&str> = recorded.split_inclusive('\n').collect();
    let changed = evidence
        .iter()
        .filter(|file| !recorded.contains(&line(file).as_str()));
    let path = path();
    let mut problems: Vec<String> = changed
        .map(|file| {
            format!(
                "{} is not the file that {path} records: take it back, or run `cargo ladder report` if the change is meant",
                Places::result_file(&file.path)
            )
        })
        .collect();
    if problems.is_empty() {
        problems.push(format!(
            "{path} records other files than there are: run `cargo ladder report`"
        ));
    }
    problems
}
