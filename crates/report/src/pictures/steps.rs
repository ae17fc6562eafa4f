//! The steps as the pictures show them: each in its colour, with its runs, and values over the seeds.

use anyhow::{Result, ensure};
use experiment::{Epoch, Experiment, RunResult};
use plotters::style::RGBColor;

use super::theme::STEPS;
use crate::Inputs;
use crate::numbers::mean;

/// A step and its recorded runs.
pub(crate) struct Step<'a> {
    pub(crate) name: &'a str,
    pub(crate) colour: RGBColor,
    /// By seed.
    pub(crate) runs: Vec<&'a RunResult>,
}

/// All steps, first to last.
///
/// # Errors
///
/// There are more steps than colours.
pub(crate) fn steps<'a>(inputs: &'a Inputs) -> Result<Vec<Step<'a>>> {
    let experiments = inputs.experiments;
    ensure!(
        experiments.len() <= STEPS.len(),
        "there are {} steps, and colours for {}: add one to STEPS in crates/report/src/pictures/theme.rs",
        experiments.len(),
        STEPS.len()
    );
    let step = |(experiment, colour): (&'a Experiment, RGBColor)| Step {
        name: &experiment.name,
        colour,
        runs: inputs.runs(experiment),
    };
    Ok(experiments.iter().zip(STEPS).map(step).collect())
}

/// A value after one epoch, over the seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OverSeeds {
    /// From 1.
    pub(crate) epoch: usize,
    pub(crate) lowest: f64,
    pub(crate) mean: f64,
    pub(crate) highest: f64,
}

/// A value over the seeds, after each epoch.
pub(crate) fn over_seeds(runs: &[&RunResult], value: fn(&Epoch) -> f64) -> Vec<OverSeeds> {
    let epochs = runs.iter().map(|run| run.epochs.len()).max().unwrap_or(0);
    let after = |epoch: usize| {
        let of_epoch = runs.iter().filter_map(|run| run.epochs.get(epoch - 1));
        let values: Vec<f64> = of_epoch.map(value).collect();
        OverSeeds {
            epoch,
            lowest: values.iter().copied().fold(f64::INFINITY, f64::min),
            mean: mean(values.iter().copied()),
            highest: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    (1..=epochs).map(after).collect()
}

/// How many seeds: `one seed`, `5 seeds`.
pub(crate) fn seeds(runs: &[&RunResult]) -> String {
    match runs.len() {
        1 => "one seed".into(),
        count => format!("{count} seeds"),
    }
}
