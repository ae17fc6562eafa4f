//! `results/SHA256SUMS`: a checksum of every file of evidence, which `sha256sum -c` understands.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{Document, Problem};

/// Path of the document from the root of the workspace.
pub(crate) const PATH: &str = "results/SHA256SUMS";

/// A recorded file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Path from the folder of the results, with `/`.
    pub path: String,
    /// SHA-256 of the content, in lower-case hexadecimal.
    pub sha256: String,
}

impl Evidence {
    /// The line of a file of checksums.
    fn line(&self) -> String {
        format!("{}  {}\n", self.sha256, self.path)
    }
}

/// The recorded results and weights below a folder of results, by path; none if there is no such folder.
pub(crate) fn read(results: &Path) -> Result<Vec<Evidence>> {
    let mut evidence = Vec::new();
    for kind in ["", "frontier/", "search/", "swapped/"] {
        let folder = results.join(kind);
        for name in names(&folder)? {
            if folder.join(&name).is_dir() && (name.starts_with("step-") || !kind.is_empty()) {
                read_runs(results, &format!("{kind}{name}"), &mut evidence)?;
            }
        }
    }
    evidence.sort();
    Ok(evidence)
}

/// Adds the files of the runs of one experiment.
fn read_runs(results: &Path, experiment: &str, evidence: &mut Vec<Evidence>) -> Result<()> {
    for name in names(&results.join(experiment))? {
        let is_result = name.starts_with("seed-") && name.ends_with(".json");
        if is_result || name.ends_with(".safetensors") {
            let file = results.join(experiment).join(&name);
            let content =
                fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let sha256 = Sha256::digest(content)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            evidence.push(Evidence {
                path: format!("{experiment}/{name}"),
                sha256,
            });
        }
    }
    Ok(())
}

/// The document.
pub(crate) fn document(evidence: &[Evidence]) -> Document {
    let lines: String = evidence.iter().map(Evidence::line).collect();
    Document {
        path: PATH.into(),
        content: lines.into_bytes(),
    }
}

/// In what the recorded document differs from the files that lie there. A changed result is not simply out of date:
/// writing the documents anew would make a slip of the hand official.
pub(crate) fn problems(recorded: &[u8], evidence: &[Evidence]) -> Vec<Problem> {
    let recorded = String::from_utf8_lossy(recorded);
    let recorded: Vec<&str> = recorded.split_inclusive('\n').collect();
    let changed = evidence
        .iter()
        .filter(|file| !recorded.contains(&file.line().as_str()));
    let mut problems: Vec<Problem> = changed
        .map(|file| {
            format!(
                "results/{} is not the file that {PATH} records: take it back, or run `cargo ladder report` if the change is meant",
                file.path
            )
        })
        .collect();
    if problems.is_empty() {
        problems.push(format!(
            "{PATH} records other files than there are: run `cargo ladder report`"
        ));
    }
    problems
}

/// Names of what is in a folder; none if there is no such folder.
fn names(directory: &Path) -> Result<Vec<String>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let name = |entry: std::io::Result<fs::DirEntry>| {
        Ok(entry?.file_name().to_string_lossy().into_owned())
    };
    let names = || {
        fs::read_dir(directory)?
            .map(name)
            .collect::<std::io::Result<_>>()
    };
    names().with_context(|| format!("cannot read the folder {}", directory.display()))
}
