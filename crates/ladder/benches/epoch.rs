//! What an epoch costs beside its training steps: batch assembly, augmentation, metrics, logging.
//!
//! Run with `cargo bench -p ladder --bench epoch`.
//!
//! In turns, on all of MNIST: the bare training steps of the last step's recipe, on batches made before; the bare
//! evaluation, likewise; and a whole epoch through Burn's Learner.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use batches::{Batch, EvaluationLoader, TrainLoader};
use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::tensor::Device;
use burn::train::{InferenceStep, TrainStep};
use evidence::Kind;
use experiment::Experiment;
use files::Workspace;
use mnist::{Mnist, Split};
use model_core::Network;
use training::{Classifier, Data, Stop, optimizer, run_id, select_device, train};

/// The seed of all that is measured.
const SEED: u64 = 1;

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mnist = Mnist::load_verified(&Workspace::find()?.data())?;
    let data = Data {
        data_set: mnist.data_set,
        split: Split::Test,
        train: Arc::new(mnist.train),
        evaluation: Arc::new(mnist.test),
    };
    let mut experiment = step_06_lr_scheduler::experiment();
    experiment.recipe.epochs = 1;
    let selected = select_device(None)?;
    let device = selected.device.clone();
    let recipe = &experiment.recipe;
    let batch_size = NonZeroUsize::new(recipe.batch_size).ok_or("the batch size is 0")?;
    let loader = TrainLoader::new(
        data.train.clone(),
        batch_size,
        SEED,
        recipe.augmentation,
        device.clone().autodiff(),
    );
    let start = Instant::now();
    let batches: Vec<Batch> = loader.iter().collect::<Result<_, _>>()?;
    println!(
        "making {} batches: {:.2} s",
        batches.len(),
        start.elapsed().as_secs_f64()
    );
    let five_hundred = NonZeroUsize::new(500).ok_or("it is not 0")?;
    let loader = EvaluationLoader::new(data.evaluation.clone(), five_hundred, device.clone());
    let evaluation: Vec<Batch> = loader.iter().collect::<Result<_, _>>()?;
    let run = run_id(Kind::Own, &experiment, SEED, &data, &selected);
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (steps, evaluated) = bare(&experiment, &batches, &evaluation, &device)?;
        let start = Instant::now();
        train(&run, &data, &selected, &Stop::default(), None)?;
        let epoch = start.elapsed().as_secs_f64();
        let ratio = epoch / (steps + evaluated);
        println!(
            "round {round}: {} bare steps {steps:.2} s, bare evaluation {evaluated:.2} s; epoch {epoch:.2} s: {ratio:.2} times as long",
            batches.len()
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median: {:.2}", ratios[ROUNDS / 2]);
    Ok(())
}

/// Seconds for the training steps, and for the evaluation.
fn bare(
    experiment: &Experiment,
    batches: &[Batch],
    evaluation: &[Batch],
    device: &Device,
) -> Result<(f64, f64), Box<dyn Error>> {
    let recipe = &experiment.recipe;
    let device = device.clone().autodiff();
    let network = Network::new(&experiment.architecture, recipe.dropout, &device)?;
    let mut classifier = Classifier {
        network,
        label_smoothing: recipe.label_smoothing,
        teacher: None,
    };
    let mut optimizer = optimizer(&recipe.optimizer);
    let start = Instant::now();
    for batch in batches {
        let output = TrainStep::step(&classifier, batch.clone());
        classifier = optimizer.step(recipe.learning_rate, classifier, output.grads);
    }
    let steps = start.elapsed().as_secs_f64();
    let classifier = classifier.valid();
    let start = Instant::now();
    for batch in evaluation {
        InferenceStep::step(&classifier, batch.clone())
            .loss
            .into_scalar::<f32>();
    }
    Ok((steps, start.elapsed().as_secs_f64()))
}
