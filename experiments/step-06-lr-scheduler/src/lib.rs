//! # Step 6: a learning-rate schedule
//!
//! Run with `cargo run -p step-06-lr-scheduler`.
//!
//! [Step 5](step_05_augmentation) with a learning rate that falls along half a cosine within eleven epochs, from ten times the constant rate
//! to a hundredth of it, and stays there for the last four. The high rate is part of the change: a rate that need not stay may begin higher.
//!
//! ![The learning rate by epoch on a linear and on a logarithmic axis: constant in steps 1 to 5; in step 6 it falls from ten times as high,
//! crosses the constant rate in the ninth epoch, and stays at a hundredth of it.](../../../results/learning-rate.svg)
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
//! 7,942 parameters; 5.3 seconds an epoch with flex.
//!
//! | Seed |      Best test | Epoch | Right of 10,000 in the last 5 epochs |  Lowest |           Mean |          Train | Train − test |  As trained on |
//! |------|----------------|-------|--------------------------------------|---------|----------------|----------------|--------------|----------------|
//! |    1 |        99.54 % |    10 |        9,951 9,952 9,951 9,951 9,951 | 99.51 % |        99.51 % |        99.61 % |        +0.10 |        99.24 % |
//! |    2 |        99.54 % |    14 |        9,951 9,951 9,952 9,954 9,953 | 99.51 % |        99.52 % |        99.61 % |        +0.08 |        99.22 % |
//! |    3 |        99.58 % |    11 |        9,958 9,956 9,957 9,957 9,958 | 99.56 % |        99.57 % |        99.64 % |        +0.06 |        99.24 % |
//! |    4 |        99.55 % |    10 |        9,952 9,952 9,953 9,953 9,952 | 99.52 % |        99.52 % |        99.62 % |        +0.10 |        99.27 % |
//! |    5 |        99.53 % |    10 |        9,951 9,951 9,950 9,951 9,953 | 99.50 % |        99.51 % |        99.64 % |        +0.11 |        99.30 % |
//! |    6 |        99.57 % |     9 |        9,950 9,951 9,949 9,951 9,951 | 99.49 % |        99.50 % |        99.61 % |        +0.10 |        99.27 % |
//! |    7 |        99.54 % |    11 |        9,954 9,954 9,953 9,952 9,951 | 99.51 % |        99.53 % |        99.62 % |        +0.11 |        99.26 % |
//! |    8 |        99.41 % |    14 |        9,939 9,939 9,940 9,941 9,940 | 99.39 % |        99.40 % |        99.61 % |        +0.20 |        99.27 % |
//! |    9 |        99.48 % |    13 |        9,946 9,947 9,948 9,948 9,945 | 99.45 % |        99.47 % |        99.62 % |        +0.17 |        99.24 % |
//! |   10 |        99.59 % |    10 |        9,957 9,957 9,955 9,957 9,956 | 99.55 % |        99.56 % |        99.57 % |        +0.01 |        99.22 % |
//! |   31 |        99.55 % |    13 |        9,951 9,953 9,955 9,953 9,953 | 99.51 % |        99.53 % |        99.62 % |        +0.09 |        99.28 % |
//! |   32 |        99.48 % |    10 |        9,946 9,946 9,946 9,945 9,945 | 99.45 % |        99.46 % |        99.62 % |        +0.17 |        99.22 % |
//! |   33 |        99.44 % |    11 |        9,944 9,943 9,943 9,943 9,943 | 99.43 % |        99.43 % |        99.65 % |        +0.22 |        99.26 % |
//! |   34 |        99.59 % |    15 |        9,957 9,957 9,958 9,958 9,959 | 99.57 % |        99.58 % |        99.60 % |        +0.01 |        99.21 % |
//! |   35 |        99.57 % |    11 |        9,957 9,957 9,956 9,955 9,956 | 99.55 % |        99.56 % |        99.62 % |        +0.06 |        99.29 % |
//! |   36 |        99.57 % |    11 |        9,957 9,956 9,956 9,957 9,957 | 99.56 % |        99.57 % |        99.64 % |        +0.07 |        99.29 % |
//! |   37 |        99.54 % |    10 |        9,953 9,952 9,953 9,953 9,953 | 99.52 % |        99.53 % |        99.61 % |        +0.08 |        99.28 % |
//! |   38 |        99.50 % |    10 |        9,947 9,947 9,947 9,949 9,950 | 99.47 % |        99.48 % |        99.60 % |        +0.10 |        99.25 % |
//! |   39 |        99.60 % |    15 |        9,957 9,959 9,958 9,958 9,960 | 99.57 % |        99.58 % |        99.58 % |        -0.02 |        99.22 % |
//! |   40 |        99.56 % |    10 |        9,956 9,955 9,956 9,955 9,955 | 99.55 % |        99.55 % |        99.63 % |        +0.08 |        99.28 % |
//! |  all | 99.54 ± 0.05 % |       |                                      | 99.39 % | 99.52 ± 0.05 % | 99.62 ± 0.02 % |   mean +0.10 | 99.26 ± 0.03 % |
//!
//! Lowest and mean are of the last 5 epochs. Train is the accuracy on the training images as they are, after the last
//! epoch; train − test, in points, is against the test accuracy after that epoch. As trained on: the same while training,
//! with dropout and augmentation active wherever the step has them.
//!
//! From:
//! `results/step-06-lr-scheduler/seed-1.json`,
//! `results/step-06-lr-scheduler/seed-2.json`,
//! `results/step-06-lr-scheduler/seed-3.json`,
//! `results/step-06-lr-scheduler/seed-4.json`,
//! `results/step-06-lr-scheduler/seed-5.json`,
//! `results/step-06-lr-scheduler/seed-6.json`,
//! `results/step-06-lr-scheduler/seed-7.json`,
//! `results/step-06-lr-scheduler/seed-8.json`,
//! `results/step-06-lr-scheduler/seed-9.json`,
//! `results/step-06-lr-scheduler/seed-10.json`,
//! `results/step-06-lr-scheduler/seed-31.json`,
//! `results/step-06-lr-scheduler/seed-32.json`,
//! `results/step-06-lr-scheduler/seed-33.json`,
//! `results/step-06-lr-scheduler/seed-34.json`,
//! `results/step-06-lr-scheduler/seed-35.json`,
//! `results/step-06-lr-scheduler/seed-36.json`,
//! `results/step-06-lr-scheduler/seed-37.json`,
//! `results/step-06-lr-scheduler/seed-38.json`,
//! `results/step-06-lr-scheduler/seed-39.json`,
//! `results/step-06-lr-scheduler/seed-40.json`
//!
//! Against step-05-augmentation: +0.31 points (95 % interval over seeds +0.28 to +0.34; p < 0.001 over images): better.
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! **Better by 0.31 points, and one epoch is as good as the next; what is left is the seed.**
//!
//! - The first half of the target is met: 99.52 ± 0.05 %, after 99.21 ± 0.04 %. The second is not: with seeds 1 to 10, 48 of 50 epochs hold 99.40 %, with the fresh seeds 31 to 40 50 of 50. 19 of 20 runs hold it in all
//!   five. The lowest epoch of all is 99.39 %.
//! - It is steady, as expected. The best and the worst of a run's last five epochs are 0.02 points apart on average, after 0.20. A run's last
//!   epoch is as good as any of its last five.
//! - It fits the training images better, 99.62 % after 99.29 %, and the augmented ones too, 99.26 % after 98.57 %: small steps find what large ones step over.
//! - What is left is the seed. The standard deviation over the seeds is 0.05 points, and the weakest run has 99.40 %, the strongest 99.58 %.
//!   Ten thousand test images cannot tell how much of that is the run and how much is these images ([the
//!   evidence](../../../docs/evidence.md)).
//! - *Exploratory.* Under noise it is right on 82.93 %, after 80.31 %, and the seeds differ by far more than on any other images. Nothing in the training
//!   prepares for noise.
//!
//! ## One thing to try
//!
//! Is it the high beginning or the low end? A cosine that begins at the constant rate has the low end alone:
//!
//! ```sh
//! cargo run -p step-06-lr-scheduler -- --schedule cosine,epochs=11,initial=1,final=0.01 --holdout
//! ```
//!
//! It is both. With seed 1 it is steady at 99.02 % (`step-06-lr-scheduler-low-start`), which is no more than step 5 has, with 99.10 % on average
//! (`step-05-augmentation`). Step 6 has 99.46 % (`step-06-lr-scheduler`). Small steps settle where they are; the large ones before have to find the place.

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
