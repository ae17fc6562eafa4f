//! What networks take on a microcontroller, as the test of `ladder export c` on an emulated one records it.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use evidence::Places;
use experiment::{Experiment, parse_json};
use serde::Deserialize;

use super::MAX_TEXT_BYTES;

/// Where it is, from the root of the workspace.
const PATH: &str = "docs/microcontroller.json";

/// What one network takes in integers, as C on a Cortex-M4.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Taken {
    /// Trainable parameters.
    pub(crate) parameters: usize,
    /// Test images that it gets right.
    pub(crate) right: usize,
    /// Bytes of weights and tables.
    pub(crate) model: usize,
    /// Bytes of flash in all.
    pub(crate) flash: usize,
    /// Bytes of RAM in all.
    pub(crate) ram: usize,
    /// For an image.
    pub(crate) instructions: usize,
}

/// Each of these experiments that was measured, smallest first, with what it takes.
///
/// # Errors
///
/// The file is there and cannot be read, or is not what the test writes. Names it.
pub(crate) fn read(places: &Places, experiments: &[&Experiment]) -> Result<Vec<(String, Taken)>> {
    let path = places.workspace().root().join(PATH);
    let text = match files::read_text(&path, MAX_TEXT_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {PATH}")),
    };
    let mut taken: BTreeMap<String, Taken> = parse_json(&text)
        .with_context(|| format!("{PATH} is not what the test of the targets writes"))?;
    let known = experiments.iter();
    let mut known: Vec<_> = known
        .filter_map(|experiment| taken.remove_entry(experiment.name.as_str()))
        .collect();
    known.sort_by_key(|(_, taken)| taken.parameters);
    Ok(known)
}
