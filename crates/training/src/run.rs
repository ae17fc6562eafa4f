//! One training run of an experiment, with Burn's `Learner`.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use architecture::Architecture;
use batches::{EvaluationLoader, TrainLoader};
use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::Device;
use burn::train::logger::InMemoryMetricLogger;
use burn::train::metric::{Adaptor, LossMetric};
use burn::train::{InferenceStep, Learner, SupervisedTraining};
use conv_kernels::{InstructionSet, in_awake_pool};
use evidence::{Disturbed, Epoch, Evaluation, Kind, Misclassified, RunId, TeacherRecord};
use experiment::{Experiment, Recipe};
use mnist::{CLASSES, DataSet, Digits, Disturbance, IMAGE_SIDE, Split};
use model_core::Network;

use crate::backend::Selected;
use crate::checkpoints::{EveryEpoch, Keeper, MODEL, OPTIMIZER, Parts, SCHEDULE, Training, parse};
use crate::classifier::{Classifier, network};
use crate::journal::{Counts, Journal, Phase, Tally};
use crate::progress::{has_dashboard, renderer};
use crate::schedule::{optimizer, schedule};
use crate::signals::Signal;
use crate::statistics::Statistics;
use crate::stop::{Cause, Stop};
use crate::teacher::Teacher;

/// Images per batch of evaluation, which has no influence on the result.
const EVALUATION_BATCH: NonZeroUsize = NonZeroUsize::new(500).unwrap();

/// The images of a run.
#[derive(Clone, Debug)]
pub struct Data {
    /// Where they come from.
    pub data_set: DataSet,
    /// Which images these are.
    pub split: Split,
    /// The images to train on.
    pub train: Arc<Digits>,
    /// The images to evaluate on after each epoch.
    pub evaluation: Arc<Digits>,
}

/// A trained network and what was measured.
#[derive(Debug)]
pub struct Trained {
    /// The network, for inference.
    pub network: Network,
    /// One entry per epoch, first to last.
    pub epochs: Vec<Epoch>,
    /// The teacher, if there was one.
    pub teacher: Option<TeacherRecord>,
    /// After the last epoch: the training images as they are.
    pub train: Evaluation,
    /// After the last epoch: evaluated images by true class (row) and predicted class (column).
    pub confusion: [[usize; CLASSES]; CLASSES],
    /// After the last epoch: the evaluated images that were classified wrong.
    pub misclassified: Vec<Misclassified>,
    /// After the last epoch: the evaluated images, disturbed in one way each.
    pub disturbed: Vec<Disturbed>,
}

/// What a run of `experiment` with `seed` on these images and this device is.
pub fn run_id(
    kind: Kind,
    experiment: &Experiment,
    seed: u64,
    data: &Data,
    selected: &Selected,
) -> RunId {
    RunId {
        kind: kind.on(data.split),
        name: experiment.name.clone(),
        data_set: data.data_set.clone(),
        split: data.split,
        train_images: data.train.len(),
        seed,
        backend: selected.backend.clone(),
        instructions: selected
            .uses_kernels
            .then(|| InstructionSet::current().to_string()),
        architecture: experiment.architecture.clone(),
        recipe: experiment.recipe.clone(),
    }
}

/// Makes the run, its teacher first if it has one, and goes on where `keeper` was. The states that it passes go to `keeper`.
///
/// The device's generator is seeded from the run, so one process can make only one reproducible run at a time.
///
/// # Errors
///
/// An architecture or the recipe cannot be used, a loss stops being a number, a state cannot be kept, or `stop` stops it.
pub fn train(
    run: &RunId,
    data: &Data,
    selected: &Selected,
    stop: &Stop,
    keeper: Option<&Keeper>,
) -> Result<Trained> {
    let recipe = &run.recipe;
    run.architecture.check(IMAGE_SIDE, 1, CLASSES)?;
    recipe.check()?;
    recipe.check_trainable()?;
    ensure!(
        !data.train.is_empty() && !data.evaluation.is_empty(),
        "there are no images to train or evaluate on"
    );
    let fitting = Fitting {
        seed: run.seed,
        data,
        selected,
        stop,
        keeper,
    };
    let (teacher, teacher_record) = match &recipe.distillation {
        None => (None, None),
        Some(distillation) => {
            let architecture = &distillation.teacher;
            architecture
                .check(IMAGE_SIDE, 1, CLASSES)
                .context("cannot use the teacher")?;
            let (network, record) = fitting.teacher(architecture, recipe)?;
            (Some(Teacher::new(network, distillation)), Some(record))
        }
    };
    let done = keeper.map_or_else(Vec::new, |keeper| keeper.state().epochs);
    let (classifier, epochs, evaluation) =
        fitting.fit(Subject::Network, &run.architecture, recipe, teacher, done)?;
    let train = fitting.evaluate(&classifier, &data.train)?.evaluation();
    let disturbed = Disturbance::ALL.map(|disturbance| {
        let images = Arc::new(disturbance.apply(&data.evaluation));
        let evaluation = fitting.evaluate(&classifier, &images)?.evaluation();
        anyhow::Ok(Disturbed {
            disturbance,
            evaluation,
        })
    });
    Ok(Trained {
        disturbed: disturbed.into_iter().collect::<Result<_>>()?,
        network: classifier.network,
        epochs,
        teacher: teacher_record,
        train,
        confusion: evaluation.confusion,
        misclassified: evaluation.misclassified,
    })
}

