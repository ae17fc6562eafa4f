//! Documents made from records and measurements, so that no figure in a document is typed by hand.
//!
//! What the documents say is a function of what lies in the repository: [`documents`](fn@documents) does no input or
//! output, and [`write`](fn@write) and [`check`] share it. So a check cannot disagree with what a write would do, and
//! nothing has to find figures in prose to compare them: a file either has the bytes that the records give, or is out of
//! date. No network is run and no backend is known, so the bytes are the same on every machine.
//!
//! The code is in three layers, each of which knows those before it alone:
//!
//! - `inputs`: the records and the images, read and found to belong together;
//! - `numbers`: what is computed from them, such as means, comparisons and what the runs get wrong;
//! - `documents` and `pictures`: how that is written and drawn.
//!
//! The documents are:
//!
//! - `README.md`: the parts between its marker lines, see [`Sections`];
//! - `experiments/<step>/src/lib.rs`: the part of its doc comment that says what happened;
//! - `experiments/without/src/lib.rs`: the last step without one of its ingredients each;
//! - `experiments/frontier/src/lib.rs`: accuracy over parameters;
//! - `docs/design-of-the-experiment.md`: how small a difference the runs can show;
//! - `docs/evidence.md`: each step against the one before, and whether the last one holds the target;
//! - `docs/network.md`: the last step's layers;
//! - `docs/microcontroller.md`: what each network takes on one;
//! - `results/search/README.md`: what was tried on the hold-out images;
//! - `docs/speed.md`: what the benchmarks measured, from their JSON in `docs/speed`;
//! - `results/*.svg`: loss and accuracy by epoch, the last epochs, what each step brought, training and test accuracy, the learning
//!   rate, the confusion matrix, the frontier, augmented digits, the network, what its layers cost and its receptive field, some digits,
//!   and those that the last step gets wrong;
//! - `results/SHA256SUMS`: a checksum of every file of evidence. No document shows every digit of a record; this one
//!   makes a change of any of them show.

mod document;
mod documents;
mod format;
mod inputs;
mod numbers;
mod pictures;

use std::io::ErrorKind;
use std::path::Path;

use ::evidence::Places;
use anyhow::{Context, Result};
use files::write_whole;
use mnist::Mnist;

pub use document::Document;
pub use documents::sections::Sections;
pub use inputs::{Experiments, Inputs};
pub use numbers::statistics::{Comparison, Sample, Verdict};

use documents::{
    checksums, claims, design, evidence, frontier, microcontroller, network, readme,
    result_section, search, speed, without,
};

/// The largest document that is read, in bytes.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;

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
    documents.push(design::document(inputs)?);
    documents.push(evidence::document(inputs)?);
    documents.push(network::document(inputs)?);
    documents.push(microcontroller::document(inputs)?);
    documents.push(without::document(inputs)?);
    documents.push(frontier::document(inputs)?);
    documents.extend(search::document(inputs)?);
    documents.push(speed::document(inputs)?);
    documents.extend(pictures::documents(inputs)?);
    documents.push(checksums::document(&inputs.evidence));
    Ok(documents)
}

/// Brings all documents of the workspace up to date and returns the paths of all of them, with whether each was changed.
///
/// # Errors
///
/// As [`Inputs::read`] and [`documents`](fn@documents), or a file cannot be written.
pub fn write(
    places: &Places,
    experiments: Experiments,
    digits: &Mnist,
) -> Result<Vec<(String, bool)>> {
    let mut paths = Vec::new();
    for document in documents(&Inputs::read(places, experiments, digits)?)? {
        let path = places.workspace().root().join(&document.path);
        let changed = content(&path)?.as_ref() != Some(&document.content);
        if changed {
            write_whole(&path, &document.content)?;
        }
        paths.push((document.path, changed));
    }
    Ok(paths)
}

/// Everything in the workspace that is out of date: nothing if [`write`](fn@write) would change nothing.
///
/// # Errors
///
/// As [`Inputs::read`] and [`documents`](fn@documents): a record that is not valid, or not of one of these experiments as
/// they are now, is an error, since no document can be made from it.
pub fn check(places: &Places, experiments: Experiments, digits: &Mnist) -> Result<Vec<Problem>> {
    let inputs = Inputs::read(places, experiments, digits)?;
    let mut problems = claims::problems(&inputs)?;
    for document in documents(&inputs)? {
        let found = content(&places.workspace().root().join(&document.path))?;
        if found.as_ref() == Some(&document.content) {
            continue;
        }
        match found {
            Some(recorded) if document.path == checksums::path() => {
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
    match files::read(path, MAX_DOCUMENT_BYTES) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
