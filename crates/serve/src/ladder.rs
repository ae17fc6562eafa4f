//! The steps as the page introduces them.

use anyhow::Result;
use architecture::Summary;
use evidence::{Record, TARGET_ACCURACY};
use experiment::Experiment;
use inference::{Model, most_probable};
use mnist::{Digits, IMAGE_SIDE};
use report::{Comparison, Sample};
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
    /// Epochs of its recipe.
    pub epochs: usize,
    /// Its layers: sizes and receptive fields.
    pub summary: Summary,
    /// Why its network cannot be asked, where it cannot.
    pub missing: Option<String>,
    /// How its weights do on the test digits, where a result says so.
    pub evaluation: Option<Evaluation>,
    /// How the recorded runs do, where there are any.
    pub accuracy: Option<Accuracy>,
    /// What that is against the step before.
    pub effect: Option<Effect>,
}

/// How weights do on the test digits.
#[derive(Debug, Serialize)]
pub struct Evaluation {
    /// Digits recognised.
    pub correct: usize,
    /// Digits.
    pub total: usize,
    /// Digits by label (row) and what they are taken for (column).
    pub confusion: Vec<Vec<usize>>,
    /// Those that are not recognised, by index.
    pub misclassified: Vec<Mistake>,
}

/// A test digit that is not recognised.
#[derive(Debug, Serialize)]
pub struct Mistake {
    /// Its index.
    pub image: usize,
    /// What it is.
    pub label: u8,
    /// What it is taken for, where the record says so.
    pub digit: Option<usize>,
}

/// The accuracies of a step's runs, as fractions.
#[derive(Debug, Serialize)]
pub struct Accuracy {
    /// Number of runs.
    pub seeds: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; none of a single run.
    pub deviation: Option<f64>,
}

/// How much more accurate a step is than the one before, as a fraction.
#[derive(Debug, Serialize)]
pub struct Effect {
    /// Difference of the means.
    pub difference: f64,
    /// The interval that holds the true difference with 95 %; none where there are too few seeds to know their spread.
    pub interval: Option<(f64, f64)>,
    /// Whether it is shown, in the words of the documents.
    pub verdict: &'static str,
}

impl Accuracy {
    /// That of runs over their last epochs; none of no runs.
    fn of(runs: &[&Record]) -> Option<Self> {
        let Sample {
            count,
            mean,
            deviation,
        } = Sample::of_runs(runs);
        (count > 0).then(|| Self {
            seeds: count,
            mean,
            deviation: (count > 1).then_some(deviation),
        })
    }
}

impl From<Comparison> for Effect {
    fn from(comparison: Comparison) -> Self {
        Self {
            difference: comparison.difference,
            interval: comparison.interval,
            verdict: comparison.verdict().words(),
        }
    }
}

impl Ladder {
    /// Introduces `steps`, whose networks have the weights of the runs with seed 1 among those that are `recorded`.
    ///
    /// # Errors
    ///
    /// A step's network cannot be built.
    pub fn new(
        steps: &[(Experiment, Result<Model>)],
        test_digits: &Digits,
        recorded: &[Record],
    ) -> Result<Self> {
        let mut before: Vec<&Record> = Vec::new();
        let step = |(experiment, model): &(Experiment, Result<Model>)| {
            let runs = runs_of(experiment, recorded);
            // Without runs of both there is nothing to compare.
            let effect = Comparison::new(&before, &runs).ok();
            before.clone_from(&runs);
            let first = runs.iter().find(|run| run.seed() == 1);
            Ok(Step {
                name: experiment.name.to_string(),
                title: experiment.title.clone(),
                epochs: experiment.recipe.epochs,
                summary: experiment.architecture.summary()?.unrolled(),
                missing: model.as_ref().err().map(|error| format!("{error:#}")),
                evaluation: first.map(|run| Evaluation::of(run, test_digits)),
                accuracy: Accuracy::of(&runs),
                effect: effect.map(Effect::from),
            })
        };
        Ok(Self {
            steps: steps.iter().map(step).collect::<Result<_>>()?,
            image_side: IMAGE_SIDE,
            test_digits: test_digits.len(),
            target_accuracy: TARGET_ACCURACY,
        })
    }
}

/// The runs of an experiment, whatever its title was then.
pub fn runs_of<'a>(experiment: &Experiment, recorded: &'a [Record]) -> Vec<&'a Record> {
    let wanted = (
        &experiment.name,
        &experiment.architecture,
        &experiment.recipe,
    );
    let runs = recorded.iter();
    runs.filter(|it| (&it.run.name, &it.run.architecture, &it.run.recipe) == wanted)
        .collect()
}

impl Evaluation {
    /// What a run on the test digits says.
    fn of(run: &Record, test_digits: &Digits) -> Self {
        let last = run.last();
        let misclassified = run.misclassified.iter();
        // Of other digits than those of the run there may be fewer.
        let misclassified = misclassified.filter(|it| it.image < test_digits.len());
        let mistake = |it: &evidence::Misclassified| Mistake {
            image: it.image,
            label: test_digits.label(it.image),
            digit: it.probabilities.as_ref().map(most_probable),
        };
        Self {
            correct: last.test_correct,
            total: last.test_total,
            confusion: run.confusion.clone(),
            misclassified: misclassified.map(mistake).collect(),
        }
    }
}
