//! Training an experiment with Burn's `Learner`, and the command line that all steps share.
//!
//! [`command_line::run_step`] is the `main` of every step crate: it reads the options, trains, writes the run's folder
//! and prints the verdict and the results table. The pieces below it can be used alone: [`select_device`] turns a
//! backend's name into a Burn device, [`train`] runs an [`Experiment`](experiment::Experiment) on it.

// wgpu's kernel types nest deeply.
#![recursion_limit = "256"]

mod backend;
mod classifier;
pub mod command_line;
mod journal;
mod progress;
mod run;
mod run_directory;
mod teacher;
mod verdict;

pub use backend::{Backend, Selected, select_device};
pub use classifier::Classifier;
pub use run::{Data, git_commit, optimizer, train};
