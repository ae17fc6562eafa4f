//! The command line of a step: the same for all.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use clap::error::ErrorKind;
use clap::{Args, Command, FromArgMatches, ValueEnum};
use conv_kernels::InstructionSet;
use evidence::{InUse, Kind, Places};
use experiment::Experiment;
use files::Workspace;
use mnist::{Mnist, Split};
use slurm::Job;

use crate::backend::{Backend, Selected, select_device};
use crate::making::{Making, make};
use crate::output::check_output;
use crate::run::Data;
use crate::signals::Signal;
use crate::stop::{Cause, Stop};
use crate::what_if::WhatIf;
use crate::{complain, say};

/// Which images are for training, and which for evaluation.
#[derive(Args, Clone, Copy, Debug)]
pub struct Images {
    /// Train without the last 10,000 training images and evaluate on these, not on the test images
    #[arg(long)]
    holdout: bool,

    /// The same, but train on the test images too: does a result on the test images carry over to others?
    #[arg(long, conflicts_with = "holdout")]
    swapped: bool,
}

impl Images {
    /// The split that the options name.
    pub fn split(self) -> Split {
        match (self.holdout, self.swapped) {
            (true, _) => Split::Holdout,
            (_, true) => Split::Swapped,
            _ => Split::Test,
        }
    }
}

/// The project to work in.
#[derive(Args, Clone, Debug)]
pub struct InWorkspace {
    /// Checkout to work in, with its data, results and runs [default: the one that the current folder is in]
    #[arg(long, value_name = "DIR")]
    workspace: Option<PathBuf>,
}

impl InWorkspace {
    /// Where runs and results lie.
    ///
    /// # Errors
    ///
    /// There is no workspace.
    pub fn places(&self) -> Result<Places> {
        let workspace = match &self.workspace {
            Some(root) => Workspace::at(root).context("--workspace cannot be used")?,
            None => Workspace::find()
                .map_err(|error| anyhow!("{error:#}, or name one with --workspace"))?,
        };
        Ok(Places::of(workspace))
    }
}

/// What surrounds a run: the project, the images, and what computes.
#[derive(Args, Clone, Debug)]
pub struct Surroundings {
    /// Backend to train on [default: the first possible one]
    #[arg(long)]
    backend: Option<Backend>,

    /// Instruction set to compute with: avx512, avx2 or portable [default: the best of this machine]
    #[arg(long, value_name = "SET")]
    instructions: Option<InstructionSet>,

    /// Folder with the four IDX files of MNIST or a data set like it, gzip-compressed or plain [default: the bundled MNIST]
    #[arg(long, value_name = "DIR", env = "MNIST_DATA_DIR")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    images: Images,

    #[command(flatten)]
    project: InWorkspace,
}

impl Surroundings {
    /// Where runs and results lie.
    ///
    /// # Errors
    ///
    /// There is no workspace.
    pub fn places(&self) -> Result<Places> {
        self.project.places()
    }

    /// Which images are trained on, and which evaluated on.
    pub fn split(&self) -> Split {
        self.images.split()
    }

    /// Makes the device ready. From here on, the kernels compute with the instruction set that is asked for.
    ///
    /// # Errors
    ///
    /// This machine does not have it.
    pub fn select(&self) -> Result<Selected> {
        if let Some(instructions) = self.instructions {
            ensure!(
                instructions.is_available(),
                "--instructions {instructions}: this machine does not have them"
            );
            instructions.force();
        }
        select_device(self.backend)
    }

    /// Reads the images; of the training images the first `limit`, if there is one.
    ///
    /// # Errors
    ///
    /// The data set cannot be read. Names the file.
    pub fn data(&self, places: &Places, limit: Option<u32>) -> Result<Data> {
        let mnist = match &self.data_dir {
            Some(directory) => Mnist::load(directory)?,
            None => Mnist::load_verified(&places.workspace().data())?,
        };
        let data_set = mnist.data_set.clone();
        let (mut train, evaluation) = mnist.split(self.split())?;
        if let Some(limit) = limit {
            train = train.slice(0..train.len().min(limit as usize));
        }
        Ok(Data {
            data_set,
            split: self.split(),
            train: Arc::new(train),
            evaluation: Arc::new(evaluation),
        })
    }

    /// The options that say the same, whatever the environment is, with what was selected on this machine, so that another one
    /// makes the same run or none.
    pub fn arguments_with(&self, selected: &Selected) -> Vec<String> {
        let mut with = self.clone();
        with.backend = Backend::from_str(&selected.backend, false).ok();
        with.instructions = selected.uses_kernels.then(InstructionSet::current);
        with.arguments()
    }

