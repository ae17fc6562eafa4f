//! The networks of the frontier as a table.

use anyhow::Result;

use super::notation::notation;
use super::sections::Sections;
use super::table::{NO_RUN, markdown};
use crate::document::Document;
use crate::format::{grouped, mean_and_deviation, percent};
use crate::inputs::{FRONTIER, Inputs};
use crate::numbers::accuracies::LastEpochs;
use crate::numbers::frontier::{Network, networks};
use crate::numbers::statistics::Sample;

/// The doc comment.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let sections = Sections {
        path: FRONTIER,
        line_prefix: "//! ",
        contents: vec![("result", table(inputs)?)],
    };
    let text = sections.replace_in(inputs.text(FRONTIER))?;
    Ok(Document::new(FRONTIER, text))
}

fn table(inputs: &Inputs) -> Result<String> {
    let networks = networks(inputs);
    if networks.is_empty() {
        return Ok(NO_RUN.into());
    }
    let header = [
        "Network",
        "Layers",
        "Parameters",
        "Multiply-adds",
        "Teacher",
        "Accuracy",
        "Lowest of last 5",
        "At 99.40 % or above",
        "Seeds",
    ];
    let rows: Vec<_> = networks.iter().map(row).collect::<Result<_>>()?;
    Ok(markdown(header, rows, 2..header.len()))
}

fn row(network: &Network) -> Result<[String; 9]> {
    let Network {
        experiment, runs, ..
    } = network;
    let accuracies = LastEpochs::of(runs);
    Ok([
        experiment.name.to_string(),
        notation(&experiment.architecture),
        grouped(network.parameters()),
        grouped(experiment.architecture.summary()?.totals.macs),
        match experiment.recipe.distillation {
            None => "no".into(),
            Some(_) => "yes".into(),
        },
        mean_and_deviation(&Sample::of_runs(runs)),
        percent(accuracies.lowest()),
        format!("{} of {}", accuracies.held(), accuracies.count()),
        runs.len().to_string(),
    ])
}
