//! What the recorded weights of the last step say of the images that its runs get wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, ensure};
use burn::tensor::Device;
use experiment::{Experiment, RunResult};
use inference::{CLASSES, Model, most_probable};
use mnist::Digits;

/// The seed whose weights are recorded.
const SEED: u64 = 1;

/// The probabilities of all digits, by index, for each test image that any of the runs gets wrong; nothing without runs.
///
/// # Errors
///
/// The weights are missing, do not fit, or do not get wrong what the run with their seed got wrong. Names the file.
pub(crate) fn probabilities(
    root: &Path,
    step: &Experiment,
    runs: &[&RunResult],
    test: &Digits,
    device: &Device,
) -> Result<BTreeMap<usize, [f32; CLASSES]>> {
    let wrong = runs
        .iter()
        .flat_map(|run| run.misclassified.iter().copied());
    let wrong: BTreeSet<usize> = wrong.collect();
    if wrong.is_empty() {
        return Ok(BTreeMap::new());
    }
    let path = root
        .join("results")
        .join(&step.name)
        .join(format!("seed-{SEED}.safetensors"));
    ensure!(
        path.exists(),
        "{} is missing, and the gallery shows what it predicts: make it with `cargo run -p {} -- --record`",
        path.display(),
        step.name
    );
    let model = Model::from_file(step.clone(), &path, device.clone())?;
    let images = wrong.iter().map(|index| test.image(*index));
    let probabilities = model.probabilities(images)?;
    let of_seed = runs.iter().find(|run| run.seed == SEED);
    for (index, probabilities) in wrong.iter().zip(&probabilities) {
        let right = most_probable(probabilities) == usize::from(test.label(*index));
        let recorded = of_seed.map(|run| !run.misclassified.contains(index));
        ensure!(
            recorded.is_none_or(|recorded| right == recorded),
            "{} is of another run than seed-{SEED}.json beside it: it gets test image {index} {}, where that has it {}",
            path.display(),
            in_words(right),
            in_words(!right)
        );
    }
    Ok(wrong.into_iter().zip(probabilities).collect())
}

fn in_words(right: bool) -> &'static str {
    if right { "right" } else { "wrong" }
}
