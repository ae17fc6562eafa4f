//! Step 5: image augmentation.
pub fn experiment() -> experiment::Experiment {
    let previous = step_04_fc::experiment();
    let augmentation = mnist::Augmentation {
        translation_pixels: 2.0,
        rotation_degrees: 10.0,
        scaling: 0.1,
        shear_degrees: 0.0,
    };
    experiment::Experiment {
        name: "step-05-augmentation",
        title: "Step 5: every training image randomly shifted, turned and scaled",
        recipe: experiment::Recipe {
            augmentation: Some(augmentation),
            ..previous.recipe
        },
        ..previous
    }
}
