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
//! No run is recorded yet.
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! Follows the runs.

use architecture::Architecture;
use experiment::{DropoutAfter, Experiment, Name, Optimizer, Recipe, Schedule};

/// The network and recipe that all later steps build on.
pub fn experiment() -> Experiment {
    Experiment {
        name: Name::from_static("step-01-skeleton"),
        title: "Step 1: the skeleton, convolutions and nothing else".into(),
        architecture: body().convolution_head(10),
        recipe: Recipe {
            optimizer: Optimizer::Sgd {
                momentum: 0.9,
                nesterov: true,
                weight_decay: 5e-4,
            },
            // Low enough to stay at until the end.
            learning_rate: 0.01,
            schedule: Schedule::Constant,
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
