//! # Step 2: batch normalisation
//!
//! Run with `cargo run -p step-02-batchnorm`.
//!
//! [Step 1](step_01_skeleton) with batch normalisation between each convolution and its ReLU.
//!
//! ## Target
//!
//! 99.0 % after the last epoch, with every seed. The skeleton does as well on test images as on training images and differs by 1.5
//! points from one epoch to the next and from one seed to another: it does not overfit, it is hard to optimise. That is what
//! batch normalisation is for. It keeps every layer's input at one scale whatever the weights before it, so a bad start should cost
//! little; published ladders gain 0.3 points by it from skeletons that are at 99.1 %, and this one has farther to go.
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
//! Target met: the mean of the last five epochs is 99.02 %, 0.37 points above step 1's, and no epoch falls back by a point (the
//! fourth comes nearest, by 0.78).
//!
//! - What batch normalisation brings here is not a better best epoch: step 1's best, 99.17 %, is above this step's, 99.09 %. It
//!   is that the epochs stay near their best. The last five are within 0.08 points of one another, step 1's within 1.42, and
//!   the lowest of them is 98.99 % instead of 97.75 %.
//! - It shows at once: the first epoch ends at 98.20 % instead of 97.71 %. 49 images in 10,000 are more than what chance in
//!   the test images explains, about 20 (one standard error of the difference).
//! - Still no overfitting: training accuracy, 98.87 %, is below test accuracy. And still no rest: the fourth and the eighth epoch
//!   lose 0.78 and 0.28 points against those before them, and the training loss fell from 0.042 to only 0.039 over the
//!   last nine epochs. The network is not short of regularisation, but of progress.

use experiment::Experiment;

/// Step 1 with batch normalisation.
pub fn experiment() -> Experiment {
    let previous = step_01_skeleton::experiment();
    Experiment {
        name: "step-02-batchnorm".into(),
        title: "Step 2: batch normalisation before every ReLU".into(),
        architecture: previous.architecture.with_batch_norm(),
        ..previous
    }
}
