//! Training an experiment with Burn's `Learner`, and the command line that all steps share.
//!
//! [`command_line::run_step`] is the `main` of every step crate: it reads the options, trains, keeps a state after every
//! epoch, writes the run's folder and prints the verdict beside the step before. The pieces below it can be used alone:
//! [`select_device`] turns a backend's name into a Burn device, [`train`] makes a run on it.

// wgpu's kernel types nest deeply.
#![recursion_limit = "256"]

mod backend;
mod checkpoints;
mod classifier;
pub mod command_line;
mod journal;
mod making;
pub mod output;
mod progress;
mod run;
mod schedule;
mod sgd;
pub mod signals;
mod statistics;
mod stop;
mod teacher;
mod terminal;
mod what_if;

pub use backend::{Backend, Selected, select_device};
pub use checkpoints::{Keeper, network_of};
pub use classifier::{Classifier, network};
pub use making::record;
pub use run::{Data, Trained, run_id, train};
pub use schedule::optimizer;
pub use stop::{Cause, Stop};
