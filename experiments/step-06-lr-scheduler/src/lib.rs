//! Step 6: a learning-rate schedule.
pub fn experiment() -> experiment::Experiment {
    let previous = step_05_augmentation::experiment();
    experiment::Experiment {
        name: "step-06-lr-scheduler",
        title: "Step 6: the learning rate divided by ten after every six epochs",
        recipe: experiment::Recipe {
            schedule: experiment::Schedule::Step {
                epochs: 6,
                factor: 0.1,
            },
            ..previous.recipe
        },
        ..previous
    }
}
