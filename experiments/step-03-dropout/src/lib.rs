//! # Step 3: dropout
//!
//! Run with `cargo run -p step-03-dropout`.
//!
//! [Step 2](step_02_batchnorm) with dropout after every ReLU, of one value in a hundred.
//!
//! ## Target
//!
//! No gain: 99.05 % in the last epochs, the same as step 2 within a tenth of a point. Dropout narrows the gap between
//! training and test accuracy, and step 2 has none to narrow: its training accuracy is below its test accuracy. What dropout
//! takes is capacity, and networks of this size have none to spare; of those published, some left dropout out because it
//! hurt. So it is kept small here: one value in a hundred, in each of six layers.
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
//! As expected, no difference is shown: the mean of the last five epochs is 98.96 %, 0.06 points below step 2's, where one
//! standard error of the difference of two such accuracies on 10,000 images is 0.14.
//!
//! - Training accuracy is 98.87 %, the same as step 2's, although it is counted with dropout active: one value in a hundred is
//!   little to do without.
//! - This does not show that dropout is harmless at other rates, or that it would not help a network that overfits. It shows
//!   that at 1 % there is nothing for it to do here. It stays because later steps keep what earlier ones added, and it is
//!   a candidate for removal.

use experiment::{Experiment, Recipe};

/// Step 2 with dropout.
pub fn experiment() -> Experiment {
    let previous = step_02_batchnorm::experiment();
    Experiment {
        name: "step-03-dropout".into(),
        title: "Step 3: dropout after every ReLU".into(),
        recipe: Recipe {
            // So little that a network with little to spare may bear it.
            dropout: 0.005,
            ..previous.recipe
        },
        ..previous
    }
}
