//! The networks of the frontier, and the steps that stand among them.

use evidence::Record;
use experiment::Experiment;

use crate::inputs::{Inputs, runs_of};

/// A network with a place on the frontier.
pub(crate) struct Network<'a> {
    pub(crate) experiment: &'a Experiment,
    /// The number of the step, from 1, if it is one.
    pub(crate) step: Option<usize>,
    /// By seed; at least one.
    pub(crate) runs: Vec<&'a Record>,
}

impl Network<'_> {
    pub(crate) fn parameters(&self) -> usize {
        self.runs[0].parameters
    }
}

/// The networks of the frontier and those of the steps that have the last one's schedule, smallest first and the taught
/// behind the others; those that have a run.
pub(crate) fn networks<'a>(inputs: &'a Inputs) -> Vec<Network<'a>> {
    let schedule = inputs.experiments.last().map(|last| &last.recipe.schedule);
    let of_frontier = inputs.frontier.iter().map(|experiment| Network {
        experiment,
        step: None,
        runs: runs_of(&inputs.frontier_runs, experiment),
    });
    let steps = inputs.experiments.iter().zip(1..);
    let steps = steps.filter(|(step, _)| Some(&step.recipe.schedule) == schedule);
    let steps = steps.map(|(experiment, number)| Network {
        experiment,
        step: Some(number),
        runs: inputs.runs(experiment),
    });
    let networks = of_frontier.chain(steps);
    let mut networks: Vec<_> = networks.filter(|it| !it.runs.is_empty()).collect();
    networks.sort_by_key(|network| {
        let has_teacher = network.experiment.recipe.distillation.is_some();
        (network.parameters(), has_teacher)
    });
    networks
}

/// The number of the first step whose learning rates and augmentation all these networks have, if all have the same.
pub(crate) fn first_alike(inputs: &Inputs, networks: &[Network]) -> Option<usize> {
    let alike = |a: &Experiment, b: &Experiment| {
        let (a, b) = (&a.recipe, &b.recipe);
        a.learning_rate == b.learning_rate
            && a.schedule == b.schedule
            && a.augmentation == b.augmentation
    };
    let mut steps = inputs.experiments.iter();
    let first = steps.position(|step| networks.iter().all(|it| alike(it.experiment, step)))?;
    Some(first + 1)
}
