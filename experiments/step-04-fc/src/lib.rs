//! Step 4: a fully connected layer.
pub fn experiment() -> experiment::Experiment {
    let previous = step_03_dropout::experiment();
    experiment::Experiment {
        name: "step-04-fc",
        title: "Step 4: a fully connected layer after global average pooling",
        architecture: previous.architecture.with_fully_connected_head(),
        ..previous
    }
}
