//! What can be trained: the steps, the networks of the frontier, and experiments in files.

use std::fs;
use std::path::Path;

use experiment::{Experiment, RunResult};
use ladder::steps;

/// Experiments that a word of the command line stands for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The experiments, each with the word that stands for it alone.
    pub experiments: Vec<(String, Experiment)>,
}

/// A step by its name or number, a network of the frontier by its name, or a JSON file: an experiment, or the result of a
/// run of one.
///
/// # Errors
///
/// There is no such step; the file cannot be read, or is no experiment.
pub fn parse(text: &str) -> Result<Experiment, String> {
    if is_file(text) {
        let content = fs::read_to_string(text).map_err(|error| error.to_string())?;
        return from_json(&content).map_err(|error| format!("it is not an experiment: {error}"));
    }
    let network = frontier::experiments()
        .into_iter()
        .find(|network| network.name == text);
    network.map_or_else(|| steps::parse(text), Ok)
}

/// The same, and `frontier` for all its networks.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_several(text: &str) -> Result<Subject, String> {
    let experiments = if text == "frontier" {
        let networks = frontier::experiments().into_iter();
        networks.map(|it| (it.name.clone(), it)).collect()
    } else {
        let experiment = parse(text)?;
        let word = if is_file(text) {
            text.to_owned()
        } else {
            experiment.name.clone()
        };
        vec![(word, experiment)]
    };
    Ok(Subject { experiments })
}

/// Whether an experiment is a step or a network of the frontier, as these are now, with whatever seed.
pub fn is_known(experiment: &Experiment) -> bool {
    parse(&experiment.name).is_ok_and(|mut known| {
        known.recipe.seed = experiment.recipe.seed;
        (known.architecture, known.recipe)
            == (experiment.architecture.clone(), experiment.recipe.clone())
    })
}

/// Whether a word names a file rather than an experiment that is part of the code.
pub fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    path.extension()
        .is_some_and(|extension| extension == "json")
}

fn from_json(text: &str) -> serde_json::Result<Experiment> {
    serde_json::from_str::<Experiment>(text).or_else(|error| {
        let run: RunResult = serde_json::from_str(text).map_err(|_| error)?;
        Ok(Experiment {
            name: run.step,
            title: run.title,
            architecture: run.architecture,
            recipe: run.recipe,
        })
    })
}
