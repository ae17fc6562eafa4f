//! # The frontier: how small can it be?
//!
//! Run with `cargo ladder run frontier --seeds 1-5`.
//!
//! The kind of network that the ladder ends with, from 2,000 to 8,000 parameters, each with the last step's recipe but for
//! dropout. The widths are those that did best on the hold-out images ([what was tried](../../../results/search/README.md)).
//!
//! ## Result
//!
//! <!-- begin: result -->
//!
//! No run is recorded yet.
//!
//! <!-- end: result -->

use experiment::{Experiment, Recipe};

/// The networks, smallest first.
pub fn experiments() -> Vec<Experiment> {
    let network = |name: &str, stem, blocks| {
        let last = step_07_width::experiment();
        Experiment {
            name: name.into(),
            title: format!("The frontier: {name}"),
            architecture: step_01_skeleton::body(stem, blocks)
                .factored_head(10)
                .with_batch_norm(),
            recipe: Recipe {
                dropout: 0.0,
                ..last.recipe
            },
        }
    };
    vec![
        network("about-2000", [4, 6], [12, 16, 16]),
        network("about-3000", [6, 8], [16, 20, 20]),
        network("about-4000", [8, 8], [20, 24, 28]),
        network("about-5000", [8, 8], [24, 28, 34]),
        network("about-6000", [8, 8], [28, 32, 40]),
        network("about-8000", [8, 12], [32, 40, 48]),
    ]
}
