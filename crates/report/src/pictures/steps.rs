//! The steps as the pictures show them: each in its colour, with its runs.

use evidence::Record;
use plotters::style::RGBColor;

use super::theme::step_colour;
use crate::inputs::Inputs;

/// A step and its recorded runs.
pub(crate) struct Step<'a> {
    pub(crate) name: &'a str,
    pub(crate) colour: RGBColor,
    /// By seed.
    pub(crate) runs: Vec<&'a Record>,
}

/// All steps, first to last.
pub(crate) fn steps<'a>(inputs: &'a Inputs) -> Vec<Step<'a>> {
    let experiments = inputs.experiments.iter().enumerate();
    let steps = experiments.map(|(position, experiment)| Step {
        name: &experiment.name,
        colour: step_colour(position),
        runs: inputs.runs(experiment),
    });
    steps.collect()
}

/// How many seeds: `one seed`, `5 seeds`.
pub(crate) fn seeds(runs: &[&Record]) -> String {
    match runs.len() {
        1 => "one seed".into(),
        count => format!("{count} seeds"),
    }
}
