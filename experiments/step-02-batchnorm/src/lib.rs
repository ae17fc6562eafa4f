//! # Step 2: batch normalisation
//!
//! Run with `cargo run -p step-02-batchnorm`.
//!
//! [Step 1](step_01_skeleton) with batch normalisation between each convolution and its ReLU, in place of the bias.
//!
//! ## Target
//!
//! **99.0 %, and seeds that differ less than step 1's.** On the hold-out images the skeleton was right on 98.6 % of its training images and on 98.4 %
//! of the others: it hardly overfits, it is hard to optimise. That is what batch normalisation is for. It keeps the input of
//! every layer at one scale, whatever the weights before it (Ioffe and Szegedy 2015). Published ladders gain *0.3* points by it from
//! skeletons that are at *99.1 %*; this one has farther to go.
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

use experiment::{Experiment, Name};

/// Step 1 with batch normalisation.
pub fn experiment() -> Experiment {
    let previous = step_01_skeleton::experiment();
    Experiment {
        name: Name::from_static("step-02-batchnorm"),
        title: "Step 2: batch normalisation before every ReLU".into(),
        architecture: previous.architecture.with_batch_norm(),
        ..previous
    }
}
