//! The runs that are being made at the moment, for others to look at, and what became of those that one has looked at.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mnist::Split;
use serde::Serialize;
use slurm::{Claim, Job};

use crate::lock::is_locked;
use crate::manifest::{FileEntry, Manifest};
use crate::places::finished_in;
use crate::{Epoch, Places, RunId, State, verdict};

/// How many runs that have ended are remembered.
const REMEMBERED: usize = 20;

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
    /// Whether it is still being made.
    pub is_live: bool,
    /// Whether the target was held, in words; of a finished run alone.
    pub verdict: Option<String>,
}

/// The runs that were seen to live.
#[derive(Debug, Default)]
pub struct Watched {
    /// What was last seen in each folder, the folder that was seen first at the front.
    runs: Vec<(PathBuf, Progress)>,
}

impl Watched {
    /// The live runs in their usual places by name and seed, and then those that have ended since they were seen here.
    pub fn look(&mut self, places: &Places) -> Vec<Progress> {
        for folder in places.run_folders() {
            if let Some(progress) = progress(&folder) {
                self.runs.retain(|(known, _)| *known != folder);
                self.runs.push((folder, progress));
            } else if let Some((_, known)) = self.runs.iter_mut().find(|it| it.0 == folder)
                // One that was stopped may have been finished between two looks.
                && known.verdict.is_none()
            {
                *known = ended(&folder, known);
            }
        }
        self.runs.retain(|(folder, _)| folder.is_dir());
        let ended = self.runs.iter().filter(|(_, run)| !run.is_live).count();
        let mut forgotten = ended.saturating_sub(REMEMBERED);
        self.runs.retain(|(_, run)| {
            let is_forgotten = !run.is_live && forgotten > 0;
            forgotten -= usize::from(is_forgotten);
            !is_forgotten
        });
        let mut runs: Vec<Progress> = self.runs.iter().map(|(_, run)| run.clone()).collect();
        runs.sort_by(|a, b| (!a.is_live, &a.step, a.seed).cmp(&(!b.is_live, &b.step, b.seed)));
        runs
    }
}

/// The live runs in their usual places, by name and seed. What cannot be read is none: files come and go while this looks.
pub fn live_runs(places: &Places) -> Vec<Progress> {
    Watched::default().look(places)
}

/// The newest state of a live run, for others to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveState {
    /// The run.
    pub run: RunId,
    /// The process that trains.
    pub process: u32,
    /// Finished epochs of the network itself; none while its teacher is trained.
    pub epochs: usize,
    folder: PathBuf,
    parts: Vec<FileEntry>,
}

impl LiveState {
    /// A part of it, which goes when a newer state comes.
    ///
    /// # Errors
    ///
    /// It has no such part, or that cannot be read any more. Names the file.
    pub fn part(&self, name: &str) -> Result<Vec<u8>> {
        let mut parts = self.parts.iter();
        let part = parts.find(|part| part.name.ends_with(&format!("-{name}")));
        let part = part.with_context(|| format!("the state has no {name}"))?;
        part.read(&self.folder)
    }
}

/// The newest states of the live runs in their usual places, of those that have come to the end of an epoch.
pub fn live_states(places: &Places) -> Vec<LiveState> {
    let state = |folder: PathBuf| {
        if !is_locked(&folder) {
            return None;
        }
        let manifest = Manifest::read(&folder).ok()??;
        let epochs = kept_epochs(&folder, &manifest)?.len();
        let parts = manifest.states.first()?.parts.clone();
        (epochs > 0).then_some(LiveState {
            run: manifest.run,
            process: manifest.process,
            epochs,
            folder,
            parts,
        })
    };
    places.run_folders().into_iter().filter_map(state).collect()
}

/// What a run's folder shows at a glance, finished or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glance {
    /// Whether a live run on this machine, or where this machine sees the locks, has the folder.
    pub is_locked: bool,
    /// The process that made the run last.
    pub process: Option<u32>,
    /// The Slurm job that claimed the folder last, if it has not let it go. It may have been killed.
    pub claimed_by: Option<Job>,
    /// What was finished last: `epoch 7`, or `the teacher's epoch 7`.
    pub after: Option<String>,
}

impl Places {
    /// Looks at the folder of a run.
    ///
    /// # Errors
    ///
    /// The id holds a number that JSON has not.
    pub fn glance(&self, run: &RunId) -> Result<Glance> {
        let folder = self.run_folder(run)?;
        // What cannot be read is none: files come and go while this looks.
        let manifest = Manifest::read(&folder).ok().flatten();
        let newest = |manifest: &Manifest| Some(manifest.states.first()?.title.clone());
        Ok(Glance {
            is_locked: is_locked(&folder),
            process: manifest.as_ref().map(|manifest| manifest.process),
            claimed_by: Claim::holder(&folder),
            after: manifest.as_ref().and_then(newest),
        })
    }
}

/// The live run in a folder; none where none lives.
pub(crate) fn progress(folder: &Path) -> Option<Progress> {
    if !is_locked(folder) {
        return None;
    }
    let manifest = Manifest::read(folder).ok()??;
    let epochs = kept_epochs(folder, &manifest);
    let Manifest {
        run,
        title,
        process,
        ..
    } = manifest;
    Some(Progress {
        step: run.name.to_string(),
        title,
        seed: run.seed,
        split: run.split,
        planned_epochs: run.recipe.epochs,
        has_teacher: run.recipe.distillation.is_some(),
        process,
        epochs: epochs.unwrap_or_default(),
        is_live: true,
        verdict: None,
    })
}

/// The epochs of the newest state.
fn kept_epochs(folder: &Path, manifest: &Manifest) -> Option<Vec<Epoch>> {
    let history = manifest.states.first()?.history.read(folder).ok()?;
    let state: State = serde_json::from_slice(&history).ok()?;
    Some(state.epochs)
}

/// What became of a run that has lived.
fn ended(folder: &Path, seen: &Progress) -> Progress {
    let record = finished_in(folder).ok().flatten();
    let record = record.filter(|record| (record.name(), record.seed()) == (&seen.step, seen.seed));
    let last = || {
        let manifest = Manifest::read(folder).ok()??;
        kept_epochs(folder, &manifest)
    };
    let (epochs, verdict) = match &record {
        Some(record) => (Some(record.epochs.clone()), Some(verdict(record))),
        // An epoch that ended after the last look counts too.
        None => (last(), None),
    };
    Progress {
        epochs: epochs.unwrap_or_else(|| seen.epochs.clone()),
        is_live: false,
        verdict,
        ..seen.clone()
    }
}