    /// The options that say the same, whatever the environment is.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = Vec::new();
        let mut add = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
        if let Some(name) = self.backend.and_then(|backend| backend.to_possible_value()) {
            add("--backend", name.get_name().to_owned());
        }
        if let Some(instructions) = self.instructions {
            add("--instructions", instructions.to_string());
        }
        if let Some(directory) = &self.data_dir {
            add("--data-dir", directory.display().to_string());
        }
        if let Some(workspace) = &self.project.workspace {
            add("--workspace", workspace.display().to_string());
        }
        match self.split() {
            Split::Holdout => arguments.push("--holdout".into()),
            Split::Swapped => arguments.push("--swapped".into()),
            Split::Test => {}
        }
        arguments
    }

    /// Whether the images are not the bundled MNIST's.
    fn has_other_data(&self) -> bool {
        let bundled = self.places().ok();
        let bundled = bundled.and_then(|it| it.workspace().data().canonicalize().ok());
        let other = |directory: &PathBuf| directory.canonicalize().ok() != bundled;
        self.data_dir.as_ref().is_some_and(other)
    }
}

/// What can be said about a run on the command line.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Decides the initial weights, the order of the images, augmentation and dropout
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Passes over the training images, instead of the recipe's
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    epochs: Option<u16>,

    /// Images per optimiser step, instead of the recipe's
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: Option<u16>,

    /// Train on only this many of the training images, the first ones
    #[arg(long, value_name = "IMAGES", value_parser = clap::value_parser!(u32).range(1..))]
    train_limit: Option<u32>,

    #[command(flatten)]
    surroundings: Surroundings,

    /// Folder of the run [default: runs/NAME/seed-SEED-HASH, with a hash of all that decides the run]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Begin anew where the run was interrupted, or is finished already
    #[arg(long)]
    fresh: bool,

    /// Put the result among the committed evidence in results/ too
    #[arg(long)]
    record: bool,

    /// Threads to compute with [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    #[command(flatten)]
    what_if: WhatIf,

    /// Stop when standard input closes, which is when the program that began the run ends
    #[arg(long, hide = true)]
    until_input_closes: bool,

    /// The commit that this program was built from: no other is to be recorded
    #[arg(long, value_name = "HASH", hide = true)]
    built_from: Option<String>,

    /// At SIGUSR1, put the Slurm job that this is back into the queue, unless it was put there so many times
    #[arg(long, value_name = "TIMES", hide = true)]
    requeues: Option<u32>,
}

/// The exit codes of a training, for its help.
pub const EXIT_CODES: &str = "\
The same command goes on where an interrupted run was.
Exit code: 0 success, 1 failure, 2 wrong usage; 130, 143, 129 or 138 ended by Ctrl-C, SIGTERM, SIGHUP or SIGUSR1.";

/// Runs a step as its command line says, and returns its exit code. Options that make no sense end the process with
/// exit code 2; failures are one line on standard error.
pub fn run_step(experiment: Experiment) -> ExitCode {
    let name = experiment.name.to_string();
    let command = Options::augment_args(Command::new(name))
        .version(env!("CARGO_PKG_VERSION"))
        .about(experiment.title.clone())
        .after_help(EXIT_CODES);
    match Options::from_arg_matches(&command.get_matches()) {
        Ok(options) => {
            let command = vec![
                "cargo".into(),
                "run".into(),
                "-p".into(),
                experiment.name.to_string(),
            ];
            let command = [command, backend_features(), vec!["--".into()]].concat();
            run_experiment(experiment, Kind::Step, &command, &options)
        }
        Err(error) => error.exit(),
    }
}

