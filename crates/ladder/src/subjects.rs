//! What can be trained: the steps, the networks of the frontier, and experiments in files.

use std::path::{Path, PathBuf};

use crate::steps;
use anyhow::{Context, Result as Fallible, ensure};
use architecture::Architecture;
use evidence::{Kind, Places, Record};
use experiment::{Experiment, MAX_EXPERIMENT_BYTES, parse_json};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Groups of experiments that are part of the code, beside the steps. The name of a group stands for all that is in it.
const GROUPS: [Group; 2] = [
    Group {
        name: "without",
        kind: Kind::Without,
        experiments: without::experiments,
    },
    Group {
        name: "frontier",
        kind: Kind::Frontier,
        experiments: frontier::experiments,
    },
];

struct Group {
    name: &'static str,
    /// Of a run on the test images.
    kind: Kind,
    experiments: fn() -> Vec<Experiment>,
}

/// An experiment, and the word of the command line that stands for it.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The word.
    pub word: String,
    /// The experiment.
    pub experiment: Experiment,
}

/// A word of the command line that stands for an experiment: a step by its name or number, another experiment of the code by
/// its name, or a JSON file: an experiment, or the record of a run of one.
///
/// A file is read later: what is wrong with it is not a wrong use of the program.
#[derive(Clone, Debug)]
pub struct Word(String);

impl Word {
    /// Parses the word, if it is a file's or a known experiment's.
    ///
    /// # Errors
    ///
    /// There is no such step.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !is_file(text) {
            known(text)?;
        }
        Ok(Self(text.to_owned()))
    }

    /// The same, or the name of a group for all its experiments.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn parse_several(text: &str) -> Result<Self, String> {
        match group(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Self::parse(text),
        }
    }

    /// The experiment that it stands for.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no experiment. Names the file.
    pub fn experiment(&self) -> Fallible<Experiment> {
        if is_file(&self.0) {
            from_file(Path::new(&self.0))
        } else {
            known(&self.0).map_err(anyhow::Error::msg)
        }
    }

    /// The network of the experiment that it stands for, or the one that its file holds alone, after a line that introduces
    /// it. One that is alone need not be one that can be trained.
    ///
    /// # Errors
    ///
    /// As [`experiment`](Self::experiment).
    pub fn network(&self) -> Fallible<(String, Architecture)> {
        let path = Path::new(&self.0);
        if is_file(&self.0)
            && let Some(text) = network_alone(path)
        {
            let shown = files::shown(&self.0);
            let architecture = parse_json(&text)
                .with_context(|| format!("{shown} is not a network that can be described"))?;
            return Ok((shown, architecture));
        }
        let experiment = self.experiment()?;
        let introduction = format!("{}: {}", experiment.name, experiment.title);
        Ok((introduction, experiment.architecture))
    }

    /// The same, with the word by which it goes.
    ///
    /// # Errors
    ///
    /// As [`experiment`](Self::experiment).
    pub fn subject(&self) -> Fallible<Subject> {
        let experiment = self.experiment()?;
        let word = if is_file(&self.0) {
            self.0.clone()
        } else {
            experiment.name.to_string()
        };
        Ok(Subject { word, experiment })
    }

    /// All experiments that it stands for.
    ///
    /// # Errors
    ///
    /// As [`experiment`](Self::experiment).
    pub fn subjects(&self) -> Fallible<Vec<Subject>> {
        match group(&self.0) {
            Some(group) => Ok(of_code((group.experiments)())),
            None => Ok(vec![self.subject()?]),
        }
    }
}

fn group(name: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.name == name)
}

fn known(text: &str) -> Result<Experiment, String> {
    let mut experiments = GROUPS.iter().flat_map(|group| (group.experiments)());
    let of_group = experiments.find(|experiment| experiment.name == *text);
    of_group.map_or_else(|| steps::parse(text), Ok)
}

/// Experiments that are part of the code, which their names stand for.
pub fn of_code(experiments: Vec<Experiment>) -> Vec<Subject> {
    let subject = |experiment: Experiment| Subject {
        word: experiment.name.to_string(),
        experiment,
    };
    experiments.into_iter().map(subject).collect()
}

/// Of which kind a run of an experiment on the test images is: a step's or a group's only if the experiment is as it is in the
/// code.
pub fn kind(experiment: &Experiment) -> Kind {
    let is_among = |known: Vec<Experiment>| {
        known.iter().any(|known| {
            known.name == experiment.name
                && known.architecture == experiment.architecture
                && known.recipe == experiment.recipe
        })
    };
    if is_among(steps::experiments()) {
        return Kind::Step;
    }
    let mut groups = GROUPS.iter();
    let group = groups.find(|group| is_among((group.experiments)()));
    group.map_or(Kind::Own, |group| group.kind)
}

/// The recorded weights of an experiment.
///
/// # Errors
///
/// There are none. Names the file.
pub fn recorded_weights(experiment: &Experiment, places: &Places) -> Fallible<PathBuf> {
    let path = places.weights(kind(experiment), &experiment.name);
    ensure!(
        path.exists(),
        "{} is missing: record a run of {} with seed 1, or name a file with --weights",
        path.display(),
        experiment.name
    );
    Ok(path)
}

/// Whether a word names a file rather than an experiment that is part of the code.
fn is_file(text: &str) -> bool {
    let path = Path::new(text);
    path.extension()
        .is_some_and(|extension| extension == "json")
}

/// The text of a file that has layers at its top, as a network alone has, and not within an experiment.
fn network_alone(path: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Alone {
        #[serde(rename = "layers")]
        _layers: IgnoredAny,
    }
    let text = files::read_text(path, MAX_EXPERIMENT_BYTES).ok()?;
    serde_json::from_str::<Alone>(&text).is_ok().then_some(text)
}

fn from_file(path: &Path) -> Fallible<Experiment> {
    if Record::is_at(path) {
        return Ok(Record::read(path)?.experiment());
    }
    Experiment::read(path)
}
