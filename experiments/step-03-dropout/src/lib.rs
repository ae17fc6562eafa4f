//! # Step 3: dropout
//!
//! Run with `cargo run -p step-03-dropout`.
//!
//! [Step 2](step_02_batchnorm) with dropout: in training, two values in a thousand behind each ReLU are set to zero at random.
//!
//! ## Target
//!
//! **99.0 %: no difference to step 2.** Dropout is for networks that fit their training images better than others. On the hold-out images step 2
//! has a gap of 0.3 points between training and test accuracy, so there is something to gain, but dropout also costs capacity, and a network
//! with 6,214 parameters has little to spare. Published networks of this size left dropout out because it hurt. Larger amounts looked
//! harmful on the hold-out images (`plain-exact-stem-10-14-dropout` and `plain-exact-stem-10-14-dropout-20` in [what was
//! tried](../../../results/search/README.md)), so it is kept this small.
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

use experiment::{Experiment, Name, Recipe};

/// Step 2 with dropout.
pub fn experiment() -> Experiment {
    let previous = step_02_batchnorm::experiment();
    Experiment {
        name: Name::from_static("step-03-dropout"),
        title: "Step 3: dropout after every ReLU".into(),
        recipe: Recipe {
            dropout: 0.1,
            ..previous.recipe
        },
        ..previous
    }
}
