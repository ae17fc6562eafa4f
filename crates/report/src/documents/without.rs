//! The last step without one of its ingredients each, beside the whole.

use anyhow::Result;
use evidence::Record;

use super::comparisons::p_value;
use super::sections::Sections;
use super::table::{NO_RUN, markdown};
use crate::document::Document;
use crate::format::{grouped, interval, mean_and_deviation, percent, points};
use crate::inputs::{Inputs, WITHOUT, runs_of};
use crate::numbers::accuracies::LastEpochs;
use crate::numbers::statistics::{Comparison, Sample};

/// The doc comment.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let sections = Sections {
        path: WITHOUT,
        line_prefix: "//! ",
        contents: vec![("result", table(inputs)?)],
    };
    let text = sections.replace_in(inputs.text(WITHOUT))?;
    Ok(Document::new(WITHOUT, text))
}

/// What is left out, and the runs without it, by seed: of the schedule, the step before the last is that.
pub(crate) fn left_out<'a>(inputs: &'a Inputs) -> Vec<(String, Vec<&'a Record>)> {
    let named = |experiment: &experiment::Experiment| {
        let (_, what) = experiment.title.split_once(" without ").unwrap_or_default();
        (what.to_owned(), runs_of(&inputs.without_runs, experiment))
    };
    let mut all: Vec<_> = inputs.without.iter().map(named).collect();
    if let [.., before, _] = inputs.experiments {
        all.push(("the schedule".into(), inputs.runs(before)));
    }
    all.retain(|(_, runs)| !runs.is_empty());
    all
}

fn table(inputs: &Inputs) -> Result<String> {
    let whole = inputs.last_runs();
    let left_out = left_out(inputs);
    if whole.is_empty() || left_out.is_empty() {
        return Ok(NO_RUN.into());
    }
    let header = [
        "Left out",
        "Parameters",
        "Accuracy",
        "Difference (points)",
        "95 % interval, seeds",
        "p, images",
        "Shown",
        "Lowest of last 5",
        "At 99.40 % or above",
        "Seeds",
    ];
    let mut rows = vec![row("nothing", &whole, None)];
    for (what, runs) in &left_out {
        rows.push(row(what, runs, Some(Comparison::new(&whole, runs)?)));
    }
    Ok(markdown(header, rows, 1..header.len()))
}

fn row(what: &str, runs: &[&Record], comparison: Option<Comparison>) -> [String; 10] {
    let accuracies = LastEpochs::of(runs);
    let [difference, interval, p, shown] = match comparison {
        None => Default::default(),
        Some(comparison) => [
            points(comparison.difference),
            interval(comparison.interval),
            p_value(comparison.p_of_images),
            comparison.verdict().words().into(),
        ],
    };
    [
        what.into(),
        grouped(runs[0].parameters),
        mean_and_deviation(&Sample::of_runs(runs)),
        difference,
        interval,
        p,
        shown,
        percent(accuracies.lowest()),
        format!("{} of {}", accuracies.held(), accuracies.count()),
        runs.len().to_string(),
    ]
}
