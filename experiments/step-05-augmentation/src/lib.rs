//! # Step 5: augmentation
//!
//! Run with `cargo run -p step-05-augmentation`.
//!
//! [Step 4](step_04_fc) with training images that are changed at random in every epoch: shifted by up to 2 pixels, turned by up to 10°, and
//! scaled by up to 10 %.
//!
//! ![Four training digits, each as it is and in six augmented versions: a little moved, turned, larger or smaller, and always the same
//! digit.](../../../results/augmented.svg)
//!
//! ## Target
//!
//! **99.3 %, 0.3 points above step 4, and a gap that is nearly gone.** On the hold-out images step 4 fits 99.6 % of its training images and 98.9 %
//! of the others: it remembers. Augmentation makes up for training images that are missing, and no image is ever seen twice. It also
//! makes each harder, so the training accuracy should fall.
//!
//! ## Result
//!
//! <!-- begin: result -->
//!
//! 7,942 parameters; 7.2 seconds an epoch with flex.
//!
//! | Seed |      Best test | Epoch | Right of 10,000 in the last 5 epochs |  Lowest |           Mean |          Train | Train − test |  As trained on |
//! |------|----------------|-------|--------------------------------------|---------|----------------|----------------|--------------|----------------|
//! |    1 |        99.35 % |    15 |        9,912 9,929 9,922 9,918 9,935 | 99.12 % |        99.23 % |        99.29 % |        -0.06 |        98.60 % |
//! |    2 |        99.34 % |    15 |        9,926 9,925 9,930 9,928 9,934 | 99.25 % |        99.29 % |        99.34 % |        +0.00 |        98.58 % |
//! |    3 |        99.33 % |    15 |        9,916 9,918 9,914 9,915 9,933 | 99.14 % |        99.19 % |        99.34 % |        +0.02 |        98.56 % |
//! |    4 |        99.33 % |    15 |        9,922 9,923 9,920 9,914 9,933 | 99.14 % |        99.22 % |        99.28 % |        -0.05 |        98.62 % |
//! |    5 |        99.28 % |    13 |        9,902 9,917 9,928 9,915 9,915 | 99.02 % |        99.15 % |        99.27 % |        +0.11 |        98.53 % |
//! |    6 |        99.29 % |    10 |        9,917 9,924 9,928 9,915 9,918 | 99.15 % |        99.20 % |        99.29 % |        +0.11 |        98.61 % |
//! |    7 |        99.36 % |    14 |        9,917 9,923 9,923 9,936 9,934 | 99.17 % |        99.27 % |        99.44 % |        +0.10 |        98.61 % |
//! |    8 |        99.34 % |    15 |        9,918 9,922 9,914 9,927 9,934 | 99.14 % |        99.23 % |        99.33 % |        -0.01 |        98.61 % |
//! |    9 |        99.38 % |    12 |        9,929 9,938 9,926 9,916 9,928 | 99.16 % |        99.27 % |        99.37 % |        +0.09 |        98.57 % |
//! |   10 |        99.26 % |    15 |        9,916 9,905 9,918 9,918 9,926 | 99.05 % |        99.17 % |        99.28 % |        +0.02 |        98.54 % |
//! |   31 |        99.30 % |    10 |        9,928 9,918 9,910 9,922 9,915 | 99.10 % |        99.19 % |        99.34 % |        +0.19 |        98.61 % |
//! |   32 |        99.28 % |    13 |        9,913 9,915 9,928 9,918 9,921 | 99.13 % |        99.19 % |        99.29 % |        +0.08 |        98.63 % |
//! |   33 |        99.34 % |    14 |        9,907 9,908 9,918 9,934 9,934 | 99.07 % |        99.20 % |        99.22 % |        -0.12 |        98.47 % |
//! |   34 |        99.39 % |    14 |        9,924 9,922 9,929 9,939 9,938 | 99.22 % |        99.30 % |        99.24 % |        -0.14 |        98.63 % |
//! |   35 |        99.29 % |    10 |        9,921 9,926 9,922 9,923 9,901 | 99.01 % |        99.19 % |        99.09 % |        +0.08 |        98.45 % |
//! |   36 |        99.27 % |    13 |        9,908 9,925 9,927 9,927 9,923 | 99.08 % |        99.22 % |        99.25 % |        +0.02 |        98.56 % |
//! |   37 |        99.27 % |    15 |        9,918 9,907 9,923 9,914 9,927 | 99.07 % |        99.18 % |        99.22 % |        -0.05 |        98.65 % |
//! |   38 |        99.24 % |    13 |        9,910 9,907 9,924 9,914 9,915 | 99.07 % |        99.14 % |        99.26 % |        +0.11 |        98.52 % |
//! |   39 |        99.33 % |    14 |        9,911 9,925 9,923 9,933 9,918 | 99.11 % |        99.22 % |        99.22 % |        +0.04 |        98.50 % |
//! |   40 |        99.33 % |    15 |        9,901 9,921 9,923 9,925 9,933 | 99.01 % |        99.21 % |        99.35 % |        +0.02 |        98.59 % |
//! |  all | 99.31 ± 0.04 % |       |                                      | 99.01 % | 99.21 ± 0.04 % | 99.29 ± 0.07 % |   mean +0.03 | 98.57 ± 0.05 % |
//!
//! Lowest and mean are of the last 5 epochs. Train is the accuracy on the training images as they are, after the last
//! epoch; train − test, in points, is against the test accuracy after that epoch. As trained on: the same while training,
//! with dropout and augmentation active wherever the step has them.
//!
//! From:
//! `results/step-05-augmentation/seed-1.json`,
//! `results/step-05-augmentation/seed-2.json`,
//! `results/step-05-augmentation/seed-3.json`,
//! `results/step-05-augmentation/seed-4.json`,
//! `results/step-05-augmentation/seed-5.json`,
//! `results/step-05-augmentation/seed-6.json`,
//! `results/step-05-augmentation/seed-7.json`,
//! `results/step-05-augmentation/seed-8.json`,
//! `results/step-05-augmentation/seed-9.json`,
//! `results/step-05-augmentation/seed-10.json`,
//! `results/step-05-augmentation/seed-31.json`,
//! `results/step-05-augmentation/seed-32.json`,
//! `results/step-05-augmentation/seed-33.json`,
//! `results/step-05-augmentation/seed-34.json`,
//! `results/step-05-augmentation/seed-35.json`,
//! `results/step-05-augmentation/seed-36.json`,
//! `results/step-05-augmentation/seed-37.json`,
//! `results/step-05-augmentation/seed-38.json`,
//! `results/step-05-augmentation/seed-39.json`,
//! `results/step-05-augmentation/seed-40.json`
//!
//! Against step-04-fc: +0.15 points (95 % interval over seeds +0.12 to +0.19; p < 0.001 over images): better.
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! **Better by 0.15 points, and the gap between training and test images is gone.**
//!
//! - 99.21 ± 0.04 %, after 99.06 ± 0.06 %. The target, 99.3 %, is missed by 0.1 points.
//! - The gap between training and test accuracy falls to 0.03 points, from 0.43: the network can no longer remember what it never sees twice.
//! - The price is that the images it trains on are harder: as trained on, it is right on 98.57 % of them, after 99.26 %. On the training images as they
//!   are it is right on 99.29 %, after 99.50 %. With fifteen epochs at this rate it is not done.
//! - *Exploratory.* What augmentation is for shows on disturbed images: shifted by 3 pixels, one more than it was trained with, 97.86 % after 88.69 %;
//!   turned by 15°, 98.10 % after 97.08 %. Noise was not among the changes, and there it loses 13.84 points.
//!
//! ## One thing to try
//!
//! Would more help more? Twice as strong:
//!
//! ```sh
//! cargo run -p step-05-augmentation -- --augmentation translation=4,rotation=20,scaling=0.2 --holdout
//! ```
//!
//! With seed 1 98.73 % (`step-05-augmentation-doubled`), after 99.10 % on average (`step-05-augmentation`). It is right on fewer of the
//! training images as they are, too, 98.87 %: it is shown harder digits than it can learn in fifteen epochs at this rate.

use experiment::{Experiment, Name, Recipe};
use mnist::Augmentation;

/// Step 4 with augmented training images.
pub fn experiment() -> Experiment {
    let previous = step_04_fc::experiment();
    let augmentation = Augmentation {
        // A digit's box of 20 pixels has 4 to spare on each side.
        translation_pixels: 2.0,
        // Writers slant by this much; at 45° a 7 would be a 1.
        rotation_degrees: 10.0,
        scaling: 0.1,
        shear_degrees: 0.0,
        elastic_pixels: 0.0,
    };
    Experiment {
        name: Name::from_static("step-05-augmentation"),
        title: "Step 5: every training image randomly shifted, turned and scaled".into(),
        recipe: Recipe {
            augmentation: Some(augmentation),
            ..previous.recipe
        },
        ..previous
    }
}
