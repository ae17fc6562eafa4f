//! The steps as the page introduces them.

use std::path::Path;

use anyhow::Result;
use experiment::{Experiment, TARGET_ACCURACY, read_result};
use inference::Model;
use mnist::IMAGE_SIDE;
use model_core::Summary;
use serde::Serialize;

/// The steps, and what else does not change while the server runs.
#[derive(Debug, Serialize)]
pub struct Ladder {
    /// First to last.
    pub steps: Vec<Step>,
    /// Height and width of what the networks see, in pixels.
    pub image_side: usize,
    /// Test digits that there are.
    pub test_digits: usize,
    /// The accuracy to hold, as a fraction.
    pub target_accuracy: f64,
}

/// A step.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Name of its crate.
    pub name: String,
    /// What it adds.
    pub title: String,
    /// Its layers: sizes and receptive fields.
    pub summary: Summary,
    /// Why its network cannot be asked, where it cannot.
    pub missing: Option<String>,
    /// How its weights do on the test digits, where a result says so.
    pub evaluation: Option<Evaluation>,
}

/// How weights do on the test digits.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    /// Digits recognised.
    pub correct: usize,
    /// Digits.
    pub total: usize,
    /// Indices of those that are not recognised, ascending.
    pub misclassified: Vec<usize>,
}

impl Ladder {
    /// Introduces `steps`, whose networks have the weights of the runs with seed 1 that are recorded in the folder `results`.
    ///
    /// # Errors
    ///
    /// A step's network cannot be built.
    pub fn new(
        steps: &[(Experiment, Result<Model>)],
        test_digits: usize,
        results: &Path,
    ) -> Result<Self> {
        let step = |(experiment, model): &(Experiment, Result<Model>)| {
            Ok(Step {
                name: experiment.name.clone(),
                title: experiment.title.clone(),
                summary: experiment.architecture.summary()?,
                missing: model.as_ref().err().map(|error| format!("{error:#}")),
                evaluation: Evaluation::recorded(experiment, results),
            })
        };
        Ok(Self {
            steps: steps.iter().map(step).collect::<Result<_>>()?,
            image_side: IMAGE_SIDE,
            test_digits,
            target_accuracy: TARGET_ACCURACY,
        })
    }
}

impl Evaluation {
    /// What the run says that the recorded weights come from; none where it is not there or of another network.
    fn recorded(experiment: &Experiment, results: &Path) -> Option<Self> {
        let path = results.join(&experiment.name).join("seed-1.json");
        let run = read_result(&path).ok()?;
        (run.architecture == experiment.architecture).then(|| Self {
            correct: run.last().test_correct,
            total: run.last().test_total,
            misclassified: run.misclassified,
        })
    }
}
