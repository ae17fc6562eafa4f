//! How a network is trained.

use std::fmt::Display;

use anyhow::{Context, Result, bail, ensure};
use architecture::Architecture;
use mnist::Augmentation;
use serde::{Deserialize, Serialize};

/// Most epochs of a recipe, and most images of a batch: what the command line takes too.
const MOST: usize = u16::MAX as usize;

/// How a network is trained. With the seed, the architecture, the data and the backend it decides a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The optimiser and its settings.
    pub optimizer: Optimizer,
    /// The learning rate of the first epoch.
    pub learning_rate: f64,
    /// How the learning rate changes in the course of a run.
    pub schedule: Schedule,
    /// Images per optimiser step.
    pub batch_size: usize,
    /// Passes over the training images.
    pub epochs: usize,
    /// Probability of dropping a value in training.
    pub dropout: f64,
    /// Which values may be dropped.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dropout_after: DropoutAfter,
    /// Random changes to each training image, if any.
    pub augmentation: Option<Augmentation>,
    /// How many of the last epochs train on the images as they are, without augmentation (Z. He et al., "Data Augmentation
    /// Revisited", 2019).
    #[serde(default, skip_serializing_if = "is_default")]
    pub refinement_epochs: usize,
    /// Share of each training label that is spread evenly over all classes (C. Szegedy et al., "Rethinking the Inception
    /// Architecture for Computer Vision", 2016).
    #[serde(default, skip_serializing_if = "is_default")]
    pub label_smoothing: f64,
    /// Before each evaluation, batch normalisation's means and variances are estimated anew on this many training images as they
    /// are, the first ones, with the weights as they then are (Y. Wu and J. Johnson, "Rethinking 'Batch' in BatchNorm", 2021).
    /// With 0, they are running averages over the last batches, which lag behind the weights.
    #[serde(default, skip_serializing_if = "is_default")]
    pub statistics_images: usize,
    /// The teacher that the network learns from beside the labels, if there is one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub distillation: Option<Distillation>,
    /// A way to train that was on trial: only the code of the commit that a record names has it, and
    /// [`check_trainable`](Self::check_trainable) refuses it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub trial: Option<String>,
}

impl Recipe {
    /// Checks that every number is one that can be trained with.
    ///
    /// # Errors
    ///
    /// One is not. Names it, in one line.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [("epochs", self.epochs), ("batch_size", self.batch_size)] {
            ensure!(
                (1..=MOST).contains(&value),
                "the recipe's {name} is {value}, expected 1 to {MOST}"
            );
        }
        ensure!(
            self.refinement_epochs <= self.epochs,
            "the recipe's refinement_epochs are {}, expected at most its {} epochs",
            self.refinement_epochs,
            self.epochs
        );
        ensure!(
            self.statistics_images <= MOST,
            "the recipe's statistics_images are {}, expected at most {MOST}",
            self.statistics_images
        );
        rate("learning_rate", self.learning_rate)?;
        self.schedule
            .check(self)
            .context("the recipe's schedule cannot be used")?;
        below_one("dropout", self.dropout)?;
        below_one("label_smoothing", self.label_smoothing)?;
        match self.optimizer {
            Optimizer::Sgd {
                momentum,
                weight_decay,
                ..
            } => {
                below_one("momentum", momentum)?;
                not_negative("weight_decay", weight_decay)?;
            }
            Optimizer::AdamW {
                beta_1,
                beta_2,
                weight_decay,
            } => {
                below_one("beta_1", beta_1)?;
                below_one("beta_2", beta_2)?;
                not_negative("weight_decay", weight_decay)?;
            }
        }
        if let Some(augmentation) = self.augmentation {
            up_to("translation_pixels", augmentation.translation_pixels, 28.0)?;
            up_to("rotation_degrees", augmentation.rotation_degrees, 360.0)?;
            below_one("scaling", augmentation.scaling)?;
            up_to("shear_degrees", augmentation.shear_degrees, 80.0)?;
            up_to("elastic_pixels", augmentation.elastic_pixels, 28.0)?;
        }
        if let Some(distillation) = &self.distillation {
            let (temperature, weight) = (distillation.temperature, distillation.weight);
            ensure!(
                temperature > 0.0 && temperature.is_finite(),
                "the recipe's temperature is {temperature}, expected a number above 0"
            );
            ensure!(
                (0.0..=1.0).contains(&weight),
                "the recipe's weight of the teacher is {weight}, expected 0 to 1"
            );
        }
        Ok(())
    }

    /// Checks that this code can train by the recipe.
    ///
    /// # Errors
    ///
    /// It names a way to train that was on trial.
    pub fn check_trainable(&self) -> Result<()> {
        match &self.trial {
            None => Ok(()),
            Some(trial) => bail!(
                "the recipe's trial is {trial:?}, which only the code of the commit that recorded it can train by"
            ),
        }
    }
}

