//! An experiment and its recipe: everything that decides how a run goes.

use mnist::Augmentation;
use model_core::Architecture;
use serde::{Deserialize, Serialize};

/// A network and the way it is trained, for example one step of the ladder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Name of the step's crate, for example `step-02-batchnorm`; of any other experiment, what its results go by.
    pub name: String,
    /// What the step adds, for people.
    pub title: String,
    /// The network.
    pub architecture: Architecture,
    /// How it is trained.
    pub recipe: Recipe,
}

impl Experiment {
    /// The training of the teacher, which comes before this one, if there is one.
    pub fn teacher(&self) -> Option<Experiment> {
        let distillation = self.recipe.distillation.as_ref()?;
        Some(Experiment {
            architecture: distillation.teacher.clone(),
            recipe: Recipe {
                distillation: None,
                ..self.recipe.clone()
            },
            ..self.clone()
        })
    }
}

/// How a network is trained. With the architecture, the data and the backend it decides a run.
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
    /// Probability of dropping a value after each ReLU.
    pub dropout: f64,
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
    /// The teacher that the network learns from beside the labels, if there is one.
    #[serde(default, skip_serializing_if = "is_default")]
    pub distillation: Option<Distillation>,
    /// Decides the initial weights, the order of the images, augmentation and dropout.
    pub seed: u64,
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

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> f64 {
    1.0
}

fn is_one(value: &f64) -> bool {
    *value == 1.0
}
