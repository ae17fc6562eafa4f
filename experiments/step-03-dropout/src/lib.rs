//! Step 3: dropout.
pub fn experiment() -> experiment::Experiment {
    let previous = step_02_batchnorm::experiment();
    experiment::Experiment {
        name: "step-03-dropout",
        title: "Step 3: dropout after every ReLU",
        recipe: experiment::Recipe {
            dropout: 0.01,
            ..previous.recipe
        },
        ..previous
    }
}
