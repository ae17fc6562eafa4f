//! What a finished run says of itself.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use experiment::{Experiment, check_line, parse_json};
use mnist::{CLASSES, Disturbance, MAX_IMAGES};
use serde::{Deserialize, Serialize};

use crate::{Origin, RunId, json};

/// Version of the layout of records; raised when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 3;

/// The accuracy to hold, as a fraction.
pub const TARGET_ACCURACY: f64 = 0.994;

/// Over how many last epochs the target accuracy must be held.
pub const LAST_EPOCHS: usize = 5;

/// The largest record that is read, in bytes: a million images, all of them misclassified, would fit.
pub(crate) const MAX_RECORD_BYTES: u64 = 256 << 20;

/// Most images of one kind: both sets of the largest data set.
const MOST_IMAGES: usize = 2 * MAX_IMAGES;

/// Everything that one run of an experiment leaves but the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// What was run.
    pub run: RunId,
    /// What the step adds.
    pub title: String,
    /// Where, when and with what it was made.
    pub origin: Origin,
    /// Trainable parameters.
    pub parameters: usize,
    /// One entry per epoch, first to last.
    pub epochs: Vec<Epoch>,
    /// The teacher, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherRecord>,
    /// After the last epoch: the training images as they are, without dropout, augmentation or label smoothing.
    pub train: Evaluation,
    /// After the last epoch: images by true class (row) and predicted class (column).
    pub confusion: Vec<Vec<usize>>,
    /// After the last epoch: the evaluated images that were classified wrong, ascending.
    pub misclassified: Vec<Misclassified>,
    /// After the last epoch: the evaluated images, disturbed in one way each. None in an old record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disturbed: Vec<Disturbed>,
    /// SHA-256 of the file of weights, in hexadecimal. None in an old record whose weights nobody kept.
    pub weights_sha256: Option<String>,
}

/// What was measured in one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Learning rate of the epoch's last step.
    pub learning_rate: f64,
    /// Mean cross-entropy of the training images as they were trained on, with dropout and augmentation.
    pub train_loss: f64,
    /// Fraction of these classified right.
    pub train_accuracy: f64,
    /// Mean cross-entropy of the evaluated images.
    pub test_loss: f64,
    /// Evaluated images classified right.
    pub test_correct: usize,
    /// Evaluated images.
    pub test_total: usize,
    /// Wall-clock time of training and evaluation.
    pub seconds: f64,
}

/// What a run keeps of its teacher's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeacherRecord {
    /// The evaluated images after the teacher's last epoch.
    pub evaluation: Evaluation,
    /// Wall-clock time of its training and evaluations; none in an old record, which did not keep it.
    pub seconds: Option<f64>,
}

/// How a network does on some images, none of them changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Mean cross-entropy.
    pub loss: f64,
    /// Images classified right.
    pub correct: usize,
    /// Images.
    pub total: usize,
}

/// How a network does on the evaluated images when they are disturbed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disturbed {
    /// How they are disturbed.
    pub disturbance: Disturbance,
    /// What comes of it.
    pub evaluation: Evaluation,
}

/// An evaluated image that was classified wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misclassified {
    /// Index among the evaluated images, from 0.
    pub image: usize,
    /// What the network gave each class, to six decimals. None in an old record whose weights nobody kept.
    pub probabilities: Option<[f32; CLASSES]>,
}

impl Misclassified {
    /// A misclassified image with the probabilities that the network gave each class, to six decimals.
    pub fn new(image: usize, probabilities: &[f64; CLASSES]) -> Self {
        Self {
            image,
            probabilities: Some(probabilities.map(|it| ((it * 1e6).round() / 1e6) as f32)),
        }
    }
}

impl Evaluation {
    /// Fraction of the images classified right.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.total as f64
    }

    fn check(&self, images: &str) -> Result<()> {
        ensure!(
            self.correct <= self.total && (1..=MOST_IMAGES).contains(&self.total),
            "it has {} of {} {images} right, expected 1 to {MOST_IMAGES} images",
            self.correct,
            self.total
        );
        ensure!(
            is_amount(self.loss),
            "the loss of the {images} is {}, expected a number of at least 0",
            self.loss
        );
        Ok(())
    }
}

impl Epoch {
    /// Fraction of the evaluated images classified right.
    pub fn test_accuracy(&self) -> f64 {
        self.test_correct as f64 / self.test_total as f64
    }

