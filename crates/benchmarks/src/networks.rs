//! The networks that are measured: those of experiments, and one to compare with earlier measurements.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use architecture::{Architecture, Convolution, Layer};
use evidence::{Kind, Places};
use experiment::{DropoutAfter, Experiment, Name, Optimizer, Recipe, Schedule};
use files::Workspace;
use ladder::steps;
use ladder::subjects::Word;

/// What the reference network is called.
pub const REFERENCE: &str = "reference";

/// The network that this project's speed was first measured with, before there were steps: seven convolutions with batch
/// normalisation, 8,470 parameters, trained in batches of 128 by plain SGD with momentum.
pub fn reference() -> Experiment {
    let architecture = Architecture::new(1, 28)
        .convolution_block(8, 3)
        .convolution_block(16, 3)
        .max_pool(2)
        .convolution_block(8, 1)
        .convolution_block(10, 3)
        .convolution_block(16, 3)
        .convolution_block(16, 3)
        .layer(Layer::Convolution(Convolution {
            padding: 1.into(),
            batch_norm: true,
            relu: true,
            ..Convolution::new(16, 16, 3)
        }))
        .with_batch_norm()
        .fully_connected_head(10);
    Experiment {
        name: Name::from_static(REFERENCE),
        title: "A network to compare with".into(),
        architecture,
        recipe: Recipe {
            optimizer: Optimizer::Sgd {
                momentum: 0.9,
                nesterov: false,
                weight_decay: 0.0,
            },
            learning_rate: 0.01,
            schedule: Schedule::Constant,
            batch_size: 128,
            epochs: 1,
            dropout: 0.0,
            dropout_after: DropoutAfter::default(),
            augmentation: None,
            refinement_epochs: 0,
            statistics_images: 0,
            label_smoothing: 0.0,
            distillation: None,
            trial: None,
        },
    }
}

/// The experiments that `words` stand for: [`REFERENCE`], a step by its name or number, a network of the frontier by its
/// name, or a JSON file of an experiment or a recorded run. Without words, those that every benchmark of training measures: the
/// reference, the first and the last step, and the smallest network of the frontier.
///
/// None has its teacher: a student's own training step is measured.
///
/// # Errors
///
/// A word stands for nothing, or two for experiments of the same name; a record cannot be read.
pub fn chosen(words: &[String]) -> Result<Vec<Experiment>> {
    let mut experiments = if words.is_empty() {
        usual()?
    } else {
        words
            .iter()
            .map(|word| experiment(word))
            .collect::<Result<_>>()?
    };
    for experiment in &mut experiments {
        experiment.recipe.distillation = None;
    }
    for (index, experiment) in experiments.iter().enumerate() {
        let twice = experiments[..index]
            .iter()
            .any(|other| other.name == experiment.name);
        ensure!(!twice, "two networks are called {}", experiment.name);
    }
    Ok(experiments)
}

fn experiment(word: &str) -> Result<Experiment> {
    if word == REFERENCE {
        return Ok(reference());
    }
    let word = &located(word)?;
    let found = Word::parse(word).map_err(|steps| {
        let word = files::shown(word);
        anyhow!("no network is called {word:?}: name {REFERENCE}, a JSON file, one of the frontier, or a step; {steps}")
    })?;
    found.experiment()
}

/// A path from the root of the workspace as one from the current folder; any other word as it is. Cargo runs a benchmark in
/// its package's folder, and who names a file is usually in the workspace's.
fn located(word: &str) -> Result<String> {
    let in_workspace = Workspace::find()?.root().join(word);
    let is_there = !Path::new(word).exists() && in_workspace.is_file();
    let path = in_workspace.to_str().filter(|_| is_there);
    Ok(path.unwrap_or(word).to_owned())
}

fn usual() -> Result<Vec<Experiment>> {
    let mut experiments = vec![reference()];
    let steps = steps::experiments();
    experiments.extend(steps.first().cloned());
    experiments.extend(steps.last().cloned());
    experiments.extend(smallest_of_frontier()?);
    Ok(experiments)
}

/// The network of the frontier with the fewest parameters, of those with a recorded run; of all while there is none.
fn smallest_of_frontier() -> Result<Option<Experiment>> {
    let records = Places::of(Workspace::find()?).records(Kind::Frontier)?;
    let recorded = records.iter().min_by_key(|record| record.parameters);
    if let Some(record) = recorded {
        return Ok(Some(record.experiment()));
    }
    let parameters = |experiment: &Experiment| {
        let summary = experiment.architecture.summary();
        summary.map_or(usize::MAX, |summary| summary.totals.parameters)
    };
    Ok(frontier::experiments().into_iter().min_by_key(parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_network_is_that_of_earlier_measurements() {
        let reference = reference();
        reference.check().unwrap();
        let totals = reference.architecture.summary().unwrap().totals;
        assert_eq!(totals.parameters, 8_470);
    }

    #[test]
    fn no_network_is_measured_with_a_teacher_or_twice() {
        let experiments = chosen(&[]).unwrap();
        assert_eq!(experiments[0].name, *REFERENCE);
        assert_eq!(experiments.len(), 4);
        assert!(
            experiments
                .iter()
                .all(|it| it.recipe.distillation.is_none())
        );
        let words = ["1", "step-01-skeleton"].map(String::from);
        let message = chosen(&words).unwrap_err().to_string();
        assert_eq!(message, "two networks are called step-01-skeleton");
    }

    #[test]
    fn a_path_may_be_from_the_root_of_the_workspace() {
        let path = located("Cargo.lock").unwrap();
        assert!(Path::new(&path).is_file(), "{path}");
        assert_eq!(located("step-99").unwrap(), "step-99");
    }

    #[test]
    fn a_word_that_stands_for_nothing_is_one_line_that_names_it() {
        for (word, expected) in [
            ("step-99", "no network is called \"step-99\""),
            ("missing.json", "missing.json is not an experiment"),
        ] {
            let message = format!("{:#}", chosen(&[word.to_owned()]).unwrap_err());
            assert!(message.contains(expected), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
