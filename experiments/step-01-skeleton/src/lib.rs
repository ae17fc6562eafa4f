//! # Step 1: the skeleton
//!
//! Run with `cargo run -p step-01-skeleton`.
//!
//! Two 3×3 convolutions and a max-pool, three depthwise-separable blocks, a 1×1 convolution to ten maps, and the mean of each map as
//! the score of its class. Each convolution has a bias, and all but the last a ReLU. No batch normalisation, no dropout, no fully
//! connected layer, no augmentation, a constant learning rate: all later steps are measured against this one.
//! [The network](../../../docs/network.md) explains the terms.
//!
//! ## Target
//!
//! **98.5 %.** LeNet-5 reaches *99.05 %* with *60,000* parameters (LeCun et al. 1998, without distorted training images); this network
//! has a tenth of them. It is nine layers deep, and nothing keeps its activations at one scale from layer to layer, so it should train
//! less well than it could. It can see a whole digit: the receptive field at the last 3×3 convolution is 18 pixels, and MNIST's digits
//! fit into 20. On the hold-out images, three seeds reached 98.38 % on average (`step-01-skeleton` in [what was
//! tried](../../../results/search/README.md)). Test images are a little easier than those, and there are 10,000 more to train on.
//!
//! ## Result
//!
//! <!-- begin: result -->
//!
//! 5,990 parameters; 5.6 seconds an epoch with flex.
//!
//! | Seed |      Best test | Epoch | Right of 10,000 in the last 5 epochs |  Lowest |           Mean |          Train | Train − test |  As trained on |
//! |------|----------------|-------|--------------------------------------|---------|----------------|----------------|--------------|----------------|
//! |    1 |        98.97 % |    14 |        9,848 9,865 9,878 9,897 9,893 | 98.48 % |        98.76 % |        98.84 % |        -0.09 |        98.70 % |
//! |    2 |        98.95 % |    11 |        9,895 9,871 9,870 9,878 9,868 | 98.68 % |        98.76 % |        98.72 % |        +0.04 |        98.73 % |
//! |    3 |        98.59 % |    14 |        9,854 9,852 9,858 9,859 9,842 | 98.42 % |        98.53 % |        98.52 % |        +0.10 |        98.55 % |
//! |    4 |        98.66 % |    14 |        9,843 9,822 9,861 9,866 9,849 | 98.22 % |        98.48 % |        98.65 % |        +0.16 |        98.58 % |
//! |    5 |        98.81 % |    12 |        9,815 9,881 9,822 9,867 9,816 | 98.15 % |        98.40 % |        98.38 % |        +0.22 |        98.58 % |
//! |    6 |        98.63 % |    10 |        9,814 9,758 9,803 9,834 9,819 | 97.58 % |        98.06 % |        98.43 % |        +0.24 |        98.40 % |
//! |    7 |        98.82 % |    14 |        9,863 9,864 9,848 9,882 9,852 | 98.48 % |        98.62 % |        98.68 % |        +0.16 |        98.77 % |
//! |    8 |        98.75 % |    15 |        9,845 9,868 9,855 9,870 9,875 | 98.45 % |        98.63 % |        98.84 % |        +0.09 |        98.65 % |
//! |    9 |        98.61 % |    15 |        9,763 9,814 9,835 9,848 9,861 | 97.63 % |        98.24 % |        98.67 % |        +0.06 |        98.38 % |
//! |   10 |        98.70 % |    14 |        9,809 9,832 9,862 9,870 9,777 | 97.77 % |        98.30 % |        97.83 % |        +0.06 |        98.50 % |
//! |   31 |        98.91 % |    13 |        9,880 9,820 9,891 9,886 9,847 | 98.20 % |        98.65 % |        98.44 % |        -0.03 |        98.73 % |
//! |   32 |        99.04 % |    15 |        9,879 9,882 9,900 9,868 9,904 | 98.68 % |        98.87 % |        99.01 % |        -0.03 |        98.74 % |
//! |   33 |        98.83 % |    15 |        9,840 9,875 9,874 9,877 9,883 | 98.40 % |        98.70 % |        98.75 % |        -0.08 |        98.67 % |
//! |   34 |        98.68 % |    15 |        9,832 9,830 9,864 9,818 9,868 | 98.18 % |        98.42 % |        98.73 % |        +0.05 |        98.52 % |
//! |   35 |        98.84 % |    14 |        9,866 9,882 9,871 9,884 9,862 | 98.62 % |        98.73 % |        98.61 % |        -0.01 |        98.57 % |
//! |   36 |        98.87 % |    15 |        9,851 9,837 9,860 9,867 9,887 | 98.37 % |        98.60 % |        99.09 % |        +0.22 |        98.66 % |
//! |   37 |        98.63 % |    11 |        9,863 9,856 9,816 9,852 9,827 | 98.16 % |        98.43 % |        98.54 % |        +0.27 |        98.64 % |
//! |   38 |        98.91 % |    14 |        9,873 9,858 9,857 9,891 9,887 | 98.57 % |        98.73 % |        98.87 % |        -0.00 |        98.58 % |
//! |   39 |        98.86 % |    12 |        9,848 9,886 9,828 9,858 9,796 | 97.96 % |        98.43 % |        97.88 % |        -0.08 |        98.69 % |
//! |   40 |        98.72 % |    14 |        9,829 9,842 9,849 9,872 9,828 | 98.28 % |        98.44 % |        98.56 % |        +0.28 |        98.71 % |
//! |  all | 98.79 ± 0.13 % |       |                                      | 97.58 % | 98.54 ± 0.20 % | 98.60 ± 0.31 % |   mean +0.08 | 98.62 ± 0.11 % |
//!
//! Lowest and mean are of the last 5 epochs. Train is the accuracy on the training images as they are, after the last
//! epoch; train − test, in points, is against the test accuracy after that epoch. As trained on: the same while training,
//! with dropout and augmentation active wherever the step has them.
//!
//! From:
//! `results/step-01-skeleton/seed-1.json`,
//! `results/step-01-skeleton/seed-2.json`,
//! `results/step-01-skeleton/seed-3.json`,
//! `results/step-01-skeleton/seed-4.json`,
//! `results/step-01-skeleton/seed-5.json`,
//! `results/step-01-skeleton/seed-6.json`,
//! `results/step-01-skeleton/seed-7.json`,
//! `results/step-01-skeleton/seed-8.json`,
//! `results/step-01-skeleton/seed-9.json`,
//! `results/step-01-skeleton/seed-10.json`,
//! `results/step-01-skeleton/seed-31.json`,
//! `results/step-01-skeleton/seed-32.json`,
//! `results/step-01-skeleton/seed-33.json`,
//! `results/step-01-skeleton/seed-34.json`,
//! `results/step-01-skeleton/seed-35.json`,
//! `results/step-01-skeleton/seed-36.json`,
//! `results/step-01-skeleton/seed-37.json`,
//! `results/step-01-skeleton/seed-38.json`,
//! `results/step-01-skeleton/seed-39.json`,
//! `results/step-01-skeleton/seed-40.json`
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! **The mean is 98.54 %, and the seeds lie up to 0.8 points apart: it is hard to train, it does not overfit.**
//!
//! - The target is reached: 98.54 ± 0.20 %.
//! - It does not overfit: it is right on 98.60 % of the training images, 0.08 points more than of the test images.
//! - It depends on where it starts. After the first epoch the seeds lie between 92.08 and 96.51 %, and in the end between 98.06 and
//!   98.87 %. Nine layers in a row each scale what they are given, and with few channels it matters when some of them never respond.
//! - It is not steady. The best and the worst of a run's last five epochs are 0.51 points apart on average, although the constant rate is low.
//! - Its accuracy drops most where digits are moved: 92.20 % when they are shifted by 3 pixels. The mean of a map does not care where
//!   something is. But the convolutions have no padding, so fewer values see the border, and in training no digit ever comes near it.
//! - Noise does not matter much, 95.68 %. The next step changes that.
//!
//! ## One thing to try
//!
//! Is the rate too low? What is to be chosen is tried on hold-out images, never on test images:
//!
//! ```sh
//! cargo run -p step-01-skeleton -- --learning-rate 0.05 --holdout
//! ```
//!
//! With seed 1 it is right on 98.48 % (`step-01-skeleton-rate-5`); with the rate of 0.01, three seeds have 98.38 % on average (`step-01-skeleton`). Five times
//! the rate is neither better nor worse, as far as one run can tell. The next step should stand more.

