//! # Step 4: a fully connected layer
//!
//! Run with `cargo run -p step-04-fc`.
//!
//! [Step 3](step_03_dropout) with a fully connected layer from the last block's maps to the ten classes, in place of a 1×1 convolution to
//! ten maps and the means of these. All positions of 48 maps of 6×6 would take 17,290 weights. In two factors it takes 2,218: a depthwise
//! convolution as large as the map gives every channel a weight for every position, and a matrix leads from channels to classes. These are
//! 1,728 parameters more than step 3 has.
//!
//! ## Target
//!
//! **99.1 %, a tenth of a point above step 3.** The mean of a map forgets where things are, and where is what tells a 6 from a 9. A weight
//! for every position should help. It may also help to remember the training images: step 3's gap of 0.4 points between training and
//! test accuracy on the hold-out images should grow.
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

/// Step 3 with a fully connected layer as its head.
pub fn experiment() -> Experiment {
    let previous = step_03_dropout::experiment();
    Experiment {
        name: Name::from_static("step-04-fc"),
        title: "Step 4: a fully connected layer in place of each map's mean".into(),
        architecture: previous
            .architecture
            .with_factored_head()
            .expect("step 3 ends in a convolution head"),
        ..previous
    }
}
