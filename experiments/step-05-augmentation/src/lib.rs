//! # Step 5: augmentation
//!
//! Run with `cargo run -p step-05-augmentation`.
//!
//! [Step 4](step_04_fc) with training images that are changed at random in every epoch: shifted by up to 2 pixels, turned by up to 10°, and
//! scaled by up to 10 %.
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
//! No run is recorded yet.
//!
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! Follows the runs.

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
