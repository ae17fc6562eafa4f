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
    let mut lines = on_test_images(&runs);
    lines.extend(on_other_images(inputs));
    lines.join("\n")
}

/// Seeds from here on were tried once everything was committed.
const FIRST_FRESH_SEED: u64 = 31;

/// The runs with the seeds that were planned first, and those with fresh ones.
pub(crate) fn planned_and_fresh<'a>(runs: &[&'a Record]) -> (Vec<&'a Record>, Vec<&'a Record>) {
    let runs = runs.iter();
    runs.partition(|run| run.seed() < FIRST_FRESH_SEED)
}

/// A line on the seeds that were planned, and one on the fresh ones.
fn on_test_images(runs: &[&Record]) -> Vec<String> {
    let (planned, fresh) = planned_and_fresh(runs);
    let lines = [("", planned), (" that nobody had tried before", fresh)].into_iter();
    let lines = lines.filter(|(_, runs)| !runs.is_empty());
    lines
        .map(|(which, runs)| {
            let seeds = seeds(&runs);
            format!("- On the test images, {seeds}{which}: {}.", held(&runs))
        })
        .collect()
}

/// A line on each other split that the last step was run with.
fn on_other_images(inputs: &Inputs) -> Vec<String> {
    let Some(last) = inputs.experiments.last() else {
        return Vec::new();
    };
    let held_out = inputs.search_runs.iter();
    let held_out = held_out.filter(|run| run.run.is_of(last)).collect();
    let splits: [(&str, Vec<&Record>); 2] = [
        (
            "Trained on the first 50,000 training images, and evaluated on the other 10,000",
            held_out,
        ),
        (
            "Trained on the first 50,000 training images and the test images, and evaluated on the other 10,000 training images",
            runs_of(&inputs.swapped_runs, last),
        ),
    ];
    let splits = splits.into_iter().filter(|(_, runs)| !runs.is_empty());
    splits
        .map(|(which, runs)| format!("- {which}, {}: {}.", seeds(&runs), held(&runs)))
        .collect()
}

/// The part of the page on the evidence.
pub(crate) fn section(inputs: &Inputs) -> String {
    let runs = inputs.last_runs();
    if runs.is_empty() {
        return NO_RUN.into();
    }
    let images = runs[0].last().test_total;
    let accuracy = Sample::of_runs(&runs);
    let mut lines = on_test_images(&runs);
    lines.extend(on_other_images(inputs));
    lines.push(format!(
        "- The standard error of an accuracy of {} on {} images is {:.3} points: the true accuracy may differ by about this much.",
        percent(accuracy.mean),
        grouped(images),
        100.0 * standard_error(accuracy.mean, images)
    ));
    lines.extend(Disputed::of(&runs).map(|it| disputed(&it, &runs)));
    lines.push(wrong_in_all(&mistakes(&runs), runs.len()));
    lines.join("\n")
}

/// In how many of the last epochs of all runs the target was held.
fn held(runs: &[&Record]) -> String {
    let accuracies = LastEpochs::of(runs);
    format!(
        "**{} of {}** accuracies after the last {LAST_EPOCHS} epochs are at {} or above; lowest {}, mean {}",
        accuracies.held(),
        accuracies.count(),
        percent(TARGET_ACCURACY),
        percent(accuracies.lowest()),
        mean_and_deviation(&Sample::of_runs(runs))
    )
}

/// The seeds of some runs, those in a row as a range.
fn seeds(runs: &[&Record]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for seed in runs.iter().map(|run| run.seed()) {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == seed => *end = seed,
            _ => ranges.push((seed, seed)),
        }
    }
    let range = |(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    };
    let ranges: Vec<String> = ranges.iter().map(range).collect();
    let word = if runs.len() == 1 { "seed" } else { "seeds" };
    format!("{word} {}", ranges.join(", "))
}

/// What the images with disputed labels do to the accuracy.
fn disputed(disputed: &Disputed, runs: &[&Record]) -> String {
    let accuracy = Sample::new(runs.iter().map(|run| run.last().test_accuracy()));
    format!(
        "- Without the {} test images whose label five annotators disagreed with, the accuracy after the last epoch is {} instead of \
         {}. The runs get {:.1} of these images \"wrong\" on average.",
        disputed.images,
        mean_and_deviation(&disputed.accuracy_without),
        mean_and_deviation(&accuracy),
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
