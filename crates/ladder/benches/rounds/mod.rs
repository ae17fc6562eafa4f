//! Measuring in a process of its own, so that it has its own number of threads, and a standard output that no training writes
//! its lines to. It waits while others take their turns.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use batches::{Batch, EvaluationLoader, TrainLoader};
use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::train::{InferenceStep, TrainStep};
use conv_kernels::in_awake_pool;
use evidence::Kind;
use experiment::{Experiment, Schedule};
use files::Workspace;
use mnist::{Mnist, Split};
use serde_json::{Value, json};
use training::{Classifier, Data, Selected, Stop, optimizer, run_id, select_device, train};

/// The seed of all that is measured.
const SEED: u64 = 1;

/// What the answers begin with; a training's own lines begin with something else.
const ANSWER: &str = "measured ";

/// Seconds of one round.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Of the training steps of an epoch.
    pub steps: f64,
    /// Of the evaluation.
    pub evaluation: f64,
    /// Of an epoch through Burn's `Learner`, with its evaluation.
    pub epoch: f64,
}

/// A process that measures an experiment with a number of threads.
pub struct Process {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// Starts this program again, to [answer](answer) for an experiment, and waits until it is ready.
    pub fn start(experiment: &Experiment, threads: u16) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg("--answer")
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut requests = process.stdin.take().context("no standard input")?;
        let answers = process.stdout.take().context("no standard output")?;
        writeln!(requests, "{}", serde_json::to_string(experiment)?)?;
        let mut process = Self {
            process,
            requests,
            answers: BufReader::new(answers),
        };
        process.answer()?;
        Ok(process)
    }

    /// Measures one round.
    pub fn measure(&mut self) -> Result<Round> {
        writeln!(self.requests)?;
        Round::from_json(&self.answer()?)
    }

    fn answer(&mut self) -> Result<Value> {
        loop {
            let mut line = String::new();
            if self.answers.read_line(&mut line)? == 0 {
                bail!("the process that measures ended without an answer");
            }
            if let Some(answer) = line.strip_prefix(ANSWER) {
                let answer: Value = serde_json::from_str(answer)?;
                match answer.as_str() {
                    Some(failure) => bail!("{failure}"),
                    None => return Ok(answer),
                }
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, and nothing is lost where it has not.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Round {
    fn to_json(self) -> Value {
        json!([self.steps, self.evaluation, self.epoch])
    }

    fn from_json(value: &Value) -> Result<Self> {
        let seconds = |index: usize| {
            let seconds = value[index].as_f64();
            seconds.with_context(|| format!("the process that measures answered {value}"))
        };
        Ok(Self {
            steps: seconds(0)?,
            evaluation: seconds(1)?,
            epoch: seconds(2)?,
        })
    }
}

/// Reads an experiment from the first line of standard input, says when it is ready, and measures one round for every further
/// line. A failure is an
/// answer too: the other process tells of it.
pub fn answer() {
    if let Err(error) = try_answer() {
        println!("{ANSWER}{}", json!(format!("{error:#}")));
    }
}

fn try_answer() -> Result<()> {
    let mut lines = io::stdin().lines();
    let experiment = lines.next().context("there is no experiment")??;
    let measuring = Measuring::new(Experiment::from_json(&experiment)?)?;
    println!("{ANSWER}{}", json!(null));
    for line in lines {
        line?;
        let round = measuring.round()?;
        println!("{ANSWER}{}", round.to_json());
    }
    Ok(())
}

/// An experiment and all that it is measured on.
struct Measuring {
    experiment: Experiment,
    data: Data,
    selected: Selected,
    train: Vec<Batch>,
    evaluation: Vec<Batch>,
}

impl Measuring {
    fn new(mut experiment: Experiment) -> Result<Self> {
        let recipe = &mut experiment.recipe;
        // An epoch like any other.
        recipe.epochs = 1;
        recipe.refinement_epochs = 0;
        recipe.schedule = Schedule::Constant;
        let mnist = Mnist::load_verified(&Workspace::find()?.data())?;
        let data = Data {
            data_set: mnist.data_set,
            split: Split::Test,
            train: Arc::new(mnist.train),
            evaluation: Arc::new(mnist.test),
        };
        let selected = select_device(None)?;
        let device = selected.device.clone();
        let batch_size = NonZeroUsize::new(recipe.batch_size).context("the batch size is 0")?;
        let train = TrainLoader::new(
            data.train.clone(),
            batch_size,
            SEED,
            recipe.augmentation,
            device.clone().autodiff(),
        );
        let five_hundred = NonZeroUsize::new(500).context("it is not 0")?;
        let evaluation = EvaluationLoader::new(data.evaluation.clone(), five_hundred, device);
        Ok(Self {
            train: train.iter().collect::<Result<_, _>>()?,
            evaluation: evaluation.iter().collect::<Result<_, _>>()?,
            experiment,
            data,
            selected,
        })
    }

    fn round(&self) -> Result<Round> {
        // As a training's, they run in the pool.
        let images = self.experiment.recipe.batch_size;
        let [steps, evaluation] = in_awake_pool(images, || self.bare())?;
        let run = run_id(
            Kind::Own,
            &self.experiment,
            SEED,
            &self.data,
            &self.selected,
        );
        let trained = train(&run, &self.data, &self.selected, &Stop::default(), None)?;
        Ok(Round {
            steps,
            evaluation,
            epoch: trained.epochs.iter().map(|epoch| epoch.seconds).sum(),
        })
    }

    /// Seconds for the training steps, and for the evaluation, with nothing around them.
    fn bare(&self) -> Result<[f64; 2]> {
        let recipe = &self.experiment.recipe;
        let device = self.selected.device.clone().autodiff();
        let network = training::network(&self.experiment.architecture, recipe, &device)?;
        let mut classifier = Classifier {
            network,
            label_smoothing: recipe.label_smoothing,
            teacher: None,
            statistics: None,
        };
        let mut optimizer = optimizer(&recipe.optimizer);
        let start = Instant::now();
        for batch in &self.train {
            let output = TrainStep::step(&classifier, batch.clone());
            classifier = optimizer.step(recipe.learning_rate, classifier, output.grads);
        }
        let steps = start.elapsed().as_secs_f64();
        let classifier = classifier.valid();
        let start = Instant::now();
        for batch in &self.evaluation {
            InferenceStep::step(&classifier, batch.clone())
                .loss
                .into_scalar::<f32>();
        }
        Ok([steps, start.elapsed().as_secs_f64()])
    }
}
