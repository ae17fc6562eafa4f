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
use model_core::Architecture;

/// The networks, smallest first.
pub fn experiments() -> Vec<Experiment> {
    let image = || Architecture::new(1, 28);
    let linear = |network: Architecture, width| network.linear_separable_block(width, 3);
    let separable = |network: Architecture, width| network.separable_block(width, 3);
    vec![
        network("about-2000", step_01_skeleton::body([4, 6], [12, 16, 16])),
        network(
            "about-3000",
            [16, 20, 22].into_iter().fold(
                image()
                    .convolution_block(6, 3)
                    .convolution_block(8, 3)
                    .max_pool(2),
                linear,
            ),
        ),
        network(
            "about-4000",
            [20, 24, 32].into_iter().fold(
                image()
                    .convolution_block(8, 3)
                    .separable_block(16, 3)
                    .max_pool(2),
                separable,
            ),
        ),
        network("about-5000", step_01_skeleton::body([8, 8], [24, 28, 34])),
        network("about-6000", step_01_skeleton::body([8, 8], [24, 32, 40])),
        network("about-8000", step_01_skeleton::body([8, 12], [32, 40, 48])),
    ]
}

/// The experiment with this network: the last step's recipe, without dropout.
fn network(name: &str, body: Architecture) -> Experiment {
    let last = step_07_width::experiment();
    Experiment {
        name: name.into(),
        title: format!("The frontier: {name}"),
        architecture: body.factored_head(10).with_batch_norm(),
        recipe: Recipe {
            dropout: 0.0,
            ..last.recipe
        },
    }
}
