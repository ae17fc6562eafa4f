//! The verdict on the last step, with what is known of the test set.

use std::collections::BTreeSet;

use anyhow::Result;
use experiment::{Epoch, LAST_EPOCHS, RunResult, TARGET_ACCURACY};
use mnist::DISPUTED_TEST_IMAGES;

use crate::Inputs;
use crate::inputs::runs_of;
use crate::numbers::{grouped, mean, percent};
use crate::statistics::{Sample, standard_error};

/// The part of the README.
pub(crate) fn section(inputs: &Inputs) -> Result<String> {
    let Some(last) = inputs.experiments.last() else {
        return Ok(String::new());
    };
    let runs = inputs.runs(last);
    if runs.is_empty() {
        return Ok("No run of the last step is recorded yet.".into());
    }
    let images = runs[0].last().test_total;
    let accuracy = Sample::of_last_epochs(&runs).mean;
    let mut lines = vec![
        format!("- On the {} test images: {}.", grouped(images), held(&runs)),
        format!(
            "- The standard error of an accuracy of {} on {} images is {:.3} points: so far may it be from what the network \
             does on digits of the same kind.",
            percent(accuracy),
            grouped(images),
            100.0 * standard_error(accuracy, images)
        ),
    ];
    lines.extend(disputed(&runs));
    lines.push(wrong_in_all(&runs));
    let swapped = runs_of(&inputs.swapped, last);
    if !swapped.is_empty() {
        lines.push(format!(
            "- Trained on the first 50,000 training images and the test images, evaluated on the last 10,000 training \
             images: {}.",
            held(&swapped)
        ));
    }
    Ok(lines.join("\n"))
}

/// In how many of the last epochs of all runs the target was held.
pub(crate) fn held(runs: &[&RunResult]) -> String {
    let accuracies: Vec<f64> = last_epochs(runs);
    let held = accuracies
        .iter()
        .filter(|it| **it >= TARGET_ACCURACY)
        .count();
    let lowest = accuracies.iter().copied().fold(f64::INFINITY, f64::min);
    format!(
        "{held} of {} accuracies ({}, their last {LAST_EPOCHS} epochs) are at {} or above; lowest {}, mean {}; after the last \
         epoch {}",
        accuracies.len(),
        seeds(runs),
        percent(TARGET_ACCURACY),
        percent(lowest),
        percent(mean(accuracies.iter().copied())),
        mean_and_deviation(&Sample::of_last_epochs(runs))
    )
}

/// The test accuracies of the last epochs of all runs.
pub(crate) fn last_epochs(runs: &[&RunResult]) -> Vec<f64> {
    let epochs = runs.iter().flat_map(|run| run.last_epochs());
    epochs.map(Epoch::test_accuracy).collect()
}

/// A mean in percent, with the standard deviation where there are several values.
pub(crate) fn mean_and_deviation(sample: &Sample) -> String {
    if sample.count < 2 {
        return percent(sample.mean);
    }
    format!(
        "{:.2} ± {:.2} %",
        100.0 * sample.mean,
        100.0 * sample.deviation
    )
}

fn seeds(runs: &[&RunResult]) -> String {
    let seeds: Vec<String> = runs.iter().map(|run| run.seed.to_string()).collect();
    match seeds.len() {
        1 => format!("seed {}", seeds[0]),
        _ => format!("seeds {}", seeds.join(", ")),
    }
}

/// What the images with disputed labels do to the accuracy.
fn disputed(runs: &[&RunResult]) -> Option<String> {
    let images = runs[0].last().test_total;
    let disputed: BTreeSet<usize> = DISPUTED_TEST_IMAGES
        .into_iter()
        .filter(|index| *index < images)
        .collect();
    if disputed.is_empty() {
        return None;
    }
    let wrong_among = |run: &RunResult| {
        let wrong = run.misclassified.iter();
        wrong.filter(|index| disputed.contains(index)).count()
    };
    let kept = images - disputed.len();
    let without = |run: &RunResult| {
        let wrong = run.misclassified.len() - wrong_among(run);
        (kept - wrong) as f64 / kept as f64
    };
    Some(format!(
        "- Without the {} test images whose label five annotators disagreed with, {} instead of {}: the runs get {:.1} of them \
         \"wrong\" on average.",
        disputed.len(),
        mean_and_deviation(&Sample::new(runs.iter().map(|run| without(run)))),
        mean_and_deviation(&Sample::of_last_epochs(runs)),
        mean(runs.iter().map(|run| wrong_among(run) as f64))
    ))
}

/// The images that no run gets right.
fn wrong_in_all(runs: &[&RunResult]) -> String {
    let sets = runs
        .iter()
        .map(|run| run.misclassified.iter().copied().collect::<BTreeSet<_>>());
    let all = sets.reduce(|a, b| &a & &b).unwrap_or_default();
    let any: BTreeSet<usize> = runs
        .iter()
        .flat_map(|run| run.misclassified.iter().copied())
        .collect();
    let names: Vec<String> = all
        .iter()
        .map(|index| {
            let mark = if DISPUTED_TEST_IMAGES.contains(index) {
                "\\*"
            } else {
                ""
            };
            format!("{index}{mark}")
        })
        .collect();
    format!(
        "- {} test images are wrong with every seed, {} with any (\\* disputed label): {}.",
        all.len(),
        any.len(),
        names.join(", ")
    )
}
