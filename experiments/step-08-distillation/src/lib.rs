//! # Step 7: width
//!
//! Run with `cargo run -p step-08-distillation`.
//!
//! [Step 6](step_06_lr_scheduler) with wider layers, from 4,902 parameters to 7,942.
//!
//! ## Target
//!
//! 99.40 % or more in each of the last five epochs with each of the five seeds. Step 6 has 99.44 % on average and 99.33 % at the
//! lowest, and does not fit the images it is trained on, 99.07 % with augmentation, any better than the test images: it needs
//! neither more regularisation nor another end of the run, but capacity. Of the 8,000 parameters that the objective allows, 3,000
//! are left. On the hold-out images this network had 99.48 %, where step 6's had 99.35 % with the same seed and recipe (`r8a`
//! and `r5` in [what was tried](../../../results/search/README.md): one seed, the last five epochs without augmentation). As much
//! on the test images would be 99.55 % on average, and 0.1 points below that the lowest of 25.
//!
//! ## Result
//!
//! <!-- begin: result -->
//!
//! 7,942 parameters; 9.9 seconds an epoch with flex.
//!
//! | Seed |      Best test | Epoch | Right of 10,000 in the last 5 epochs |  Lowest |           Last |          Train | Train − test |  As trained on |
//! |------|----------------|-------|--------------------------------------|---------|----------------|----------------|--------------|----------------|
//! |    1 |        99.52 % |    14 |        9,946 9,948 9,948 9,952 9,950 | 99.46 % |        99.50 % |        99.60 % |        +0.10 |        99.28 % |
//! |    2 |        99.57 % |    13 |        9,952 9,951 9,957 9,955 9,954 | 99.51 % |        99.54 % |        99.63 % |        +0.09 |        99.32 % |
//! |    3 |        99.50 % |    14 |        9,943 9,942 9,945 9,950 9,949 | 99.42 % |        99.49 % |        99.65 % |        +0.16 |        99.28 % |
//! |    4 |        99.52 % |    10 |        9,951 9,952 9,950 9,948 9,952 | 99.48 % |        99.52 % |        99.61 % |        +0.10 |        99.25 % |
//! |    5 |        99.53 % |    11 |        9,953 9,950 9,953 9,952 9,953 | 99.50 % |        99.53 % |        99.64 % |        +0.11 |        99.30 % |
//! |   11 |        99.46 % |    12 |        9,943 9,946 9,945 9,945 9,944 | 99.43 % |        99.44 % |        99.61 % |        +0.17 |        99.29 % |
//! |   12 |        99.54 % |    13 |        9,951 9,950 9,954 9,953 9,952 | 99.50 % |        99.52 % |        99.59 % |        +0.07 |        99.30 % |
//! |   13 |        99.56 % |    15 |        9,950 9,955 9,948 9,952 9,956 | 99.48 % |        99.56 % |        99.59 % |        +0.03 |        99.21 % |
//! |  all | 99.52 ± 0.03 % |       |                                      | 99.42 % | 99.51 ± 0.04 % | 99.62 ± 0.02 % |   mean +0.10 | 99.28 ± 0.04 % |
//!
//! Train is the accuracy on the training images as they are, after the last epoch; train − test is in points. As trained
//! on: the same while training, with dropout and augmentation active wherever the step has them.
//!
//! From:
//! `results/step-08-distillation/seed-1.json`,
//! `results/step-08-distillation/seed-2.json`,
//! `results/step-08-distillation/seed-3.json`,
//! `results/step-08-distillation/seed-4.json`,
//! `results/step-08-distillation/seed-5.json`,
//! `results/step-08-distillation/seed-11.json`,
//! `results/step-08-distillation/seed-12.json`,
//! `results/step-08-distillation/seed-13.json`
//!
//! Against step-06-lr-scheduler: +0.05 points after the last epoch (95 % interval over seeds +0.01 to +0.09; p = 0.022 over images): better.
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! The target is met: with each of seeds 1 to 5, each of the last five epochs is at 99.40 % or above, 25 of 25, and so it is with three
//! seeds that were not tried before, 11 to 13. The lowest is 99.42 %, the mean 99.50 %, five hundredths less than was expected.
//!
//! - Against step 6 it is better by 0.05 points, with eight seeds each. With the five seeds that were planned no difference was shown,
//!   by a hair: p was 0.052 over the images. Whoever adds seeds until a test agrees will find that it does; these three were to be
//!   run whatever the first five showed, but the claim is as thin as that.
//! - What is different is how many of the last five epochs reach the target: 40 of 40, after 34 of 40. That is what a mean a little
//!   higher does to a count with a threshold just below it.
//! - It fits the training images better, 99.62 % as they are, after 99.52 %: it has the capacity to. The gap to the test images, 0.11
//!   points, is small still.
//! - A run wavers by 0.05 points over its last five epochs, from best to worst on average. Seeds differ less than the standard
//!   error of an accuracy on 10,000 images, 0.07 points: the choice of these 10,000 matters more than the seed.
//! - Why width and not depth: on the hold-out images five separable blocks with as many parameters had 99.38 %, three wide ones
//!   99.50 % (`u2` and `u1` in [what was tried](../../../results/search/README.md)). That is one run each: enough to choose by, not
//!   to claim by.

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
