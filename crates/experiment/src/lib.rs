//! What an experiment is, and what a run of one leaves.
//!
//! Plain data and its files: an [`Experiment`] is a network and a [`Recipe`] to train it; a [`RunResult`] is the
//! evidence of one run; a [`ResultsTable`] sets runs side by side. Training produces these, reports and tables read
//! them, so this crate knows neither.

mod files;
mod progress;
mod recipe;
mod results;
mod run_result;
mod table;

pub use files::write_whole;
pub use progress::{Progress, ProgressFile, running_trainings};
pub use recipe::{Distillation, Experiment, Optimizer, Recipe, Schedule};
pub use results::{parse_result, read_result, read_results, results_directory, run_path};
pub use run_result::{
    Epoch, Evaluation, LAST_EPOCHS, RunResult, SCHEMA_VERSION, TARGET_ACCURACY, Versions,
};
pub use table::ResultsTable;
