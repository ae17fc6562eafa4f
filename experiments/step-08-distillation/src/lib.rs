//! # Step 8: distillation
//!
//! Run with `cargo run -p step-08-distillation`.
//!
//! [Step 7](step_07_width) with a teacher: a network of 25,822 parameters is trained first, on the same images and by the same recipe,
//! and nine tenths of the loss are then how far the network's probabilities are from the teacher's.
//!
//! The teacher takes 15 epochs of its own. What is used in the end is the network that learned from it, trained for 15 epochs like all others.
//!
//! ## Target
//!
//! 99.40 % or more in each of the last five epochs with each of the five seeds, and 99.5 % on average. More capacity is not to be had below
//! 6,000 parameters, but more can be had of each image. A label says what a digit is; the teacher also says what else it
//! resembles, and how much, also of the augmented image where a label may no longer be quite true. And it says the same
//! to every seed, so that seeds should differ less. On the hold-out images the teacher has 99.61 % (`t3` in [what was
//! tried](../../../results/search/README.md)), and networks of 5,782 to 5,930 parameters that learned from it 99.47 to 99.50 %, where without
//! one they had 99.44 % (`y-d005`).
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
//! To be written from the runs.

use experiment::{Distillation, Experiment, Recipe};
use model_core::Architecture;

/// Step 7 with a teacher.
pub fn experiment() -> Experiment {
    let previous = step_07_width::experiment();
    Experiment {
        name: "step-08-distillation".into(),
        title: "Step 8: a larger network teaches".into(),
        recipe: Recipe {
            distillation: Some(Distillation {
                teacher: teacher(),
                // So that a class which the teacher gives a hundredth of the probability still counts.
                temperature: 2.0,
                weight: 0.9,
            }),
            ..previous.recipe
        },
        ..previous
    }
}

/// Five times the parameters: convolutions instead of separable blocks.
fn teacher() -> Architecture {
    let pooled = Architecture::new(1, 28)
        .convolution_block(12, 3)
        .convolution_block(16, 3)
        .max_pool(2);
    [24, 32, 40]
        .into_iter()
        .fold(pooled, |network, width| network.convolution_block(width, 3))
        .factored_head(10)
        .with_batch_norm()
}