    fn check(&self, number: usize) -> Result<()> {
        ensure!(
            self.epoch == number,
            "epoch {number} is numbered {}",
            self.epoch
        );
        ensure!(
            self.test_correct <= self.test_total && (1..=MOST_IMAGES).contains(&self.test_total),
            "epoch {number} has {} of {} right, expected 1 to {MOST_IMAGES} images",
            self.test_correct,
            self.test_total
        );
        for (name, value) in [
            ("learning_rate", self.learning_rate),
            ("train_loss", self.train_loss),
            ("train_accuracy", self.train_accuracy),
            ("test_loss", self.test_loss),
            ("seconds", self.seconds),
        ] {
            ensure!(
                is_amount(value),
                "epoch {number}: {name} is {value}, expected a number of at least 0"
            );
        }
        Ok(())
    }
}

/// Whether a value is something that there can be more or less of: finite and not negative.
fn is_amount(value: f64) -> bool {
    (0.0..f64::INFINITY).contains(&value)
}

/// What can be read of a record of any version.
#[derive(Deserialize)]
struct AnyVersion {
    schema_version: u32,
}

impl Record {
    /// Parses a record in JSON, and checks that its figures agree with one another.
    ///
    /// # Errors
    ///
    /// What is wrong, in one line; of a record of another version, how to make it anew.
    pub fn from_json(text: &str) -> Result<Self> {
        let version: AnyVersion = parse_json(text)?;
        ensure!(
            version.schema_version == SCHEMA_VERSION,
            "its schema_version is {}, expected {SCHEMA_VERSION}: make the run again, with `cargo ladder run`",
            version.schema_version
        );
        let record: Self = parse_json(text)?;
        record.check()?;
        Ok(record)
    }

    /// Whether a file is a record, of whatever version, rather than anything else.
    pub fn is_at(path: &Path) -> bool {
        let text = files::read_text(path, MAX_RECORD_BYTES);
        text.is_ok_and(|text| serde_json::from_str::<AnyVersion>(&text).is_ok())
    }

