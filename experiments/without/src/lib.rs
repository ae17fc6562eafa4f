//! # What each ingredient brings in the end
//!
//! Run with `cargo ladder run without --seeds 1-10`.
//!
//! [Step 6](step_06_lr_scheduler) with one of its ingredients left out, and all others there. The ladder says what an ingredient
//! brings when it comes in; this says what would be lost without it once all others are in. The schedule has no row of its
//! own to train: step 6 without it is [step 5](../../step-05-augmentation/src/lib.rs).
//!
//! ## Result
//!
//! <!-- begin: result -->
//!
//! | Left out     | Parameters |       Accuracy | Difference (points) | 95 % interval, seeds | p, images | Shown | Lowest of last 5 | At 99.40 % or above | Seeds |
//! |--------------|------------|----------------|---------------------|----------------------|-----------|-------|------------------|---------------------|-------|
//! | nothing      |      7,942 | 99.52 ± 0.05 % |                     |                      |           |       |          99.39 % |           98 of 100 |    20 |
//! | the schedule |      7,942 | 99.22 ± 0.04 % |               -0.30 |       -0.33 to -0.26 |   < 0.001 | worse |          99.02 % |             0 of 50 |    10 |
//!
//! <!-- end: result -->

use experiment::{Experiment, Name, Recipe};

/// The last step without batch normalisation, dropout, the fully connected layer, and augmentation, one at a time.
pub fn experiments() -> Vec<Experiment> {
    let whole = step_06_lr_scheduler::experiment();
    let recipe = &whole.recipe;
    vec![
        Experiment {
            architecture: step_01_skeleton::body().factored_head(10),
            ..left_out("without-batchnorm", "batch normalisation")
        },
        Experiment {
            recipe: Recipe {
                dropout: 0.0,
                ..recipe.clone()
            },
            ..left_out("without-dropout", "dropout")
        },
        Experiment {
            architecture: step_01_skeleton::body()
                .convolution_head(10)
                .with_batch_norm(),
            ..left_out("without-fc", "the fully connected layer")
        },
        Experiment {
            recipe: Recipe {
                augmentation: None,
                ..recipe.clone()
            },
            ..left_out("without-augmentation", "augmentation")
        },
    ]
}

/// The last step under another name.
fn left_out(name: &'static str, what: &str) -> Experiment {
    Experiment {
        name: Name::from_static(name),
        title: format!("Step 6 without {what}"),
        ..step_06_lr_scheduler::experiment()
    }
}
