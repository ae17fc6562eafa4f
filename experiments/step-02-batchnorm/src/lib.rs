//! Step 2: batch normalisation.
pub fn experiment() -> experiment::Experiment {
    let previous = step_01_skeleton::experiment();
    experiment::Experiment {
        name: "step-02-batchnorm",
        title: "Step 2: batch normalisation before every ReLU",
        architecture: previous.architecture.with_batch_norm(),
        ..previous
    }
}
