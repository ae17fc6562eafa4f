//! What happened in each epoch, counted exactly.
//!
//! Burn's accuracy metric averages percentages over batches; a verdict about 9,940 of 10,000 images needs the images.
//! A [`Tally`] is a metric that counts them, one for training and one for evaluation; at the end of an epoch the
//! [`Journal`] makes an [`Epoch`] of both. All of it happens in the `Learner`'s metric thread, in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use burn::tensor::{Int, Tensor, TensorReadError};
use burn::train::ClassificationOutput;
use burn::train::logger::TrainingProgressLogger;
use burn::train::metric::{
    Adaptor, Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes,
    NumericEntry, SerializedEntry,
};
use evidence::{Epoch, Evaluation, Misclassified};
use mnist::CLASSES;

use crate::stop::{Cause, Stop};

/// The record of a run while it grows, shared between the metrics, the progress display and the caller.
#[derive(Clone)]
pub struct Journal(Arc<Mutex<Entries>>);

struct Entries {
    started: Option<Instant>,
    train: Counts,
    evaluation: Counts,
    /// Images of an evaluation: one that was broken off does not make an epoch.
    evaluated_images: usize,
    epochs: Vec<Epoch>,
}

/// Counts over the images of one epoch.
#[derive(Clone, Default)]
pub struct Counts {
    /// Images seen.
    images: usize,
    correct: usize,
    loss_sum: f64,
    learning_rate: f64,
    /// Images by true and predicted class.
    pub confusion: [[usize; CLASSES]; CLASSES],
    /// The wrong ones, by position in the order they were seen.
    pub misclassified: Vec<Misclassified>,
}

impl Journal {
    /// The journal of a training that has finished these epochs, and evaluates so many images after each.
    pub fn new(epochs: Vec<Epoch>, evaluated_images: usize) -> Self {
        Self(Arc::new(Mutex::new(Entries {
            started: None,
            train: Counts::default(),
            evaluation: Counts::default(),
            evaluated_images,
            epochs,
        })))
    }

    /// The finished epochs.
    pub fn epochs(&self) -> Vec<Epoch> {
        self.entries().epochs.clone()
    }

    /// The finished epoch with this number, from 1.
    pub fn epoch(&self, number: usize) -> Option<Epoch> {
        self.entries().epochs.get(number - 1).cloned()
    }

    /// The counts of the last evaluation.
    pub fn last_evaluation(&self) -> Counts {
        self.entries().evaluation.clone()
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TrainingProgressLogger for Journal {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}

    fn start_split(&mut self, _: &str, _: usize) {
        self.entries().started.get_or_insert_with(Instant::now);
    }

    fn update_split(&mut self, _: usize) {}

    fn end_split(&mut self) {}

    fn update_epoch(&mut self, epoch: usize) {
        let mut entries = self.entries();
        let Entries {
            train, evaluation, ..
        } = &*entries;
        if evaluation.images < entries.evaluated_images {
            return;
        }
        let epoch = Epoch {
            epoch,
            learning_rate: train.learning_rate,
            train_loss: train.mean_loss(),
            train_accuracy: train.accuracy(),
            test_loss: evaluation.mean_loss(),
            test_correct: evaluation.correct,
            test_total: evaluation.images,
            seconds: entries
                .started
                .map_or(0.0, |started| started.elapsed().as_secs_f64()),
        };
        entries.epochs.push(epoch);
        entries.started = None;
    }

    fn end(&mut self) {}

    fn log_event_training(&mut self, _: String) {}
}

impl Counts {
    /// What was counted, in short.
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            loss: self.mean_loss(),
            correct: self.correct,
            total: self.images,
        }
    }

    fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images.max(1) as f64
    }

    /// How many nines the accuracy has: 90 % is 1, 99 % is 2, 99.9 % is 3. Of images that are all right, half an image counts
    /// as wrong.
    fn nines(&self) -> f64 {
        let images = self.images.max(1) as f64;
        let wrong = (self.images - self.correct) as f64;
        (images / wrong.max(0.5)).log10()
    }

    /// Mean cross-entropy of the images.
    fn mean_loss(&self) -> f64 {
        self.loss_sum / self.images.max(1) as f64
    }

    /// Adds a batch.
    ///
    /// # Errors
    ///
    /// Its values cannot be read from the device.
    pub fn add_batch(&mut self, batch: &TallyInput) -> Result<(), TensorReadError> {
        let loss = batch.loss.clone().try_into_scalar::<f64>()?;
        let logits = batch.logits.clone().try_into_data()?;
        let logits = logits.try_into_vec_as::<f32>()?;
        let labels = batch.labels.clone().try_into_data()?;
        let labels = labels.try_into_vec_as::<i64>()?;
        let (rows, _) = logits.as_chunks::<CLASSES>();
        self.add(loss, rows, &labels);
        Ok(())
    }

    fn add(&mut self, loss: f64, logits: &[[f32; CLASSES]], labels: &[i64]) {
        self.loss_sum += loss * labels.len() as f64;
        for (logits, &label) in logits.iter().zip(labels) {
            let (predicted, label) = (highest(logits), label as usize);
            if predicted == label {
                self.correct += 1;
            } else {
                self.misclassified
                    .push(Misclassified::new(self.images, &probabilities(logits)));
            }
            self.confusion[label][predicted] += 1;
            self.images += 1;
        }
    }
}

