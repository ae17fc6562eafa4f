//! One training run of an experiment, with Burn's `Learner`.

use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::optim::decay::WeightDecayConfig;
use burn::optim::lr_scheduler::LrSchedulerConfig;
use burn::optim::lr_scheduler::constant::ConstantLr;
use burn::optim::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::optim::lr_scheduler::step::StepLrSchedulerConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::Device;
use burn::train::logger::InMemoryMetricLogger;
use burn::train::metric::{Adaptor, LossMetric};
use burn::train::{InferenceStep, Interrupter, Learner, SupervisedTraining};
use experiment::{
    Epoch, Evaluation, Experiment, Optimizer, Recipe, RunResult, SCHEMA_VERSION, Schedule, Versions,
};
use mnist::{Digits, EvaluationLoader, IMAGE_SIDE, Split, TrainLoader, workspace_directory};
use model_core::{Architecture, Network};

use crate::backend::Selected;
use crate::classifier::Classifier;
use crate::journal::{CLASSES, Counts, Journal, Phase, Tally};
use crate::progress::renderer;
use crate::teacher::Teacher;

/// Images per batch of evaluation, which has no influence on the result.
const EVALUATION_BATCH: NonZeroUsize = NonZeroUsize::new(500).unwrap();

/// The version that the workspace's manifest pins.
const BURN_VERSION: &str = "0.22.1";

/// The images of a run.
#[derive(Clone, Debug)]
pub struct Data {
    /// Which images these are.
    pub split: Split,
    /// The images to train on.
    pub train: Arc<Digits>,
    /// The images to evaluate on after each epoch.
    pub evaluation: Arc<Digits>,
}

/// A network trained on some data.
struct Trained {
    classifier: Classifier,
    epochs: Vec<Epoch>,
    /// The last evaluation.
    evaluation: Counts,
}

/// Trains `experiment` on `data`, its teacher first if it has one, calls `on_epoch` after each of its own epochs, and returns
/// the trained network, for inference, with the evidence.
///
/// The device's generator is seeded from the recipe, so one process can make only one reproducible run at a time.
///
/// # Errors
///
/// An architecture or the recipe cannot be built, a loss stops being a number, or `interrupter` is stopped.
pub fn train(
    experiment: &Experiment,
    data: &Data,
    selected: &Selected,
    interrupter: Interrupter,
    on_epoch: impl FnMut(&Epoch) + Send + 'static,
) -> Result<(Network, RunResult)> {
    let Experiment {
        architecture,
        recipe,
        ..
    } = experiment;
    check_network(architecture)?;
    recipe.check()?;
    if let Some(distillation) = &recipe.distillation {
        check_network(&distillation.teacher).context("cannot use the teacher")?;
    }
    let teacher = experiment.teacher().map(|teacher| {
        let journal = Journal::new(|_| ());
        fit(
            "teacher, ",
            &teacher,
            None,
            data,
            selected,
            &interrupter,
            journal,
        )
        .context("cannot train the teacher")
    });
    let teacher = teacher.transpose()?;
    let teaching = teacher.as_ref().zip(recipe.distillation.as_ref());
    let teaching =
        teaching.map(|(teacher, how)| Teacher::new(teacher.classifier.network.clone(), how));
    let journal = Journal::new(on_epoch);
    let trained = fit(
        "",
        experiment,
        teaching,
        data,
        selected,
        &interrupter,
        journal,
    )?;
    let Trained {
        classifier,
        epochs,
        evaluation,
    } = trained;
    let train = evaluate(&classifier, data.train.clone(), selected.device.clone())?;
    let result = RunResult {
        schema_version: SCHEMA_VERSION,
        step: experiment.name.clone(),
        title: experiment.title.clone(),
        seed: recipe.seed,
        split: data.split,
        train_images: data.train.len(),
        backend: selected.backend.clone(),
        device: selected.device_name.clone(),
        threads: rayon::current_num_threads(),
        versions: versions(),
        parameters: architecture.summary()?.totals.parameters,
        recipe: recipe.clone(),
        architecture: architecture.clone(),
        epochs,
        teacher: teacher.map(|teacher| teacher.evaluation.evaluation()),
        train,
        confusion: evaluation.confusion.map(Vec::from).to_vec(),
        misclassified: evaluation.misclassified,
    };
    result.check()?;
    Ok((classifier.network, result))
}

