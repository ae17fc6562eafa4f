//! # The frontier: how small can it be?
//!
//! Run with `cargo ladder run frontier --seeds 1-5`.

use experiment::Experiment;

/// The networks, smallest first.
pub fn experiments() -> Vec<Experiment> {
    Vec::new()
}