/// Runs an experiment, whose runs on the test images are of this kind, with these options, and returns the exit code, as
/// [`run_step`] does. `command` is what the options follow where the run is to be gone on with.
pub fn run_experiment(
    experiment: Experiment,
    kind: Kind,
    command: &[String],
    options: &Options,
) -> ExitCode {
    if let Some(reason) = options.reason_not_to_record(&experiment, kind) {
        let message =
            format!("--record takes only an experiment's own recipe on all of MNIST, not {reason}");
        let mut command = Command::new(experiment.name.to_string());
        command.error(ErrorKind::ArgumentConflict, message).exit();
    }
    let stop = Stop::default();
    let made = run(experiment, kind, options, &stop).and_then(|()| check_output());
    let Err(error) = made else {
        return ExitCode::SUCCESS;
    };
    let words = [command, &options.arguments()].concat();
    let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    let command = words.join(" ");
    match stop.cause() {
        Some(Cause::Signal(signal)) => {
            complain!("error: {error:#}; `{command}` goes on");
            if let (Signal::TimeIsUp, Some(most)) = (signal, options.requeues) {
                requeue(most);
            }
            ExitCode::from(signal.exit_code())
        }
        // Of two tasks for one run, this one is not needed.
        _ if error.is::<InUse>() && options.requeues.is_some() => {
            say!("Nothing is left to do here: {error:#}");
            ExitCode::SUCCESS
        }
        _ if is_disk_full(&error) => {
            complain!("error: {error:#}; `{command}` goes on once there is room");
            ExitCode::FAILURE
        }
        _ => {
            complain!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Puts the job that this is back into the queue, unless it was there `most` times after its beginning.
fn requeue(most: u32) {
    let Some(job) = Job::this() else {
        complain!("error: this is no Slurm job, so it cannot be put back into a queue");
        return;
    };
    if job.restarts >= most {
        complain!(
            "error: {job} was begun again {most} times, and its time is up once more: give it more with --time"
        );
        return;
    }
    complain!("{job} goes back into the queue");
    if let Err(error) = job.requeue() {
        complain!("error: {job} cannot be put back into the queue: {error:#}");
    }
}

fn is_disk_full(error: &anyhow::Error) -> bool {
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == std::io::ErrorKind::StorageFull)
}

/// What `cargo run` must be told so that it builds this program's backends.
fn backend_features() -> Vec<String> {
    let names = Backend::value_variants()
        .iter()
        .filter_map(|backend| backend.to_possible_value());
    let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
    let has_default = names.iter().any(|name| name == "flex");
    let others: Vec<String> = names.into_iter().filter(|name| name != "flex").collect();
    let mut words = Vec::new();
    if !has_default {
        words.push("--no-default-features".into());
    }
    if !others.is_empty() {
        words.extend(["--features".into(), others.join(",")]);
    }
    words
}

/// A word as a shell takes it for one.
pub fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

impl Options {
    /// Why a run with these options is no evidence for the experiment, if it is to be recorded.
    fn reason_not_to_record(&self, experiment: &Experiment, kind: Kind) -> Option<&'static str> {
        if !self.record {
            return None;
        }
        let recipe = &experiment.recipe;
        let other =
            |value: Option<u16>, own: usize| value.is_some_and(|value| usize::from(value) != own);
        let is_own = kind == Kind::Own && self.surroundings.split() != Split::Holdout;
        let what_if = self.what_if.options();
        if let Some((option, _)) = what_if.first() {
            return Some(option);
        }
        [
            (
                is_own,
                "an experiment that is not part of the code as it is (but with --holdout)",
            ),
            (self.train_limit.is_some(), "--train-limit"),
            (
                other(self.epochs, recipe.epochs),
                "another number of --epochs",
            ),
            (
                other(self.batch_size, recipe.batch_size),
                "another --batch-size",
            ),
            (
                self.surroundings.has_other_data(),
                "another --data-dir (or MNIST_DATA_DIR)",
            ),
        ]
        .into_iter()
        .find_map(|(applies, reason)| applies.then_some(reason))
    }

    fn apply_to(&self, experiment: &mut Experiment) {
        let recipe = &mut experiment.recipe;
        recipe.epochs = self.epochs.map_or(recipe.epochs, usize::from);
        recipe.batch_size = self.batch_size.map_or(recipe.batch_size, usize::from);
        self.what_if.apply_to(recipe);
    }

    /// The options that go on with this run.
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--seed".to_owned(), self.seed.to_string()];
        let numbers = [
            ("--epochs", self.epochs.map(u32::from)),
            ("--batch-size", self.batch_size.map(u32::from)),
            ("--train-limit", self.train_limit),
            ("--threads", self.threads.map(u32::from)),
        ];
        for (option, number) in numbers {
            if let Some(number) = number {
                arguments.extend([option.to_owned(), number.to_string()]);
            }
        }
        for (option, value) in self.what_if.options() {
            arguments.extend([option.to_owned(), value]);
        }
        arguments.extend(self.surroundings.arguments());
        if let Some(folder) = &self.out {
            arguments.extend(["--out".to_owned(), folder.display().to_string()]);
        }
        if self.record {
            arguments.push("--record".into());
        }
        arguments
    }
}

fn run(mut experiment: Experiment, kind: Kind, options: &Options, stop: &Stop) -> Result<()> {
    options.apply_to(&mut experiment);
    experiment.check()?;
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()
            .context("cannot start the threads")?;
    }
    let surroundings = &options.surroundings;
    let places = surroundings.places()?;
    let selected = surroundings.select()?;
    let data = surroundings.data(&places, options.train_limit)?;
    stop.listen()?;
    if options.until_input_closes {
        stop.when_input_closes()?;
    }
    make(&Making {
        experiment: &experiment,
        kind,
        seed: options.seed,
        data: &data,
        selected: &selected,
        places: &places,
        folder: options.out.as_deref(),
        fresh: options.fresh,
        record: options.record,
        built_from: options.built_from.as_deref(),
        stop,
    })
}