fn below_one(name: &str, value: impl Into<f64> + Display + Copy) -> Result<()> {
    ensure!(
        (0.0..1.0).contains(&value.into()),
        "the recipe's {name} is {value}, expected at least 0 and less than 1"
    );
    Ok(())
}

fn not_negative(name: &str, value: impl Into<f64> + Display + Copy) -> Result<()> {
    ensure!(
        (0.0..f64::INFINITY).contains(&value.into()),
        "the recipe's {name} is {value}, expected 0 or more"
    );
    Ok(())
}

fn up_to(name: &str, value: f32, most: f32) -> Result<()> {
    ensure!(
        (0.0..=most).contains(&value),
        "the recipe's {name} is {value}, expected 0 to {most}"
    );
    Ok(())
}

/// Checks a learning rate: Burn's schedules take no other.
fn rate(name: &str, value: f64) -> Result<()> {
    ensure!(
        value > 0.0 && value <= 1.0,
        "the recipe's {name} is {value}, expected more than 0 and at most 1"
    );
    Ok(())
}

/// Learning what a larger network makes of an image, beside the image's label (G. Hinton, O. Vinyals and J. Dean, "Distilling
/// the Knowledge in a Neural Network", 2015).
///
/// With the cross-entropy H, the labels y, and the softmax of the teacher's and of the network's logits divided by the
/// temperature T, t and p, the loss is (1 − `weight`) · H(y, p at T = 1) + `weight` · T² · H(t, p). The teacher, too, sees each
/// image as it is augmented.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distillation {
    /// The teacher's network. It is trained first, on the same images, by the same recipe without a teacher.
    pub teacher: Architecture,
    /// What the logits are divided by: the higher, the more weigh the classes that the teacher holds improbable.
    pub temperature: f64,
    /// Share of the teacher in the loss.
    pub weight: f64,
}

/// Where dropout is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropoutAfter {
    /// After each ReLU.
    #[default]
    EveryRelu,
    /// After the last ReLU alone: in front of what makes classes of the maps.
    LastRelu,
}

/// An optimiser with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimizer {
    /// Stochastic gradient descent with momentum (no dampening).
    Sgd {
        /// Share of the last update's direction that is kept.
        momentum: f64,
        /// Whether the gradient is taken to be that ahead of the momentum step (Nesterov).
        nesterov: bool,
        /// L2 penalty: this times the weight is added to each gradient.
        weight_decay: f64,
    },
    /// Adam with decoupled weight decay (I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", 2019).
    AdamW {
        /// Share of the gradients' running mean that is kept.
        beta_1: f64,
        /// Share of the squared gradients' running mean that is kept.
        beta_2: f64,
        /// Share of each weight that is taken off it, times the learning rate.
        weight_decay: f64,
    },
}

/// How the learning rate changes over the epochs of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The same throughout.
    Constant,
    /// Multiplied by `factor` after every `epochs` epochs.
    Step {
        /// Epochs between two changes.
        epochs: usize,
        /// What the learning rate is multiplied by.
        factor: f64,
    },
    /// From `initial_factor` times the recipe's learning rate down along half a cosine for `epochs` epochs, to `final_factor`
    /// times the recipe's learning rate, where it stays (I. Loshchilov and F. Hutter, "SGDR", 2017, without restarts).
    Cosine {
        /// What the learning rate is multiplied by in the beginning.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        initial_factor: f64,
        /// Epochs of the fall.
        epochs: usize,
        /// What the learning rate is multiplied by in the end.
        final_factor: f64,
    },
    /// In a straight line from the recipe's learning rate up to `peak` within `rise_epochs`, then in a straight line down to
    /// zero (L. N. Smith and N. Topin, "Super-Convergence", 2018).
    OneCycle {
        /// The highest learning rate.
        peak: f64,
        /// Epochs until it is reached.
        rise_epochs: usize,
    },
}

impl Schedule {
    fn check(&self, recipe: &Recipe) -> Result<()> {
        match *self {
            Self::Constant => {}
            Self::Step { epochs, factor } => {
                at_least_one_epoch(epochs)?;
                ensure!(
                    factor > 0.0 && factor <= 1.0,
                    "its factor is {factor}, expected more than 0 and at most 1"
                );
            }
            Self::Cosine {
                initial_factor,
                epochs,
                final_factor,
            } => {
                at_least_one_epoch(epochs)?;
                let highest = recipe.learning_rate * initial_factor;
                ensure!(
                    highest > 0.0 && highest <= 1.0,
                    "its initial_factor is {initial_factor}, which makes the first learning rate {highest}, expected more than 0 and at most 1"
                );
                ensure!(
                    (0.0..=initial_factor).contains(&final_factor),
                    "its final_factor is {final_factor}, expected 0 to the initial_factor, {initial_factor}"
                );
            }
            Self::OneCycle { peak, rise_epochs } => {
                ensure!(
                    peak > 0.0 && peak <= 1.0,
                    "its peak is {peak}, expected more than 0 and at most 1"
                );
                ensure!(
                    rise_epochs < recipe.epochs,
                    "its rise_epochs are {rise_epochs}, expected fewer than the recipe's {} epochs",
                    recipe.epochs
                );
            }
        }
        Ok(())
    }
}

