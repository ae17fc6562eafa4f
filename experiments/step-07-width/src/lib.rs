//! # Step 7: width
//!
//! Run with `cargo run -p step-07-width`.
//!
//! [Step 6](step_06_lr_scheduler) with wider layers, from 4,902 parameters to 5,782: 12 instead of 8 channels before the max-pool,
//! and 32 and 36 instead of 28 and 34 in the last two blocks.
//!
//! ## Target
//!
//! 99.47 % on average over the last five epochs. Step 6 has 99.44 %, 99.33 % at the lowest, and does not fit the images it is trained
//! on, 99.07 % with augmentation, any better than the test images: it needs neither more regularisation nor another end of the run,
//! but capacity. 6,000 parameters is what a network of this kind is to have at most, so 900 more, which is not much: a network of 7,942
//! with this recipe had 99.50 % (commit 2ed2216, eight seeds), three times as many more. Not to be expected is that it holds 99.40 % in every
//! epoch of every seed: between the best and the worst seed of step 6 there are 0.11 points.
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

use experiment::Experiment;

/// Step 6 with wider layers.
pub fn experiment() -> Experiment {
    let previous = step_06_lr_scheduler::experiment();
    Experiment {
        name: "step-07-width".into(),
        title: "Step 7: wider layers, up to 6,000 parameters".into(),
        architecture: step_01_skeleton::body([8, 12], [24, 32, 36])
            .factored_head(10)
            .with_batch_norm(),
        ..previous
    }
}
