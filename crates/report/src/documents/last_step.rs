//! The evidence for the last step: whether it holds the target, and what is known of the test set.

use evidence::{LAST_EPOCHS, Record, TARGET_ACCURACY};
use mnist::DISPUTED_TEST_IMAGES;

use super::table::NO_RUN;
use crate::format::{grouped, mean_and_deviation, percent};
use crate::inputs::{Inputs, runs_of};
use crate::numbers::accuracies::LastEpochs;
use crate::numbers::mistakes::{Disputed, Mistake, mistakes};
use crate::numbers::statistics::{Sample, standard_error};

/// The part of the README: whether it holds, in a line for each kind of images.
pub(crate) fn in_short(inputs: &Inputs) -> String {
    let runs = inputs.last_runs();
    if runs.is_empty() {
        return NO_RUN.into();
    }
    let mut lines = vec![format!("- On the test images: {}.", held(&runs))];
    let swapped = swapped(inputs);
    if !swapped.is_empty() {
        lines.push(format!(
            "- Trained on the test images too, and evaluated on 10,000 training images that were held out: {}.",
            held(&swapped)
        ));
    }
    lines.join("\n")
}

/// The runs of the last step with test and hold-out images swapped.
fn swapped<'a>(inputs: &'a Inputs) -> Vec<&'a Record> {
    let last = inputs.experiments.last();
    last.map(|last| runs_of(&inputs.swapped_runs, last))
        .unwrap_or_default()
}

/// The part of the page on the evidence.
pub(crate) fn section(inputs: &Inputs) -> String {
    let runs = inputs.last_runs();
    if runs.is_empty() {
        return NO_RUN.into();
    }
    let images = runs[0].last().test_total;
    let accuracy = Sample::of_runs(&runs);
    let mut lines = vec![
        format!("- On the {} test images: {}.", grouped(images), held(&runs)),
        format!(
            "- The standard error of an accuracy of {} on {} images is {:.3} points: the true accuracy may differ by about \
             this much.",
            percent(accuracy.mean),
            grouped(images),
            100.0 * standard_error(accuracy.mean, images)
        ),
    ];
    lines.extend(Disputed::of(&runs).map(|it| disputed(&it, &accuracy)));
    lines.push(wrong_in_all(&mistakes(&runs), runs.len()));
    let swapped = swapped(inputs);
    if !swapped.is_empty() {
        lines.push(format!(
            "- Trained on the first 50,000 training images and the test images, evaluated on the last 10,000 training \
             images: {}.",
            held(&swapped)
        ));
    }
    lines.join("\n")
}

/// In how many of the last epochs of all runs the target was held.
fn held(runs: &[&Record]) -> String {
    let accuracies = LastEpochs::of(runs);
    format!(
        "{} of {} accuracies ({}, their last {LAST_EPOCHS} epochs) are at {} or above; lowest {}, mean {}",
        accuracies.held(),
        accuracies.count(),
        seeds(runs),
        percent(TARGET_ACCURACY),
        percent(accuracies.lowest()),
        mean_and_deviation(&Sample::of_runs(runs))
    )
}

fn seeds(runs: &[&Record]) -> String {
    let seeds: Vec<String> = runs.iter().map(|run| run.seed().to_string()).collect();
    match seeds.len() {
        1 => format!("seed {}", seeds[0]),
        _ => format!("seeds {}", seeds.join(", ")),
    }
}

/// What the images with disputed labels do to the accuracy.
fn disputed(disputed: &Disputed, accuracy: &Sample) -> String {
    format!(
        "- Without the {} test images whose label five annotators disagreed with, {} instead of {}: the runs get {:.1} of them \
         \"wrong\" on average.",
        disputed.images,
        mean_and_deviation(&disputed.accuracy_without),
        mean_and_deviation(accuracy),
        disputed.wrong
    )
}

/// The images that no run gets right.
fn wrong_in_all(mistakes: &[Mistake], runs: usize) -> String {
    let in_all = mistakes.iter().filter(|mistake| mistake.runs == runs);
    let names: Vec<String> = in_all
        .map(
            |mistake| match DISPUTED_TEST_IMAGES.contains(&mistake.image) {
                true => format!("{}\\*", mistake.image),
                false => mistake.image.to_string(),
            },
        )
        .collect();
    format!(
        "- {} test images are wrong with every seed, {} with any (\\* disputed label): {}.",
        names.len(),
        mistakes.len(),
        names.join(", ")
    )
}
