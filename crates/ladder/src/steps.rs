//! The steps of the ladder, in their order: the only place that lists them all.

use experiment::Experiment;

/// All steps, first to last.
pub fn experiments() -> Vec<Experiment> {
    vec![
        step_01_skeleton::experiment(),
        step_02_batchnorm::experiment(),
        step_03_dropout::experiment(),
        step_04_fc::experiment(),
        step_05_augmentation::experiment(),
        step_06_lr_scheduler::experiment(),
    ]
}

/// The last step, where the ladder leads.
///
/// # Panics
///
/// If there are no steps.
pub fn last() -> Experiment {
    experiments().pop().expect("there are steps")
}

/// The step of this name, such as `step-04-fc`, or of this number, such as `4` or `04`.
///
/// # Errors
///
/// There is no such step; lists those that there are.
pub fn parse(text: &str) -> Result<Experiment, String> {
    let experiments = experiments();
    let names: Vec<String> = experiments
        .iter()
        .map(|step| step.name.to_string())
        .collect();
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| text.parse::<usize>().ok()).flatten();
    let mut numbered = experiments.into_iter().zip(1..);
    let step = numbered
        .find(|(experiment, position)| experiment.name == *text || number == Some(*position));
    step.map(|(experiment, _)| experiment).ok_or_else(|| {
        format!(
            "the steps are {}, or 1 to {}",
            names.join(", "),
            names.len()
        )
    })
}
