//! What is trained, as plain data: an [`Experiment`] is a network and a [`Recipe`] to train it.
//!
//! Training reads experiments and leaves records, reports read records; so this crate knows neither.

mod experiment;
mod name;
mod recipe;

pub use experiment::{Experiment, MAX_EXPERIMENT_BYTES, check_line, check_networks, parse_json};
pub use name::Name;
pub use recipe::{Distillation, DropoutAfter, Optimizer, Recipe, Schedule};