/// Trains the network of `experiment` by its recipe, as a student of `teacher` if there is one, and keeps the record in
/// `journal`. What is shown begins with `subject`.
fn fit(
    subject: &'static str,
    experiment: &Experiment,
    teacher: Option<Teacher>,
    data: &Data,
    selected: &Selected,
    interrupter: &Interrupter,
    journal: Journal,
) -> Result<Trained> {
    let Experiment {
        architecture,
        recipe,
        ..
    } = experiment;
    let batch_size = NonZeroUsize::new(recipe.batch_size).context("the batch size is 0")?;
    ensure!(
        !data.train.is_empty() && !data.evaluation.is_empty(),
        "there are no images to train or evaluate on"
    );
    let device = selected.device.clone().autodiff();
    device.seed(recipe.seed);
    // Burn draws weights at their first use; a copy on the device draws them now, before anything else is drawn.
    let network = architecture.init(recipe.dropout, &device)?.fork(&device);
    let steps_per_epoch = data.train.len().div_ceil(recipe.batch_size);
    let learner = Learner::new(
        Classifier {
            network,
            label_smoothing: recipe.label_smoothing,
            teacher,
        },
        optimizer(&recipe.optimizer),
        schedule(recipe, steps_per_epoch)?,
    );

    let train_loader = TrainLoader::new(
        data.train.clone(),
        batch_size,
        recipe.seed,
        recipe.augmentation,
        device.clone(),
    )
    .augmenting_for(recipe.epochs.saturating_sub(recipe.refinement_epochs));
    let evaluation_loader =
        EvaluationLoader::new(data.evaluation.clone(), EVALUATION_BATCH, device.inner());
    let tally = |phase| Tally::new(phase, journal.clone(), interrupter.clone());
    // Nothing is written while training: the directory is only where Burn would put its own logs.
    let trained = SupervisedTraining::new("", Arc::new(train_loader), Arc::new(evaluation_loader))
        .with_application_logger(None)
        .with_metric_logger(InMemoryMetricLogger::new())
        .metric_train_numeric(tally(Phase::Train))
        .metric_valid_numeric(tally(Phase::Evaluation))
        .metrics((LossMetric::new(),))
        .num_epochs(recipe.epochs)
        .with_interrupter(interrupter.clone())
        .with_progress_logger(journal.clone())
        .renderer(renderer(subject, journal.clone(), interrupter.clone()))
        .launch(learner);

    let epochs = journal.epochs();
    if let Some(error) = trained.error {
        bail!("training failed after {} epochs: {error}", epochs.len());
    }
    // Burn's dashboard resets the interrupter when it closes, and leaves only the message.
    if trained.interrupted.is_some() || epochs.len() < recipe.epochs {
        let reason = interrupter.get_message();
        let reason = reason.unwrap_or_else(|| "on request".into());
        let finished = epochs.len();
        bail!(
            "training stopped after {finished} of {} epochs: {reason}",
            recipe.epochs
        );
    }
    Ok(Trained {
        classifier: trained.model,
        epochs,
        evaluation: journal.last_evaluation(),
    })
}

/// Whether a network can be built, takes images like MNIST's, and gives a logit for each digit.
fn check_network(architecture: &Architecture) -> Result<()> {
    let summary = architecture.summary()?;
    let (size, channels) = (architecture.input_size, architecture.input_channels);
    ensure!(
        (size, channels) == (IMAGE_SIDE, 1),
        "the network takes images of {size}×{size} pixels and {channels} channels, expected {IMAGE_SIDE}×{IMAGE_SIDE} and 1"
    );
    let outputs = summary.layers.last().map_or(0, |layer| layer.channels_out);
    ensure!(
        outputs == CLASSES,
        "the network has {outputs} outputs, expected {CLASSES}, one for each digit"
    );
    Ok(())
}

/// How a trained network does on the images as they are.
fn evaluate(classifier: &Classifier, images: Arc<Digits>, device: Device) -> Result<Evaluation> {
    let mut counts = Counts::default();
    let loader = EvaluationLoader::new(images, EVALUATION_BATCH, device);
    for batch in DataLoader::iter(&loader) {
        counts.add_batch(&InferenceStep::step(classifier, batch?).adapt())?;
    }
    Ok(counts.evaluation())
}

/// Burn's optimiser for what a recipe says.
pub fn optimizer(optimizer: &Optimizer) -> ModuleOptimizer {
    match *optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov,
            weight_decay,
        } => SgdConfig::new()
            .with_momentum(Some(MomentumConfig {
                momentum,
                dampening: 0.0,
                nesterov,
            }))
            .with_weight_decay(Some(WeightDecayConfig::new(weight_decay as f32)))
            .init(),
        Optimizer::AdamW {
            beta_1,
            beta_2,
            weight_decay,
        } => AdamWConfig::new()
            .with_beta_1(beta_1 as f32)
            .with_beta_2(beta_2 as f32)
            .with_weight_decay(weight_decay as f32)
            .init(),
    }
}