fn at_least_one_epoch(epochs: usize) -> Result<()> {
    ensure!(
        (1..=MOST).contains(&epochs),
        "its epochs are {epochs}, expected 1 to {MOST}"
    );
    Ok(())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> f64 {
    1.0
}

fn is_one(value: &f64) -> bool {
    *value == 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        Recipe {
            optimizer: sgd(0.9, 5e-4),
            learning_rate: 0.1,
            schedule: Schedule::Constant,
            batch_size: 64,
            epochs: 15,
            dropout: 0.005,
            dropout_after: DropoutAfter::default(),
            augmentation: Some(augmentation(2.0, 0.1)),
            refinement_epochs: 0,
            statistics_images: 0,
            label_smoothing: 0.0,
            distillation: Some(distillation(2.0, 1.0)),
            trial: None,
        }
    }

    fn sgd(momentum: f64, weight_decay: f64) -> Optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov: true,
            weight_decay,
        }
    }

    fn step(epochs: usize, factor: f64) -> Schedule {
        Schedule::Step { epochs, factor }
    }

    fn cosine(initial_factor: f64, final_factor: f64) -> Schedule {
        Schedule::Cosine {
            initial_factor,
            epochs: 11,
            final_factor,
        }
    }

    fn augmentation(translation_pixels: f32, scaling: f32) -> Augmentation {
        Augmentation {
            translation_pixels,
            rotation_degrees: 10.0,
            scaling,
            shear_degrees: 0.0,
            elastic_pixels: 0.0,
        }
    }

    fn distillation(temperature: f64, weight: f64) -> Distillation {
        Distillation {
            teacher: Architecture::new(1, 28).convolution_head(10),
            temperature,
            weight,
        }
    }

    /// What the error says, and what makes it.
    type Case = (&'static str, fn(&mut Recipe));

    #[test]
    fn what_was_on_trial_is_not_trained_by() {
        recipe().check_trainable().unwrap();
        let tried = Recipe {
            trial: Some("muon".into()),
            ..recipe()
        };
        tried.check().unwrap();
        let error = tried.check_trainable().unwrap_err().to_string();
        assert!(error.contains("\"muon\""), "{error}");
    }

    #[test]
    fn a_number_that_cannot_be_trained_with_is_named() {
        recipe().check().unwrap();
        let cases: [Case; 22] = [
            ("epochs is 0", |it| it.epochs = 0),
            ("batch_size is 0", |it| it.batch_size = 0),
            ("refinement_epochs are 16", |it| it.refinement_epochs = 16),
            ("statistics_images are 70000", |it| {
                it.statistics_images = 70_000
            }),
            ("learning_rate is -1", |it| it.learning_rate = -1.0),
            ("learning_rate is NaN", |it| it.learning_rate = f64::NAN),
            ("its factor is -1", |it| it.schedule = step(6, -1.0)),
            ("its epochs are 0", |it| it.schedule = step(0, 0.5)),
            ("its initial_factor is 100", |it| {
                it.schedule = cosine(100.0, 0.0)
            }),
            ("its final_factor is 2", |it| it.schedule = cosine(1.0, 2.0)),
            ("its rise_epochs are 15", |it| {
                it.schedule = Schedule::OneCycle {
                    peak: 0.1,
                    rise_epochs: 15,
                }
            }),
            ("dropout is 1,", |it| it.dropout = 1.0),
            ("dropout is NaN", |it| it.dropout = f64::NAN),
            ("label_smoothing is 2", |it| it.label_smoothing = 2.0),
            ("momentum is -1", |it| it.optimizer = sgd(-1.0, 0.0)),
            ("weight_decay is -1", |it| it.optimizer = sgd(0.9, -1.0)),
            ("beta_2 is 1", |it| {
                it.optimizer = Optimizer::AdamW {
                    beta_1: 0.9,
                    beta_2: 1.0,
                    weight_decay: 0.0,
                }
            }),
            ("translation_pixels is -5", |it| {
                it.augmentation = Some(augmentation(-5.0, 0.1));
            }),
            ("translation_pixels is inf", |it| {
                it.augmentation = Some(augmentation(f32::INFINITY, 0.1));
            }),
            ("scaling is 1,", |it| {
                it.augmentation = Some(augmentation(2.0, 1.0));
            }),
            ("temperature is 0,", |it| {
                it.distillation = Some(distillation(0.0, 0.9));
            }),
            ("weight of the teacher is 1.5", |it| {
                it.distillation = Some(distillation(2.0, 1.5));
            }),
        ];
        for (message, change) in cases {
            let mut recipe = recipe();
            change(&mut recipe);
            let error = format!("{:#}", recipe.check().unwrap_err());
            assert!(error.contains(message), "{message}: {error}");
        }
    }
}
