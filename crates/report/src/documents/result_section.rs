//! The generated part of a step's doc comment: what happened.

use anyhow::Result;
use evidence::{Kind, LAST_EPOCHS, Places, Record};
use statrs::statistics::Statistics;

use super::comparisons;
use super::sections::Sections;
use super::table::{NO_RUN, markdown};
use crate::document::Document;
use crate::format::{grouped, mean_and_deviation, percent, points};
use crate::inputs::{Inputs, step_source};
use crate::numbers::accuracies::LastEpochs;
use crate::numbers::comparisons::with_the_step_before;
use crate::numbers::statistics::Sample;

/// The document of the step at this position.
pub(crate) fn document(inputs: &Inputs, step: usize) -> Result<Document> {
    let experiment = &inputs.experiments[step];
    let path = step_source(experiment);
    let mut content = result(&inputs.runs(experiment));
    if let Some(comparison) = with_the_step_before(inputs, step)? {
        let before = &inputs.experiments[step - 1].name;
        content += &format!("\n\n{}", comparisons::sentence(&comparison, before));
    }
    let sections = Sections {
        path: &path,
        line_prefix: "//! ",
        contents: vec![("result", content)],
    };
    let text = sections.replace_in(inputs.text(&path))?;
    Ok(Document::new(path, text))
}

fn result(runs: &[&Record]) -> String {
    let Some(first) = runs.first() else {
        return NO_RUN.into();
    };
    let mut backends: Vec<&str> = runs.iter().map(|run| run.run.backend.as_str()).collect();
    backends.sort_unstable();
    backends.dedup();
    let seconds = runs.iter().map(|run| run.seconds_per_epoch()).mean();
    let file = |run: &&Record| {
        let path = Places::record_file(Kind::Step, run.name(), run.seed());
        format!("`{path}`")
    };
    let files: Vec<String> = runs.iter().map(file).collect();
    format!(
        "{} parameters; {seconds:.1} seconds an epoch with {}.\n\n{}\n\n\
         Lowest and mean are of the last {LAST_EPOCHS} epochs. Train is the accuracy on the training images as they are, after the last\n\
         epoch; train − test, in points, is against the test accuracy after that epoch. As trained on: the same while training,\n\
         with dropout and augmentation active wherever the step has them.\n\n\
         From:\n{}",
        grouped(first.parameters),
        backends.join(", "),
        table(runs),
        files.join(",\n")
    )
}

fn table(runs: &[&Record]) -> String {
    let images = grouped(runs[0].last().test_total);
    let right = format!("Right of {images} in the last {LAST_EPOCHS} epochs");
    let header = [
        "Seed",
        "Best test",
        "Epoch",
        &right,
        "Lowest",
        "Mean",
        "Train",
        "Train − test",
        "As trained on",
    ];
    let of_all = (runs.len() > 1).then(|| row_of_all(runs));
    let rows = runs.iter().map(|run| row(run)).chain(of_all);
    markdown(header, rows, 0..header.len())
}

fn row(run: &Record) -> [String; 9] {
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
        run.seed().to_string(),
        percent(best),
        epoch.epoch.to_string(),
        last.join(" "),
        percent(run.lowest_of_last()),
        percent(run.mean_of_last()),
        percent(run.train.accuracy()),
        points(gap(run)),
        percent(run.last().train_accuracy),
    ]
}

/// Means over the seeds with their standard deviations, and the lowest test accuracy of any.
fn row_of_all(runs: &[&Record]) -> [String; 9] {
    let lowest = LastEpochs::of(runs).lowest();
    let over_runs = |value: &dyn Fn(&Record) -> f64| {
        mean_and_deviation(&Sample::new(runs.iter().map(|run| value(run))))
    };
    [
        "all".into(),
        over_runs(&|run| run.best()),
        String::new(),
        String::new(),
        percent(lowest),
        over_runs(&|run| run.mean_of_last()),
        over_runs(&|run| run.train.accuracy()),
        format!("mean {}", points(runs.iter().map(|run| gap(run)).mean())),
        over_runs(&|run| run.last().train_accuracy),
    ]
}

/// Train minus test accuracy, both of images as they are.
fn gap(run: &Record) -> f64 {
    run.train.accuracy() - run.last().test_accuracy()
}