/// Which network of a run is trained.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Teacher,
    Network,
}

impl Subject {
    /// What its lines begin with.
    fn prefix(self) -> &'static str {
        match self {
            Self::Teacher => "teacher, ",
            Self::Network => "",
        }
    }
}

/// What all trainings of a run have in common.
struct Fitting<'a> {
    seed: u64,
    data: &'a Data,
    selected: &'a Selected,
    stop: &'a Stop,
    keeper: Option<&'a Keeper>,
}

impl Fitting<'_> {
    /// The trained teacher, from the state that the run goes on from or trained now.
    fn teacher(
        &self,
        architecture: &Architecture,
        recipe: &Recipe,
    ) -> Result<(Network, TeacherRecord)> {
        let device = self.selected.device.clone();
        let kept = self.keeper.map(|keeper| (keeper, keeper.state()));
        if let Some((keeper, state)) = &kept
            && let Some(record) = &state.teacher
            && let Some(weights) = keeper.teacher()?
        {
            let network = Network::new(architecture, 0.0, &device)?;
            let network = network
                .try_load_record(weights)
                .context("the teacher of the state cannot be used")?;
            return Ok((network, record.clone()));
        }
        let done = kept.map_or_else(Vec::new, |(_, state)| state.teacher_epochs);
        let recipe = Recipe {
            distillation: None,
            ..recipe.clone()
        };
        let (classifier, epochs, evaluation) = self
            .fit(Subject::Teacher, architecture, &recipe, None, done)
            .context("cannot train the teacher")?;
        let record = TeacherRecord {
            evaluation: evaluation.evaluation(),
            seconds: Some(epochs.iter().map(|epoch| epoch.seconds).sum()),
        };
        if let Some(keeper) = self.keeper {
            keeper.set_teacher(record.clone(), classifier.network.clone().into_record())?;
        }
        Ok((classifier.network, record))
    }

    /// Trains a network by a recipe, as a student of `teacher` if there is one, after the epochs that are `done`. Returns all
    /// epochs and the last evaluation too.
    fn fit(
        &self,
        subject: Subject,
        architecture: &Architecture,
        recipe: &Recipe,
        teacher: Option<Teacher>,
        done: Vec<Epoch>,
    ) -> Result<(Classifier, Vec<Epoch>, Counts)> {
        let Self {
            data,
            selected,
            stop,
            ..
        } = self;
        let batch_size = NonZeroUsize::new(recipe.batch_size).context("the batch size is 0")?;
        let device = selected.device.clone().autodiff();
        device.seed(self.seed);
        // Burn draws weights at their first use; a copy on the device draws them now, before anything else is drawn.
        let network = network(architecture, recipe, &device)?.fork(&device);
        let steps_per_epoch = data.train.len().div_ceil(recipe.batch_size);
        let estimates = recipe.statistics_images > 0 && architecture.has_batch_norm();
        let statistics = estimates.then(|| {
            let images = recipe.statistics_images;
            Statistics::new(&data.train, images, steps_per_epoch, device.clone().inner())
        });
        let classifier = Classifier {
            network,
            label_smoothing: recipe.label_smoothing,
            teacher,
            statistics,
        };
        let first_epoch = done.len();
        let journal = Journal::new(done, data.evaluation.len());

        let train_loader = TrainLoader::new(
            data.train.clone(),
            batch_size,
            self.seed,
            recipe.augmentation,
            device.clone(),
        )
        .augmenting_for(recipe.epochs.saturating_sub(recipe.refinement_epochs))
        .starting_at(first_epoch);
        let evaluation_loader =
            EvaluationLoader::new(data.evaluation.clone(), EVALUATION_BATCH, device.inner());
        let of = match self.keeper {
            Some(keeper) => {
                let resumed = (first_epoch > 0).then(|| keeper.take_resumed()).flatten();
                let resumed = resumed.unwrap_or_default();
                if first_epoch > 0 {
                    check_parts(&resumed, &classifier)?;
                }
                Some((
                    keeper,
                    Training {
                        journal: journal.clone(),
                        is_teacher: subject == Subject::Teacher,
                        resumed: Arc::new(resumed),
                    },
                ))
            }
            None => None,
        };
        let schedule = schedule(recipe, steps_per_epoch)?;
        let learn = || {
            let tally = |phase| Tally::new(phase, journal.clone(), (*stop).clone());
            // Burn writes nothing itself: the directory is only where it would put its own logs.
            let mut training =
                SupervisedTraining::new("", Arc::new(train_loader), Arc::new(evaluation_loader))
                    .with_application_logger(None)
                    .with_metric_logger(InMemoryMetricLogger::new())
                    .metric_train_numeric(tally(Phase::Train))
                    .metric_valid_numeric(tally(Phase::Evaluation))
                    .num_epochs(recipe.epochs)
                    .with_interrupter(stop.interrupter().clone())
                    .with_progress_logger(journal.clone())
                    .renderer(renderer(
                        subject.prefix(),
                        journal.clone(),
                        stop,
                        first_epoch,
                    ));
            if has_dashboard() {
                // The journal has the loss already.
                training = training.metrics((LossMetric::new(),));
            }
            if let Some((keeper, of)) = of {
                if first_epoch > 0 {
                    training = training.checkpoint(first_epoch);
                }
                training = training
                    .with_custom_checkpointers(
                        keeper.part(MODEL, of.clone()),
                        keeper.part(OPTIMIZER, of.clone()),
                        keeper.part(SCHEDULE, of),
                    )
                    .with_checkpointing_strategy(EveryEpoch);
            }
            let learner = Learner::new(classifier, optimizer(&recipe.optimizer), schedule);
            // The dashboard's `k` is a panic, after which the terminal is as it was.
            let launched = catch_unwind(AssertUnwindSafe(|| training.launch(learner)));
            launched.map(|launched| {
                (
                    launched.model,
                    launched.error.map(|error| error.to_string()),
                )
            })
        };
        let launched = match selected.uses_kernels {
            true => in_awake_pool(recipe.batch_size, learn),
            false => learn(),
        };
        let (classifier, error) = launched.map_err(|_| {
            stop.stop(Cause::Signal(Signal::Interrupt));
            anyhow!("the training was killed")
        })?;

        if let Some(failure) = self.keeper.and_then(Keeper::take_failure) {
            return Err(failure);
        }
        let epochs = journal.epochs();
        if let Some(error) = error {
            bail!("training failed after {} epochs: {error}", epochs.len());
        }
        self.check_stop(epochs.len(), recipe.epochs)?;
        let evaluation = if epochs.len() == first_epoch {
            // All was done but the end.
            self.evaluate(&classifier, &data.evaluation)?
        } else {
            journal.last_evaluation()
        };
        Ok((classifier, epochs, evaluation))
    }

    /// How a trained network does on the images as they are.
    fn evaluate(&self, classifier: &Classifier, images: &Arc<Digits>) -> Result<Counts> {
        let mut counts = Counts::default();
        let device: Device = self.selected.device.clone();
        let loader = EvaluationLoader::new(images.clone(), EVALUATION_BATCH, device);
        for batch in DataLoader::iter(&loader) {
            counts.add_batch(&InferenceStep::step(classifier, batch?).adapt())?;
            if self.stop.cause().is_some() {
                bail!("stopped while evaluating");
            }
        }
        Ok(counts)
    }

    fn check_stop(&self, finished: usize, epochs: usize) -> Result<()> {
        let after = || format!("after {finished} of {epochs} epochs");
        match self.stop.cause() {
            Some(Cause::Failure(reason)) => bail!("training stopped {}: {reason}", after()),
            Some(Cause::Signal(signal)) => {
                bail!("training stopped {} by {}", after(), signal.name())
            }
            None if finished < epochs => bail!("training ended {}", after()),
            None => Ok(()),
        }
    }
}

/// Whether the parts of a state can be used; Burn would panic on those that cannot.
fn check_parts(parts: &Parts, classifier: &Classifier) -> Result<()> {
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    let model: ModuleRecord = parse(part(MODEL))?;
    let loaded = classifier.clone().try_load_record(model);
    loaded.context("the state is of another network")?;
    parse::<burn::optim::OptimizerRecord>(part(OPTIMIZER))?;
    parse::<burn::optim::lr_scheduler::LrSchedulerRecord>(part(SCHEDULE))?;
    Ok(())
}