    /// Reads a record from a file.
    ///
    /// # Errors
    ///
    /// Names the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self> {
        let read = || Self::from_json(&files::read_text(path, MAX_RECORD_BYTES)?);
        read().with_context(|| format!("cannot use the record {}", path.display()))
    }

    /// The record in JSON, an epoch and a misclassified image a line. The same record gives the same bytes.
    ///
    /// # Errors
    ///
    /// It holds a number that JSON has not.
    pub fn to_json(&self) -> Result<String> {
        json::to_string(self)
    }

    /// Name of the experiment.
    pub fn name(&self) -> &str {
        &self.run.name
    }

    /// Seed of the run.
    pub fn seed(&self) -> u64 {
        self.run.seed
    }

    /// The experiment that was run.
    pub fn experiment(&self) -> Experiment {
        Experiment {
            name: self.run.name.clone(),
            title: self.title.clone(),
            architecture: self.run.architecture.clone(),
            recipe: self.run.recipe.clone(),
        }
    }

    /// The last epoch.
    pub fn last(&self) -> &Epoch {
        &self.epochs[self.epochs.len() - 1]
    }

    /// The last epochs, over which the target must be held: five, or all if there are fewer.
    pub fn last_epochs(&self) -> &[Epoch] {
        &self.epochs[self.epochs.len().saturating_sub(LAST_EPOCHS)..]
    }

    /// The lowest test accuracy of the last epochs, as a fraction.
    pub fn lowest_of_last(&self) -> f64 {
        let accuracies = self.last_epochs().iter().map(Epoch::test_accuracy);
        accuracies.fold(f64::INFINITY, f64::min)
    }

    /// The mean test accuracy over the last epochs, as a fraction: what counts as the run's accuracy.
    pub fn mean_of_last(&self) -> f64 {
        let epochs = self.last_epochs();
        epochs.iter().map(Epoch::test_accuracy).sum::<f64>() / epochs.len() as f64
    }

    /// The best test accuracy of any epoch, as a fraction.
    pub fn best(&self) -> f64 {
        let accuracies = self.epochs.iter().map(Epoch::test_accuracy);
        accuracies.fold(0.0, f64::max)
    }

    /// Mean wall-clock seconds of an epoch, without the teacher's.
    pub fn seconds_per_epoch(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.seconds).sum::<f64>() / self.epochs.len() as f64
    }

    /// Checks that the figures agree with one another, as those of a real run do.
    ///
    /// # Errors
    ///
    /// The first disagreement, in one line.
    pub fn check(&self) -> Result<()> {
        let recipe = &self.run.recipe;
        check_line("the title", &self.title)?;
        self.run.check()?;
        self.origin.check()?;
        ensure!(
            !self.epochs.is_empty() && self.epochs.len() == recipe.epochs,
            "it has {} epochs, but the recipe says {}",
            self.epochs.len(),
            recipe.epochs
        );
        for (epoch, number) in self.epochs.iter().zip(1..) {
            epoch.check(number)?;
        }
        let parameters = self.run.architecture.summary()?.totals.parameters;
        ensure!(
            self.parameters == parameters,
            "parameters is {}, but the architecture has {parameters}",
            self.parameters
        );
        let (train, images) = (&self.train, self.run.train_images);
        ensure!(
            train.total == images,
            "it was trained on {images} images, but evaluated on {} of them",
            train.total,
        );
        ensure!(
            self.teacher.is_some() == recipe.distillation.is_some(),
            "the recipe and the record do not agree on whether there was a teacher"
        );
        train.check("training images")?;
        if let Some(teacher) = &self.teacher {
            teacher.evaluation.check("images that the teacher saw")?;
            ensure!(
                teacher.seconds.is_none_or(is_amount),
                "the teacher's seconds are not a number of at least 0"
            );
        }
        self.check_disturbed()?;
        if let Some(sha256) = &self.weights_sha256 {
            check_line("weights_sha256", sha256)?;
        }
        self.check_confusion()?;
        self.check_misclassified()
    }

    fn check_disturbed(&self) -> Result<()> {
        let before = |a: &Disturbed, b: &Disturbed| a.disturbance < b.disturbance;
        ensure!(
            self.disturbed.is_sorted_by(before),
            "the disturbances are not each there once, in their order"
        );
        for Disturbed { evaluation, .. } in &self.disturbed {
            evaluation.check("disturbed images")?;
            ensure!(
                evaluation.total == self.last().test_total,
                "{} images are disturbed, expected all {}",
                evaluation.total,
                self.last().test_total
            );
        }
        Ok(())
    }

    fn check_confusion(&self) -> Result<()> {
        let last = self.last();
        let Some(confusion) = self
            .confusion
            .iter()
            .map(|row| row.as_slice().try_into().ok())
            .collect::<Option<Vec<[usize; CLASSES]>>>()
            .filter(|rows| rows.len() == CLASSES)
        else {
            bail!("the confusion matrix is not {CLASSES}×{CLASSES}");
        };
        // Counts may be anything in a file: 128 bits hold the sum of a hundred of them.
        let sum =
            |counts: &mut dyn Iterator<Item = usize>| counts.map(|it| it as u128).sum::<u128>();
        let all = sum(&mut confusion.iter().flatten().copied());
        ensure!(
            all == last.test_total as u128,
            "the confusion matrix counts {all} images, expected {}",
            last.test_total
        );
        let correct = sum(&mut (0..CLASSES).map(|class| confusion[class][class]));
        ensure!(
            correct == last.test_correct as u128,
            "the confusion matrix has {correct} images right, expected {}",
            last.test_correct
        );
        Ok(())
    }

    fn check_misclassified(&self) -> Result<()> {
        let last = self.last();
        let wrong = last.test_total - last.test_correct;
        ensure!(
            self.misclassified.len() == wrong,
            "it lists {} misclassified images, expected {wrong}",
            self.misclassified.len()
        );
        ensure!(
            self.misclassified.is_sorted_by(|a, b| a.image < b.image)
                && self
                    .misclassified
                    .iter()
                    .all(|it| it.image < last.test_total),
            "the misclassified images are not ascending indices below {}",
            last.test_total
        );
        let proper = |probabilities: &[f32; CLASSES]| {
            probabilities.iter().all(|it| (0.0..=1.0).contains(it))
        };
        let improper = self
            .misclassified
            .iter()
            .find(|it| !it.probabilities.as_ref().is_none_or(proper));
        match improper {
            Some(it) => bail!("image {} has a probability that is not 0 to 1", it.image),
            None => Ok(()),
        }
    }
}
