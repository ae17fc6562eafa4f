//! Step 6: a learning-rate schedule.
pub fn experiment() -> experiment::Experiment {
    let previous = step_05_augmentation::experiment();
    experiment::Experiment {
        name: "step-06-lr-scheduler",
        title: "Step 6: a learning rate that falls to zero along a cosine",
        recipe: experiment::Recipe { schedule: experiment::Schedule::Cosine, ..previous.recipe },
        ..previous
    }
}
