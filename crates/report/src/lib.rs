//! Documents made from results, so that no figure in a document is typed by hand.
//!
//! What the documents say is a function of what lies in the repository: [`documents`] does no input or output, and
//! [`write`](fn@write) and [`check`] share it. So a check cannot disagree with what a write would do, and nothing has to
//! find figures in prose to compare them: a file either has the bytes that the results give, or is out of date.
//!
//! The documents are:
//!
//! - `README.md`: the parts between its marker lines, see [`Sections`];
//! - `experiments/<step>/src/lib.rs`: the part of its doc comment that says what happened;
//! - `experiments/frontier/src/lib.rs`: accuracy over parameters;
//! - `results/search/README.md`: what was tried on the hold-out images;
//! - `results/*.svg`: loss and accuracy by epoch, the last epochs, what each step brought, the confusion matrix, the frontier,
//!   the network and its receptive field, some digits, and those that the last step gets wrong;
//! - `results/SHA256SUMS`: a checksum of every file of evidence. No document shows every digit of a result; this one
//!   makes a change of any of them show.

mod checksums;
mod comparisons;
mod evidence;
mod frontier;
mod inputs;
mod mistakes;
mod numbers;
mod pictures;
mod readme;
mod result_section;
mod search;
mod sections;
mod statistics;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use burn::tensor::Device;
use experiment::{Experiment, write_whole};
use mnist::Digits;

pub use checksums::Evidence;
pub use inputs::Inputs;
pub use sections::Sections;

/// A file as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Path from the root of the workspace, with `/`.
    pub path: String,
    /// The whole content.
    pub content: Vec<u8>,
}

/// Something out of date, in one line that names the file and says what to do.
pub type Problem = String;

/// All documents, as the inputs give them.
///
/// # Errors
///
/// A marker line is missing, unknown or out of order; names the file. Or a picture cannot be drawn.
pub fn documents(inputs: &Inputs) -> Result<Vec<Document>> {
    let mut documents = vec![readme::document(inputs)?];
    for step in 0..inputs.experiments.len() {
        documents.push(result_section::document(inputs, step)?);
    }
    documents.extend(frontier::document(inputs)?);
    documents.extend(search::document(inputs)?);
    documents.extend(pictures::documents(inputs)?);
    documents.push(checksums::document(&inputs.evidence));
    Ok(documents)
}

/// Brings all documents below `root` up to date and returns the paths of all of them, with whether each was changed.
/// `device` is where the last step's network computes what it says of its mistakes.
///
/// # Errors
///
/// As [`Inputs::read`] and [`documents`], or a file cannot be written.
pub fn write(
    root: &Path,
    experiments: &[Experiment],
    frontier: &[Experiment],
    test: &Digits,
    device: &Device,
) -> Result<Vec<(String, bool)>> {
    let mut paths = Vec::new();
    for document in documents(&Inputs::read(root, experiments, frontier, test, device)?)? {
        let path = root.join(&document.path);
        let changed = content(&path)?.as_ref() != Some(&document.content);
        if changed {
            write_whole(&path, &document.content)?;
        }
        paths.push((document.path, changed));
    }
    Ok(paths)
}

/// Everything below `root` that is out of date: nothing if [`write`](fn@write) would change nothing.
///
/// # Errors
///
/// As [`Inputs::read`] and [`documents`]: a result that is not valid, or not one of these experiments as they are now,
/// is an error, since no document can be made from it.
pub fn check(
    root: &Path,
    experiments: &[Experiment],
    frontier: &[Experiment],
    test: &Digits,
    device: &Device,
) -> Result<Vec<Problem>> {
    let inputs = Inputs::read(root, experiments, frontier, test, device)?;
    let mut problems = Vec::new();
    for document in documents(&inputs)? {
        let found = content(&root.join(&document.path))?;
        if found.as_ref() == Some(&document.content) {
            continue;
        }
        match found {
            Some(recorded) if document.path == checksums::PATH => {
                problems.extend(checksums::problems(&recorded, &inputs.evidence));
            }
            _ => problems.push(format!(
                "{} is out of date: run `cargo ladder report`",
                document.path
            )),
        }
    }
    Ok(problems)
}

/// The content of a file, or none if there is no such file.
fn content(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The content of a text file that must be there.
fn text(path: PathBuf) -> Result<String> {
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}