fn schedule(recipe: &Recipe, steps_per_epoch: usize) -> Result<ModuleLrScheduler> {
    match recipe.schedule {
        Schedule::Constant => Ok(ConstantLr::from(recipe.learning_rate).into()),
        Schedule::Step { epochs, factor } => {
            StepLrSchedulerConfig::new(recipe.learning_rate, epochs * steps_per_epoch)
                .with_gamma(factor)
                .init()
                .map_err(anyhow::Error::msg)
        }
        Schedule::Cosine {
            initial_factor,
            epochs,
            final_factor,
        } => {
            let lowest = recipe.learning_rate * final_factor;
            let steps = epochs * steps_per_epoch;
            let highest = recipe.learning_rate * initial_factor;
            let falling = CosineAnnealingLrSchedulerConfig::new(highest, steps).with_min_lr(lowest);
            let both = vec![falling.into(), LrSchedulerConfig::Constant(lowest)];
            SequentialLrSchedulerConfig::new(both, vec![steps])
                .init()
                .map_err(anyhow::Error::msg)
        }
        Schedule::OneCycle { peak, rise_epochs } => {
            ensure!(
                rise_epochs < recipe.epochs,
                "the learning rate would rise for {rise_epochs} epochs of {}",
                recipe.epochs
            );
            let rise = rise_epochs * steps_per_epoch;
            let fall = (recipe.epochs - rise_epochs) * steps_per_epoch;
            let falling = LinearLrSchedulerConfig::new(peak, 0.0, fall);
            if rise == 0 {
                return falling.init().map_err(anyhow::Error::msg);
            }
            let rising = LinearLrSchedulerConfig::new(recipe.learning_rate, peak, rise);
            let both = vec![rising.into(), falling.into()];
            SequentialLrSchedulerConfig::new(both, vec![rise])
                .init()
                .map_err(anyhow::Error::msg)
        }
    }
}

fn versions() -> Versions {
    Versions {
        package: env!("CARGO_PKG_VERSION").into(),
        burn: BURN_VERSION.into(),
        git_commit: git_commit(),
    }
}

/// The commit that the checkout is at, marked where it has changed since, be it not in results or documents, which a run
/// does not depend on; none where git or the checkout is missing.
pub fn git_commit() -> Option<String> {
    let commit = git(&["rev-parse", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--", ".", ":!results", ":!*.md"])?;
    Some(if changes.is_empty() {
        commit
    } else {
        commit + "-dirty"
    })
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(workspace_directory())
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_name_the_version_of_burn_that_the_manifest_pins() {
        let manifest = std::fs::read_to_string(workspace_directory().join("Cargo.toml")).unwrap();
        let pin = format!("\nburn = {{ version = \"={BURN_VERSION}\",");
        assert!(manifest.contains(&pin), "{pin}");
    }

    #[test]
    fn a_network_for_other_images_or_classes_is_an_error_that_says_what_it_is() {
        let network = |channels, size, classes| {
            Architecture::new(channels, size)
                .convolution_block(4, 3)
                .convolution_head(classes)
        };
        let error = |network| check_network(&network).unwrap_err().to_string();
        check_network(&network(1, 28, 10)).unwrap();
        assert!(error(network(3, 28, 10)).contains("28×28 pixels and 3 channels"));
        assert!(error(network(1, 32, 10)).contains("32×32 pixels and 1 channels"));
        assert!(error(network(1, 28, 5)).contains("has 5 outputs"));
    }

    /// The learning rate of every step of a run.
    fn learning_rates(schedule: Schedule, epochs: usize, steps_per_epoch: usize) -> Vec<f64> {
        let recipe = Recipe {
            optimizer: Optimizer::Sgd {
                momentum: 0.9,
                nesterov: true,
                weight_decay: 0.0,
            },
            learning_rate: 0.1,
            schedule,
            batch_size: 1,
            epochs,
            dropout: 0.0,
            augmentation: None,
            refinement_epochs: 0,
            label_smoothing: 0.0,
            distillation: None,
            seed: 1,
        };
        let mut scheduler = super::schedule(&recipe, steps_per_epoch).unwrap();
        (0..epochs * steps_per_epoch)
            .map(|_| scheduler.step().base())
            .collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        }
    }

    #[test]
    fn a_cosine_ends_before_the_run_and_stays_low() {
        let schedule = Schedule::Cosine {
            initial_factor: 2.0,
            epochs: 2,
            final_factor: 0.1,
        };
        // Between 0.2 and 0.01, at 0, 45, 90 and 135 degrees of the cosine.
        let at = |degrees: f64| 0.01 + 0.19 * (1.0 + degrees.to_radians().cos()) / 2.0;
        let falling = [at(0.0), at(45.0), at(90.0), at(135.0)];
        assert_close(
            &learning_rates(schedule, 3, 2),
            &[&falling[..], &[0.01, 0.01]].concat(),
        );
    }

    #[test]
    fn one_cycle_rises_in_a_line_and_falls_in_a_line() {
        let schedule = Schedule::OneCycle {
            peak: 0.3,
            rise_epochs: 1,
        };
        assert_close(
            &learning_rates(schedule, 3, 2),
            &[0.1, 0.2, 0.3, 0.225, 0.15, 0.075],
        );
    }

    #[test]
    fn steps_multiply_after_so_many_epochs() {
        let schedule = Schedule::Step {
            epochs: 2,
            factor: 0.1,
        };
        assert_close(&learning_rates(schedule, 3, 1), &[0.1, 0.1, 0.01]);
    }
}