/// The class with the highest logit, the first of equal ones.
fn highest(logits: &[f32; CLASSES]) -> usize {
    let mut best = 0;
    for class in 1..CLASSES {
        if logits[class] > logits[best] {
            best = class;
        }
    }
    best
}

/// The softmax of logits.
fn probabilities(logits: &[f32; CLASSES]) -> [f64; CLASSES] {
    let largest = f64::from(logits[highest(logits)]);
    let powers = logits.map(|logit| (f64::from(logit) - largest).exp());
    let sum: f64 = powers.iter().sum();
    powers.map(|power| power / sum)
}

/// Which counts of the [`Journal`] a [`Tally`] fills.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Training batches.
    Train,
    /// Evaluation batches.
    Evaluation,
}

/// A metric that counts the images classified right, and shows their share in percent.
#[derive(Clone)]
pub struct Tally {
    phase: Phase,
    counts: Counts,
    /// Share right in the last batch.
    batch_accuracy: f64,
    journal: Journal,
    stop: Stop,
}

/// What a [`Tally`] needs of a batch.
pub struct TallyInput {
    loss: Tensor<1>,
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
}

impl Adaptor<TallyInput> for ClassificationOutput {
    fn adapt(&self) -> TallyInput {
        TallyInput {
            loss: self.loss.clone(),
            logits: self.output.clone(),
            labels: self.targets.clone(),
        }
    }
}

impl Tally {
    /// A tally that stops the training when the loss is no longer a number.
    pub fn new(phase: Phase, journal: Journal, stop: Stop) -> Self {
        Self {
            phase,
            counts: Counts::default(),
            batch_accuracy: 0.0,
            journal,
            stop,
        }
    }

    /// Why a training whose loss is not a number is stopped.
    fn not_finite(&self, metadata: &MetricMetadata) -> String {
        let epoch = self.journal.epochs().len() + 1;
        let step = metadata.iteration.unwrap_or(0);
        match self.phase {
            Phase::Train => format!(
                "the loss is no longer a finite number in epoch {epoch}, step {step}, at a learning rate of {}: it is too high for this recipe",
                self.counts.learning_rate
            ),
            Phase::Evaluation => {
                format!(
                    "the loss of the evaluated images is no longer a finite number after epoch {epoch}"
                )
            }
        }
    }

    fn entry(&self, batch: f64) -> SerializedEntry {
        let (total, nines) = (100.0 * self.counts.accuracy(), self.counts.nines());
        SerializedEntry::new(
            format!(
                "epoch {total:.2} % ({nines:.2} nines) - batch {:.2} %",
                100.0 * batch
            ),
            format!("{nines}"),
        )
    }
}

impl Metric for Tally {
    type Input = TallyInput;

    fn name(&self) -> MetricName {
        Arc::new("Accuracy in nines".into())
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes {
            unit: None,
            higher_is_better: true,
        }
        .into()
    }

    fn update(
        &mut self,
        input: &TallyInput,
        metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        let (images, correct) = (self.counts.images, self.counts.correct);
        self.counts.add_batch(input)?;
        if let Some(learning_rate) = &metadata.lr {
            self.counts.learning_rate = learning_rate.base();
        }
        if !self.counts.loss_sum.is_finite() {
            self.stop.stop(Cause::Failure(self.not_finite(metadata)));
        }
        // After the last batch of an epoch, its state is kept first.
        let progress = &metadata.progress;
        let is_last = progress.items_processed >= progress.items_total;
        if self.phase == Phase::Train || !is_last {
            self.stop.take_effect();
        }
        let images = self.counts.images - images;
        self.batch_accuracy = (self.counts.correct - correct) as f64 / images.max(1) as f64;
        Ok(self.entry(self.batch_accuracy))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        let mut entries = self.journal.entries();
        match self.phase {
            Phase::Train => entries.train = self.counts.clone(),
            Phase::Evaluation => entries.evaluation = self.counts.clone(),
        }
        drop(entries);
        Ok(self.entry(self.batch_accuracy))
    }

    fn clear(&mut self) {
        self.counts = Counts::default();
    }
}

/// What the dashboard plots. On an axis of percents, all that happens after the first epochs would be a line.
impl Numeric for Tally {
    fn value(&self) -> Option<NumericEntry> {
        Some(self.final_value())
    }

    fn running_value(&self) -> Option<NumericEntry> {
        Some(self.final_value())
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Value(self.counts.nines())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_is_plotted_in_nines() {
        for (correct, nines) in [(0, 0.0), (9_000, 1.0), (9_900, 2.0), (9_990, 3.0)] {
            let counts = Counts {
                images: 10_000,
                correct,
                ..Counts::default()
            };
            assert!((counts.nines() - nines).abs() < 1e-12, "{correct}");
        }
    }
}
