//! The networks of the frontier as a table.

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use experiment::{Experiment, RunResult, TARGET_ACCURACY};

use crate::evidence::{last_epochs, mean_and_deviation};
use crate::inputs::runs_of;
use crate::numbers::{grouped, mean, percent};
use crate::search::notation;
use crate::statistics::Sample;
use crate::{Document, Inputs, Sections};

/// Where the frontier's doc comment is, from the root of the workspace.
pub(crate) const SOURCE: &str = "experiments/frontier/src/lib.rs";

/// The doc comment; nothing without networks.
pub(crate) fn document(inputs: &Inputs) -> Result<Option<Document>> {
    let Some(source) = &inputs.frontier_source else {
        return Ok(None);
    };
    let sections = Sections {
        path: SOURCE,
        line_prefix: "//! ",
        contents: vec![("result", table(inputs))],
    };
    Ok(Some(Document {
        path: SOURCE.into(),
        content: sections.replace_in(source)?.into_bytes(),
    }))
}

/// The networks of the frontier and those of the steps that have the last one's learning rates, smallest first and the taught
/// behind the others, with their runs; those that have any.
pub(crate) fn networks<'a>(inputs: &'a Inputs) -> Vec<(&'a Experiment, Vec<&'a RunResult>)> {
    let of_frontier = inputs.frontier.iter().map(|network| {
        let runs = runs_of(&inputs.frontier_results, network);
        (network, runs)
    });
    let schedule = inputs.experiments.last().map(|last| &last.recipe.schedule);
    let steps = inputs.experiments.iter();
    let steps = steps.filter(|step| Some(&step.recipe.schedule) == schedule);
    let mut networks: Vec<_> = of_frontier
        .chain(steps.map(|step| (step, inputs.runs(step))))
        .filter(|(_, runs)| !runs.is_empty())
        .collect();
    networks.sort_by_key(|(network, runs)| {
        let has_teacher = network.recipe.distillation.is_some();
        (runs[0].parameters, has_teacher)
    });
    networks
}

/// The part of the README.
pub(crate) fn table(inputs: &Inputs) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "Network",
        "Parameters",
        "Multiply-adds",
        "Dropout",
        "Teacher",
        "After the last epoch",
        "Mean of last 5",
        "Lowest of last 5",
        "At 99.40 % or above",
        "Seeds",
    ]);
    for (experiment, runs) in networks(inputs) {
        let accuracies = last_epochs(&runs);
        let held = accuracies.iter().filter(|it| **it >= TARGET_ACCURACY);
        let macs = experiment.architecture.summary();
        table.add_row([
            notation(&experiment.architecture),
            grouped(runs[0].parameters),
            macs.map_or_else(|_| String::new(), |it| grouped(it.totals.macs)),
            match experiment.recipe.dropout {
                0.0 => "no".into(),
                probability => probability.to_string(),
            },
            if experiment.recipe.distillation.is_some() {
                "yes".into()
            } else {
                "no".into()
            },
            mean_and_deviation(&Sample::of_last_epochs(&runs)),
            percent(mean(accuracies.iter().copied())),
            percent(accuracies.iter().copied().fold(f64::INFINITY, f64::min)),
            format!("{} of {}", held.count(), accuracies.len()),
            runs.len().to_string(),
        ]);
    }
    if table.is_empty() {
        return "No run is recorded yet.".into();
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
