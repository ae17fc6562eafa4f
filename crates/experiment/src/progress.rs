//! What a training says of itself while it runs, for others to look at.
//!
//! A training keeps `progress.json` in its folder, written anew after each epoch, and removes it when it ends. One
//! that is killed cannot remove anything, and a process number or a time would not tell it from a slow one: numbers
//! are used again, and an epoch takes as long as it takes. So it also holds a lock on `progress.lock`, which the system
//! lets go of with the process, however that ends.

use std::fs::{self, File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use mnist::Split;
use serde::{Deserialize, Serialize};

use crate::{Epoch, Experiment, write_whole};

const PROGRESS: &str = "progress.json";
const LOCK: &str = "progress.lock";

/// A larger file is no progress of a training: an epoch takes some 300 bytes.
const MAX_PROGRESS_BYTES: u64 = 1_000_000;

/// How deep below the folder of all runs a run's folder lies: `search/<name>/seed-<n>`.
const DEPTH: usize = 3;

/// A run as far as it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Name of the step.
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

/// The progress of a training of this process, kept in files that go when this is dropped.
#[derive(Debug)]
pub struct ProgressFile {
    directory: PathBuf,
    progress: Progress,
    /// Locked for as long as it is open.
    _lock: File,
}

impl ProgressFile {
    /// Begins a run without epochs in its folder. None where another training has that folder, or files cannot be
    /// locked: a training goes on without.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn begin(directory: &Path, experiment: &Experiment, split: Split) -> Result<Option<Self>> {
        let lock = File::create(directory.join(LOCK))?;
        if !lock_soon(&lock) {
            return Ok(None);
        }
        let file = Self {
            directory: directory.to_owned(),
            progress: Progress {
                step: experiment.name.clone(),
                title: experiment.title.clone(),
                seed: experiment.recipe.seed,
                split,
                planned_epochs: experiment.recipe.epochs,
                has_teacher: experiment.recipe.distillation.is_some(),
                process: std::process::id(),
                epochs: Vec::new(),
            },
            _lock: lock,
        };
        file.write()?;
        Ok(Some(file))
    }

    /// Adds a finished epoch.
    ///
    /// # Errors
    ///
    /// The file cannot be written; it is as it was.
    pub fn add(&mut self, epoch: &Epoch) -> Result<()> {
        self.progress.epochs.push(epoch.clone());
        self.write()
    }

    fn write(&self) -> Result<()> {
        let text = serde_json::to_string(&self.progress)? + "\n";
        write_whole(&self.directory.join(PROGRESS), text.as_bytes())
    }
}

impl Drop for ProgressFile {
    fn drop(&mut self) {
        // Whoever cannot remove them could not write them either; and without the lock they are nobody's.
        let _ = fs::remove_file(self.directory.join(PROGRESS));
        let _ = fs::remove_file(self.directory.join(LOCK));
    }
}

/// The trainings that run at this moment with a folder below `directory`, by step and seed. What cannot be read is
/// none: files come and go while this looks.
pub fn running_trainings(directory: &Path) -> Vec<Progress> {
    let mut trainings = Vec::new();
    collect(directory, DEPTH, &mut trainings);
    trainings.sort_by(|a, b| (&a.step, a.seed).cmp(&(&b.step, b.seed)));
    trainings
}

fn collect(directory: &Path, depth: usize, trainings: &mut Vec<Progress>) {
    trainings.extend(running_training(directory));
    if depth == 0 {
        return;
    }
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        // Not `is_dir` of the path, which would follow links, round and round perhaps.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), depth - 1, trainings);
        }
    }
}

fn running_training(directory: &Path) -> Option<Progress> {
    let lock = File::open(directory.join(LOCK)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    let mut text = String::new();
    let file = File::open(directory.join(PROGRESS)).ok()?;
    file.take(MAX_PROGRESS_BYTES)
        .read_to_string(&mut text)
        .ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether `file` could be locked. Who looks for trainings holds the lock for a moment too, so one moment's failure is
/// no failure.
fn lock_soon(file: &File) -> bool {
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return true,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(_)) => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use model_core::Architecture;

    use super::*;
    use crate::{Optimizer, Recipe, Schedule};

    fn experiment() -> Experiment {
        Experiment {
            name: "step-01-skeleton".into(),
            title: "A skeleton".into(),
            architecture: Architecture::new(1, 28).convolution_head(10),
            recipe: Recipe {
                optimizer: Optimizer::Sgd {
                    momentum: 0.9,
                    nesterov: true,
                    weight_decay: 0.0,
                },
                learning_rate: 0.1,
                schedule: Schedule::Constant,
                batch_size: 128,
                epochs: 15,
                dropout: 0.0,
                augmentation: None,
                refinement_epochs: 0,
                label_smoothing: 0.0,
                distillation: None,
                seed: 3,
            },
        }
    }

    fn epoch(number: usize) -> Epoch {
        Epoch {
            epoch: number,
            learning_rate: 0.1,
            train_loss: 0.5,
            train_accuracy: 0.9,
            test_loss: 0.4,
            test_correct: 9_000,
            test_total: 10_000,
            seconds: 5.0,
        }
    }

    #[test]
    fn a_training_is_seen_from_its_beginning_to_its_end() {
        let runs = tempfile::tempdir().unwrap();
        assert_eq!(running_trainings(runs.path()), []);
        for place in ["step-01-skeleton/seed-3", "search/other/seed-3"] {
            let directory = runs.path().join(place);
            fs::create_dir_all(&directory).unwrap();
            let mut file = ProgressFile::begin(&directory, &experiment(), Split::Test)
                .unwrap()
                .unwrap();
            let seen = || {
                let trainings = running_trainings(runs.path());
                assert_eq!(trainings.len(), 1, "{place}");
                trainings[0].clone()
            };
            assert_eq!((seen().seed, seen().planned_epochs), (3, 15));
            assert_eq!(seen().epochs, []);
            file.add(&epoch(1)).unwrap();
            file.add(&epoch(2)).unwrap();
            assert_eq!(seen().epochs, [epoch(1), epoch(2)]);
            drop(file);
            assert_eq!(running_trainings(runs.path()), []);
            assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_a_killed_training_left_is_no_training_and_in_nobodys_way() {
        let runs = tempfile::tempdir().unwrap();
        let file = ProgressFile::begin(runs.path(), &experiment(), Split::Test)
            .unwrap()
            .unwrap();
        let left = fs::read(runs.path().join(PROGRESS)).unwrap();
        drop(file);
        // The lock's file without a lock is what a killed process leaves.
        fs::write(runs.path().join(PROGRESS), left).unwrap();
        fs::write(runs.path().join(LOCK), "").unwrap();
        assert_eq!(running_trainings(runs.path()), []);
        let again = ProgressFile::begin(runs.path(), &experiment(), Split::Test).unwrap();
        assert!(again.is_some());
        assert_eq!(running_trainings(runs.path()).len(), 1);
    }

    #[test]
    fn a_second_training_in_the_same_folder_leaves_the_first_ones_progress_alone() {
        let runs = tempfile::tempdir().unwrap();
        let begin = || ProgressFile::begin(runs.path(), &experiment(), Split::Test).unwrap();
        let first = begin();
        assert!(begin().is_none());
        assert_eq!(running_trainings(runs.path()).len(), 1);
        drop(first);
        assert!(begin().is_some());
    }
}
