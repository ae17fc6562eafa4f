//! The runs that are being made at the moment, for others to look at.

use std::path::Path;

use mnist::Split;
use serde::Serialize;

use crate::folder::is_locked;
use crate::manifest::Manifest;
use crate::{Epoch, Places, State};

/// A run as far as it has come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// Name of the experiment.
    pub step: String,
    /// What the step adds.
    pub title: String,
    /// Seed of the run.
    pub seed: u64,
    /// Which images are trained on, and which evaluated on.
    pub split: Split,
    /// Epochs that the run is to have.
    pub planned_epochs: usize,
    /// Whether a teacher is trained before the first epoch.
    pub has_teacher: bool,
    /// The process that trains.
    pub process: u32,
    /// The finished epochs, first to last.
    pub epochs: Vec<Epoch>,
}

/// The live runs in their usual places, by name and seed. What cannot be read is none: files come and go while this looks.
pub fn live_runs(places: &Places) -> Vec<Progress> {
    let mut runs: Vec<Progress> = places
        .run_folders()
        .iter()
        .filter_map(|folder| progress(folder))
        .collect();
    runs.sort_by(|a, b| (&a.step, a.seed).cmp(&(&b.step, b.seed)));
    runs
}

/// The live run in a folder; none where none lives.
pub(crate) fn progress(folder: &Path) -> Option<Progress> {
    if !is_locked(folder) {
        return None;
    }
    let Manifest {
        run,
        title,
        process,
        states,
        ..
    } = Manifest::read(folder).ok()??;
    let newest = states.first().and_then(|state| {
        let history = state.history.read(folder).ok()?;
        serde_json::from_slice::<State>(&history).ok()
    });
    Some(Progress {
        step: run.name.to_string(),
        title,
        seed: run.seed,
        split: run.split,
        planned_epochs: run.recipe.epochs,
        has_teacher: run.recipe.distillation.is_some(),
        process,
        epochs: newest.map_or_else(Vec::new, |state| state.epochs),
    })
}
