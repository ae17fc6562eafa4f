//! The steps as the page introduces them.

use anyhow::Result;
use architecture::Summary;
use evidence::{Kind, Places, TARGET_ACCURACY};
use experiment::Experiment;
use inference::Model;
use mnist::IMAGE_SIDE;
use serde::Serialize;

/// The steps, and what else does not change while the server runs.
#[derive(Debug, Serialize)]
pub struct Ladder {
    /// First to last.
    pub steps: Vec<Step>,
    /// Height and width of what the networks see, in pixels.
    pub image_side: usize,
    /// Number of test digits.
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
    /// Introduces `steps`, whose networks have the weights of the runs with seed 1 that are recorded.
    ///
    /// # Errors
    ///
    /// A step's network cannot be built.
    pub fn new(
        steps: &[(Experiment, Result<Model>)],
        test_digits: usize,
        places: &Places,
    ) -> Result<Self> {
        let step = |(experiment, model): &(Experiment, Result<Model>)| {
            Ok(Step {
                name: experiment.name.to_string(),
                title: experiment.title.clone(),
                summary: experiment.architecture.summary()?.unrolled(),
                missing: model.as_ref().err().map(|error| format!("{error:#}")),
                evaluation: Evaluation::recorded(experiment, places),
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
    fn recorded(experiment: &Experiment, places: &Places) -> Option<Self> {
        let record = places
            .record(Kind::Step, experiment.name.as_str(), 1)
            .ok()?;
        (record.run.architecture == experiment.architecture).then(|| Self {
            correct: record.last().test_correct,
            total: record.last().test_total,
            misclassified: record.misclassified.iter().map(|it| it.image).collect(),
        })
    }
}
