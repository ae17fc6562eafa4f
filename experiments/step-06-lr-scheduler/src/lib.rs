//! # Step 6: a learning-rate schedule
//!
//! Run with `cargo run -p step-06-lr-scheduler`.
//!
//! [Step 5](step_05_augmentation) with a learning rate that falls along half a cosine, from 0.1, twice what it was, to 0.001 within
//! eleven epochs, and stays there for the last four.
//!
//! ## Target
//!
//! 99.5 %, and 99.40 % or more in each of the last five epochs with each of the five seeds. Since step 2 every network has been better
//! on the statistics of its batches than on the running ones it is evaluated with, and no two epochs end alike: the weights move too far
//! from one step to the next. With smaller steps in the end they should settle, and the statistics with them. On the hold-out images
//! this recipe has 99.38 and 99.39 % with two seeds, and no epoch of the last five below 99.35 % (`q5c-d005` in
//! [what was tried](../../../results/search/README.md)). Test images are easier, and there are 10,000 more to train on: an earlier
//! network of this ladder had 99.33 and 99.34 % there (`cal`) and 99.52 % on the test images with the one seed it was run with
//! (commit 6555e6d). The fall ends after eleven epochs, since it is the last five that count: down to zero in the fifteenth, the last epoch
//! is no worse, but the eleventh is (`b5k-cos1`: 99.18 and 99.31 %, then 99.47 and 99.38 %).
//!
//! ## Result
//!
//! <!-- begin: result -->
//!
//! 4,902 parameters; 7.6 seconds an epoch with flex.
//!
//! | Seed |      Best test | Epoch | Right of 10,000 in the last 5 epochs |  Lowest |           Last |          Train | Train − test |  As trained on |
//! |------|----------------|-------|--------------------------------------|---------|----------------|----------------|--------------|----------------|
//! |    1 |        99.49 % |    12 |        9,945 9,949 9,946 9,943 9,949 | 99.43 % |        99.49 % |        99.54 % |        +0.05 |        99.03 % |
//! |    2 |        99.46 % |    14 |        9,940 9,938 9,942 9,946 9,946 | 99.38 % |        99.46 % |        99.52 % |        +0.06 |        99.05 % |
//! |    3 |        99.51 % |    11 |        9,951 9,947 9,951 9,948 9,940 | 99.40 % |        99.40 % |        99.51 % |        +0.11 |        99.08 % |
//! |    4 |        99.43 % |    15 |        9,933 9,938 9,936 9,938 9,943 | 99.33 % |        99.43 % |        99.54 % |        +0.11 |        99.08 % |
//! |    5 |        99.51 % |    15 |        9,949 9,946 9,948 9,948 9,951 | 99.46 % |        99.51 % |        99.52 % |        +0.01 |        99.10 % |
//! |   11 |        99.52 % |    13 |        9,951 9,948 9,952 9,946 9,950 | 99.46 % |        99.50 % |        99.52 % |        +0.02 |        99.12 % |
//! |   12 |        99.51 % |    12 |        9,949 9,951 9,947 9,951 9,945 | 99.45 % |        99.45 % |        99.50 % |        +0.05 |        99.12 % |
//! |   13 |        99.45 % |    13 |        9,939 9,944 9,945 9,942 9,944 | 99.39 % |        99.44 % |        99.48 % |        +0.04 |        99.03 % |
//! |  all | 99.48 ± 0.03 % |       |                                      | 99.33 % | 99.46 ± 0.04 % | 99.52 ± 0.02 % |   mean +0.06 | 99.08 ± 0.04 % |
//!
//! Train is the accuracy on the training images as they are, after the last epoch; train − test is in points. As trained
//! on: the same while training, with dropout and augmentation active wherever the step has them.
//!
//! From:
//! `results/step-06-lr-scheduler/seed-1.json`,
//! `results/step-06-lr-scheduler/seed-2.json`,
//! `results/step-06-lr-scheduler/seed-3.json`,
//! `results/step-06-lr-scheduler/seed-4.json`,
//! `results/step-06-lr-scheduler/seed-5.json`,
//! `results/step-06-lr-scheduler/seed-11.json`,
//! `results/step-06-lr-scheduler/seed-12.json`,
//! `results/step-06-lr-scheduler/seed-13.json`
//!
//! Against step-05-augmentation: +1.05 points after the last epoch (95 % interval over seeds +0.17 to +1.92; p < 0.001 over images): better.
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! Better, by 1.05 points, and that is shown. The first half of the target is met but for 0.06 points: over the last five epochs of seeds 1 to 5
//! the mean is 99.44 %. The second half is not: 20 of these 25 are at 99.40 % or above, the lowest is 99.33 %. Seeds 1, 3 and 5 hold it
//! in each of their last five epochs, seed 2 in four, seed 4 in one. Of three fresh seeds, 11 and 12 hold it in all five, 13 in four.
//! What follows is of seeds 1 to 5, with which the next step was planned.
//!
//! - It steadies, as expected: the best and the worst of a run's last five epochs are 0.08 points apart on average, after 0.89, and the
//!   seeds' standard deviation after the last epoch is 0.04 points, after 0.70. A run's last epoch is now as good as any of its last five.
//! - The statistics settle too: on the training images as they are the networks have 99.53 %, 1.2 points more than in step 5, while as
//!   trained on, where each batch has its own statistics, they gained 1.1 points.
//! - It is 0.07 points better on training images than on test images, and as trained on it has 99.07 %: it does not fit the augmented
//!   images either. More regularisation cannot be what it lacks.
//! - What keeps it from holding the target is not the end of a run but the seed: seed 4 stays at 99.33 to 99.43 %, seed 3 at 99.40
//!   to 99.51 %. To train the last epochs on images without augmentation did nothing for that on the hold-out images (`r4` and `r5` in
//!   [what was tried](../../../results/search/README.md), 99.34 and 99.35 % where seed 1 had 99.38 % without). So the mean has to
//!   rise, by about the 0.07 points that the lowest epoch is short of.

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