use architecture::Architecture;
use experiment::{DropoutAfter, Experiment, Name, Optimizer, Recipe, Schedule};

/// The network and recipe that all later steps build on.
pub fn experiment() -> Experiment {
    Experiment {
        name: Name::from_static("step-01-skeleton"),
        title: "Step 1: the skeleton, convolutions and nothing else".into(),
        architecture: body().convolution_head(10),
        recipe: Recipe {
            // The usual values for small networks. On hold-out images more momentum with less decay (`plain-momentum`) and twice the
            // decay (`plain-decay`) were worse.
            optimizer: Optimizer::Sgd {
                momentum: 0.9,
                nesterov: true,
                weight_decay: 5e-4,
            },
            // Low enough to stay at until the end.
            learning_rate: 0.01,
            schedule: Schedule::Constant,
            // Some 900 updates an epoch. Batches of 32 (`plain-batch-32`) were no better and take longer.
            batch_size: 64,
            // As many as the objective allows.
            epochs: 15,
            dropout: 0.0,
            dropout_after: DropoutAfter::EveryRelu,
            augmentation: None,
            refinement_epochs: 0,
            // Of no effect before batch normalisation comes in.
            statistics_images: 6_000,
            label_smoothing: 0.0,
            distillation: None,
            trial: None,
        },
    }
}

/// All layers but the head: what every step has.
pub fn body() -> Architecture {
    separable(8, 12, [32, 40, 48])
}

/// Two convolutions of these widths, a max-pool, and separable blocks of these: a channel more costs a separable block a third of what
/// it costs a convolution of 3×3.
pub fn separable<const BLOCKS: usize>(
    first: usize,
    second: usize,
    blocks: [usize; BLOCKS],
) -> Architecture {
    let pooled = Architecture::new(1, 28)
        // Few channels where maps are large, for they cost the most there.
        .convolution_block(first, 3)
        .convolution_block(second, 3)
        // As soon as a value sees a stroke's width and its edges, 5 pixels.
        .max_pool(2);
    blocks
        .into_iter()
        .fold(pooled, |network, width| network.separable_block(width, 3))
}
