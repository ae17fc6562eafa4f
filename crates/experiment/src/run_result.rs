//! The evidence of one run.

use anyhow::{Result, ensure};
use mnist::Split;
use model_core::Architecture;
use serde::{Deserialize, Serialize};

use crate::Recipe;

/// Version of the layout of result files; raised when a field changes its meaning.
pub const SCHEMA_VERSION: u32 = 2;

/// The accuracy to hold, as a fraction.
pub const TARGET_ACCURACY: f64 = 0.994;

/// Over how many last epochs the target accuracy must be held.
pub const LAST_EPOCHS: usize = 5;

/// Everything that one run of an experiment leaves but the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub schema_version: u32,
    /// Name of the step.
    pub step: String,
    /// What the step adds.
    pub title: String,
    /// Seed of the run.
    pub seed: u64,
    /// Which images were trained on, and which evaluated on.
    pub split: Split,
    /// Number of training images.
    pub train_images: usize,
    /// Name of the backend's feature flag.
    pub backend: String,
    /// The device that the backend ran on.
    pub device: String,
    /// Threads of the process's pool.
    pub threads: usize,
    /// Versions of what was run.
    pub versions: Versions,
    /// Trainable parameters.
    pub parameters: usize,
    /// How the network was trained.
    pub recipe: Recipe,
    /// The network.
    pub architecture: Architecture,
    /// One entry per epoch, first to last.
    pub epochs: Vec<Epoch>,
    /// How the teacher does on the evaluated images after its last epoch, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<Evaluation>,
    /// After the last epoch: the training images as they are, without dropout, augmentation or label smoothing.
    pub train: Evaluation,
    /// After the last epoch: images by true class (row) and predicted class (column).
    pub confusion: Vec<Vec<usize>>,
    /// After the last epoch: indices of the evaluated images that were classified wrong, ascending.
    pub misclassified: Vec<usize>,
}

/// Versions of what was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// Version of this workspace.
    pub package: String,
    /// Version of Burn.
    pub burn: String,
    /// Commit of the checkout, with `-dirty` for uncommitted changes; none outside a checkout.
    pub git_commit: Option<String>,
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

impl Evaluation {
    /// Fraction of the images classified right.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.total as f64
    }
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

impl Epoch {
    /// Fraction of the evaluated images classified right.
    pub fn test_accuracy(&self) -> f64 {
        self.test_correct as f64 / self.test_total as f64
    }
}

impl RunResult {
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

    /// The best test accuracy of any epoch, as a fraction.
    pub fn best(&self) -> f64 {
        self.epochs
            .iter()
            .map(Epoch::test_accuracy)
            .fold(0.0, f64::max)
    }

    /// Whether `other` is a run of the same experiment on the same images, whatever the seeds.
    pub fn differs_in_seed_only(&self, other: &Self) -> bool {
        let same_recipe = Recipe {
            seed: other.recipe.seed,
            ..self.recipe.clone()
        } == other.recipe;
        let what = |run: &Self| {
            (
                run.step.clone(),
                run.architecture.clone(),
                run.split,
                run.train_images,
            )
        };
        same_recipe && what(self) == what(other)
    }

    /// Mean wall-clock seconds of an epoch.
    pub fn seconds_per_epoch(&self) -> f64 {
        self.epochs.iter().map(|epoch| epoch.seconds).sum::<f64>() / self.epochs.len() as f64
    }

    /// Checks that the figures agree with one another, as those of a real run do.
    ///
    /// # Errors
    ///
    /// The first disagreement, in one line.
    pub fn check(&self) -> Result<()> {
        ensure!(
            self.schema_version == SCHEMA_VERSION,
            "schema_version is {}, expected {SCHEMA_VERSION}",
            self.schema_version
        );
        ensure!(
            self.seed == self.recipe.seed,
            "seed is {}, but the recipe's is {}",
            self.seed,
            self.recipe.seed
        );
        ensure!(
            !self.epochs.is_empty() && self.epochs.len() == self.recipe.epochs,
            "it has {} epochs, but the recipe says {}",
            self.epochs.len(),
            self.recipe.epochs
        );
        for (epoch, number) in self.epochs.iter().zip(1..) {
            ensure!(
                epoch.epoch == number,
                "epoch {number} is numbered {}",
                epoch.epoch
            );
            ensure!(
                epoch.test_correct <= epoch.test_total && epoch.test_total > 0,
                "epoch {number} has {} of {} right",
                epoch.test_correct,
                epoch.test_total
            );
            ensure!(
                epoch.train_loss.is_finite() && epoch.test_loss.is_finite(),
                "epoch {number} has a loss that is not a finite number"
            );
        }
        let parameters = self.architecture.summary()?.totals.parameters;
        ensure!(
            self.parameters == parameters,
            "parameters is {}, but the architecture has {parameters}",
            self.parameters
        );
        ensure!(
            self.train.total == self.train_images && self.train.correct <= self.train.total,
            "it has {} of {} training images right, but was trained on {}",
            self.train.correct,
            self.train.total,
            self.train_images
        );
        ensure!(
            self.teacher.is_some() == self.recipe.distillation.is_some(),
            "the recipe and the result do not agree on whether there was a teacher"
        );
        ensure!(
            self.train.loss.is_finite(),
            "the loss of the training images is not a finite number"
        );
        let last = self.last();
        ensure!(
            self.confusion.len() == 10 && self.confusion.iter().all(|row| row.len() == 10),
            "the confusion matrix is not 10×10"
        );
        let all: usize = self.confusion.iter().flatten().sum();
        ensure!(
            all == last.test_total,
            "the confusion matrix counts {all} images, expected {}",
            last.test_total
        );
        let correct: usize = (0..10).map(|class| self.confusion[class][class]).sum();
        ensure!(
            correct == last.test_correct,
            "the confusion matrix has {correct} images right, expected {}",
            last.test_correct
        );
        let wrong = last.test_total - last.test_correct;
        ensure!(
            self.misclassified.len() == wrong,
            "it lists {} misclassified images, expected {wrong}",
            self.misclassified.len()
        );
        ensure!(
            self.misclassified.is_sorted_by(|a, b| a < b)
                && self
                    .misclassified
                    .iter()
                    .all(|&index| index < last.test_total),
            "the misclassified images are not ascending indices below {}",
            last.test_total
        );
        Ok(())
    }
}
