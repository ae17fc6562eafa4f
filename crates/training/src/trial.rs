//! Ways to train that are on trial: a recipe names one, and what is found of it is recorded. One process trains one network.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, bail};

/// What is tried.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trial {
    /// What the learning rate of batch normalisation and of biases is multiplied by.
    pub(crate) vector_rate: Option<f32>,
    /// Whether batch normalisation and biases have no weight decay.
    pub(crate) vectors_do_not_decay: bool,
    /// Muon (K. Jordan, 2024) for the 1×1 convolutions, with this learning rate for each of the others'.
    pub(crate) muon: Option<f32>,
    /// Share of the average of all weights so far that a step keeps; the average is evaluated.
    pub(crate) averaging: Option<f64>,
    /// Share of the loss that is of what the averaged network makes of the image (A. Tarvainen and H. Valpola, "Mean
    /// teachers", 2017).
    pub(crate) mean_teacher: Option<f64>,
    /// How far up the loss the gradient is taken (P. Foret et al., "Sharpness-Aware Minimization", 2021).
    pub(crate) sharpness: Option<f64>,
}

static CURRENT: OnceLock<Trial> = OnceLock::new();

/// The process's trial.
pub(crate) fn current() -> Trial {
    CURRENT.get().copied().unwrap_or_default()
}

/// Begins the trial that a recipe names.
///
/// # Errors
///
/// There is no such trial.
pub(crate) fn begin(names: &str) -> Result<()> {
    let mut trial = Trial::default();
    for name in names.split(", ") {
        let (name, number) = name.split_once(' ').unwrap_or((name, "0"));
        let number: f64 = number.parse().with_context(|| {
            format!("the recipe's trial {name} has {number}, expected a number")
        })?;
        match name {
            "hard-swish" => conv_kernels::IN_PLACE_OF_RELU.store(1, Ordering::Relaxed),
            "leaky-relu" => conv_kernels::IN_PLACE_OF_RELU.store(2, Ordering::Relaxed),
            "vector-rate" => trial.vector_rate = Some(number as f32),
            "vectors-do-not-decay" => trial.vectors_do_not_decay = true,
            "muon" => trial.muon = Some(number as f32),
            "averaging" => trial.averaging = Some(number),
            "mean-teacher" => trial.mean_teacher = Some(number),
            "sharpness" => trial.sharpness = Some(number),
            _ => bail!("the recipe's trial {name} is not known"),
        }
    }
    let _ = CURRENT.set(trial);
    Ok(())
}
