//! The generated part of a step's doc comment: what happened.

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};
use experiment::{Experiment, LAST_EPOCHS, RunResult};

use crate::evidence::mean_and_deviation;
use crate::numbers::{grouped, mean, percent};
use crate::statistics::Sample;
use crate::{Document, Inputs, Sections, comparisons};

/// Where a step's doc comment is, from the root of the workspace.
pub(crate) fn source_path(experiment: &Experiment) -> String {
    format!("experiments/{}/src/lib.rs", experiment.name)
}

/// The document of the step at this position.
pub(crate) fn document(inputs: &Inputs, step: usize) -> Result<Document> {
    let experiment = &inputs.experiments[step];
    let path = source_path(experiment);
    let mut content = result(&inputs.runs(experiment));
    if let Some(comparison) = comparisons::with_the_step_before(inputs, step)? {
        let before = &inputs.experiments[step - 1].name;
        content += &format!("\n\n{}", comparisons::sentence(&comparison, before));
    }
    let contents = vec![("result", content)];
    let sections = Sections {
        path: &path,
        line_prefix: "//! ",
        contents,
    };
    let content = sections
        .replace_in(&inputs.step_sources[step])?
        .into_bytes();
    Ok(Document { path, content })
}

fn result(runs: &[&RunResult]) -> String {
    let Some(first) = runs.first() else {
        return "No run is recorded yet.".into();
    };
    let mut backends: Vec<&str> = runs.iter().map(|run| run.backend.as_str()).collect();
    backends.sort_unstable();
    backends.dedup();
    let seconds = mean(runs.iter().map(|run| run.seconds_per_epoch()));
    let files: Vec<String> = runs
        .iter()
        .map(|run| format!("`results/{}/seed-{}.json`", run.step, run.seed))
        .collect();
    format!(
        "{} parameters; {seconds:.1} seconds an epoch with {}.\n\n{}\n\n\
         Train is the accuracy on the training images as they are, after the last epoch; train − test is in points. As trained\n\
         on: the same while training, with dropout and augmentation active wherever the step has them.\n\n\
         From:\n{}",
        grouped(first.parameters),
        backends.join(", "),
        table(runs),
        files.join(",\n")
    )
}

fn table(runs: &[&RunResult]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let images = grouped(runs[0].last().test_total);
    table.set_header([
        "Seed".into(),
        "Best test".into(),
        "Epoch".into(),
        format!("Right of {images} in the last {LAST_EPOCHS} epochs"),
        "Lowest".into(),
        "Last".into(),
        "Train".into(),
        "Train − test".into(),
        "As trained on".into(),
    ]);
    for run in runs {
        table.add_row(row(run));
    }
    if runs.len() > 1 {
        table.add_row(row_of_all(runs));
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(run: &RunResult) -> [String; 9] {
    let best = run.best();
    let epoch = run
        .epochs
        .iter()
        .find(|epoch| epoch.test_accuracy() == best)
        .unwrap_or(run.last());
    let last: Vec<String> = run
        .last_epochs()
        .iter()
        .map(|epoch| grouped(epoch.test_correct))
        .collect();
    [
        run.seed.to_string(),
        percent(best),
        epoch.epoch.to_string(),
        last.join(" "),
        percent(run.lowest_of_last()),
        percent(run.last().test_accuracy()),
        percent(run.train.accuracy()),
        points(gap(run)),
        percent(run.last().train_accuracy),
    ]
}

/// Means over the seeds with their standard deviations, and the lowest test accuracy of any.
fn row_of_all(runs: &[&RunResult]) -> [String; 9] {
    let lowest = runs
        .iter()
        .map(|run| run.lowest_of_last())
        .fold(f64::INFINITY, f64::min);
    let over_runs = |value: &dyn Fn(&RunResult) -> f64| {
        mean_and_deviation(&Sample::new(runs.iter().map(|run| value(run))))
    };
    [
        "all".into(),
        over_runs(&|run| run.best()),
        String::new(),
        String::new(),
        percent(lowest),
        over_runs(&|run| run.last().test_accuracy()),
        over_runs(&|run| run.train.accuracy()),
        format!("mean {}", points(mean(runs.iter().map(|run| gap(run))))),
        over_runs(&|run| run.last().train_accuracy),
    ]
}

/// Train minus test accuracy, both of images as they are.
fn gap(run: &RunResult) -> f64 {
    run.train.accuracy() - run.last().test_accuracy()
}

fn points(fraction: f64) -> String {
    format!("{:+.2}", 100.0 * fraction)
}
