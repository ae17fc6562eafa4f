//! # Step 3: dropout
//!
//! Run with `cargo run -p step-03-dropout`.
//!
//! [Step 2](step_02_batchnorm) with dropout in front of the classifier: in training, a tenth of the values behind the last ReLU are set to
//! zero at random.
//!
//! ## Target
//!
//! **99.0 %: no difference to step 2.** Dropout is for networks that fit their training images better than others. On the hold-out images step 2
//! has a gap of 0.3 points between training and test accuracy, so there is a little to gain. Here, though, the mean of each map follows, and the mean
//! over 36 positions hardly changes when a tenth of them are missing. Dropout behind *every* ReLU looked harmful: of six pairs of runs
//! that differ in nothing else, the one without it was better in all six (`plain` and `plain-dropout`, `plain-exact-stem-10-14` and the same
//! with dropout, in [what was tried](../../../results/search/README.md)). A network with 6,214 parameters has no value to spare in the middle of its layers.
//!
//! ## Result
//!
//! <!-- begin: result -->
//!
//! No run is recorded yet.
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! Follows the runs.

use experiment::{DropoutAfter, Experiment, Name, Recipe};

/// Step 2 with dropout.
pub fn experiment() -> Experiment {
    let previous = step_02_batchnorm::experiment();
    Experiment {
        name: Name::from_static("step-03-dropout"),
        title: "Step 3: dropout in front of the classifier".into(),
        recipe: Recipe {
            dropout: 0.1,
            dropout_after: DropoutAfter::LastRelu,
            ..previous.recipe
        },
        ..previous
    }
}
