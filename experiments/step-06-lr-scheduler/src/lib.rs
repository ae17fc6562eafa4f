//! # Step 6: a learning-rate schedule
//!
//! Run with `cargo run -p step-06-lr-scheduler`.
//!
//! [Step 5](step_05_augmentation) with a learning rate that falls along half a cosine within eleven epochs, from 0.1, ten times the constant
//! rate, to 0.0001, a hundredth of it, and stays there for the last four. The high rate is part of the change: a rate that need not
//! stay may begin higher.
//!
//! ## Target
//!
//! **99.5 %, and 99.40 % or more in each of the last five epochs with every seed.** On the hold-out images step 5's accuracy rises and falls by
//! a tenth of a point from one epoch to the next: the weights move too far with each step to settle. Large steps find a
//! good region, small ones settle in it. On the hold-out images the same network with this schedule and without dropout held 99.40 % in 20 of
//! 20 epochs (`plain-exact-still-wide` in [what was tried](../../../results/search/README.md)), on average at 99.48 %; with a
//! rate ten times as high in the end, a run's last five epochs differed more.
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

use experiment::{Experiment, Name, Recipe, Schedule};

/// Step 5 with a learning rate that falls.
pub fn experiment() -> Experiment {
    let previous = step_05_augmentation::experiment();
    Experiment {
        name: Name::from_static("step-06-lr-scheduler"),
        title: "Step 6: a learning rate that falls along a cosine".into(),
        recipe: Recipe {
            // Ten times as high as a constant rate can be, since it falls. A hundredth of the constant rate for the last four epochs:
            // the weights hardly move any more, so one epoch is as good as the next.
            schedule: Schedule::Cosine {
                initial_factor: 10.0,
                epochs: 11,
                final_factor: 0.01,
            },
            ..previous.recipe
        },
        ..previous
    }
}
