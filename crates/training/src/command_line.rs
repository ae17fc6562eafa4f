//! The command line of a step: the same for all.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use burn::train::Interrupter;
use clap::error::ErrorKind;
use clap::{Args, Command, FromArgMatches};
use experiment::{
    Epoch, Experiment, ProgressFile, ResultsTable, read_results, results_directory, run_path,
};
use mnist::{Mnist, Split, bundled_directory};

use crate::backend::{Backend, Selected, select_device};
use crate::run::{Data, train};
use crate::run_directory;
use crate::verdict::verdict;

/// Exit code of a process that ends on Ctrl-C, by the shells' convention: 128 and the signal's number.
pub const INTERRUPTED: u8 = 130;

/// Why a training was stopped.
const CTRL_C: &str = "interrupted by Ctrl-C";

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

    /// The options that name a split.
    pub fn arguments(split: Split) -> &'static [&'static str] {
        match split {
            Split::Holdout => &["--holdout"],
            Split::Swapped => &["--swapped"],
            Split::Test => &[],
        }
    }
}

/// Prints a line, and goes on where nobody reads it: what was trained is not to be lost for that.
macro_rules! say {
    ($($words:tt)*) => {
        writeln!(std::io::stdout(), $($words)*).unwrap_or_default()
    };
}

/// What can be said about a run on the command line.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Backend to train on [default: the first possible one]
    #[arg(long)]
    backend: Option<Backend>,

    /// Decides the initial weights, the order of the images, augmentation and dropout
    #[arg(long)]
    seed: Option<u64>,

    /// Passes over the training images, instead of the recipe's
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    epochs: Option<u16>,

    /// Images per optimiser step, instead of the recipe's
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    batch_size: Option<u16>,

    /// Folder with the four IDX files of MNIST or a data set like it, gzip-compressed or plain [default: the bundled MNIST]
    #[arg(long, value_name = "DIR", env = "MNIST_DATA_DIR")]
    data_dir: Option<PathBuf>,

    /// Train on only this many of the training images, the first ones
    #[arg(long, value_name = "IMAGES", value_parser = clap::value_parser!(u32).range(1..))]
    train_limit: Option<u32>,

    #[command(flatten)]
    images: Images,

    /// Folder for the run's result and weights [default: runs/<step>/seed-<seed>, or its like below runs/search or runs/swapped]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Put the result among the committed evidence in results/ too
    #[arg(long)]
    record: bool,

    /// Threads to compute with [default: one per core]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// The exit codes of a training, for its help.
pub const EXIT_CODES: &str = "Exit code: 0 success, 1 failure, 2 wrong usage, 130 interrupted.";

/// Runs a step as its command line says, and returns its exit code. Options that make no sense end the process with
/// exit code 2; failures are one line on standard error.
pub fn run_step(experiment: Experiment) -> ExitCode {
    let command = Options::augment_args(Command::new(experiment.name.clone()))
        .version(env!("CARGO_PKG_VERSION"))
        .about(experiment.title.clone())
        .after_help(EXIT_CODES);
    match Options::from_arg_matches(&command.get_matches()) {
        Ok(options) => run_experiment(experiment, &options),
        Err(error) => error.exit(),
    }
}

/// Runs any experiment with these options, and returns the exit code, as [`run_step`] does.
pub fn run_experiment(experiment: Experiment, options: &Options) -> ExitCode {
    if options.record
        && let Some(reason) = options.reason_not_to_record(&experiment)
    {
        let message =
            format!("--record takes only an experiment's own recipe on all of MNIST, not {reason}");
        let mut command = Command::new(experiment.name);
        command.error(ErrorKind::ArgumentConflict, message).exit();
    }
    let interrupter = Interrupter::new();
    match run(experiment, options, &interrupter) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            match interrupter.get_message() {
                Some(reason) if reason == CTRL_C => ExitCode::from(INTERRUPTED),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

impl Options {
    /// The split of a run that is to be recorded; none for any other.
    pub fn recorded_split(&self) -> Option<Split> {
        self.record.then(|| self.images.split())
    }

    /// Why a run with these options is no evidence for the step.
    fn reason_not_to_record(&self, experiment: &Experiment) -> Option<&'static str> {
        let recipe = &experiment.recipe;
        let other =
            |value: Option<u16>, own: usize| value.is_some_and(|value| usize::from(value) != own);
        let other_data = || {
            self.data_dir
                .as_ref()
                .is_some_and(|it| it.canonicalize().ok() != Some(bundled_directory()))
        };
        [
            (self.train_limit.is_some(), "--train-limit"),
            (
                other(self.epochs, recipe.epochs),
                "another number of --epochs",
            ),
            (
                other(self.batch_size, recipe.batch_size),
                "another --batch-size",
            ),
            (other_data(), "another --data-dir (or MNIST_DATA_DIR)"),
        ]
        .into_iter()
        .find_map(|(applies, reason)| applies.then_some(reason))
    }

    fn apply_to(&self, experiment: &mut Experiment) {
        let recipe = &mut experiment.recipe;
        recipe.seed = self.seed.unwrap_or(recipe.seed);
        recipe.epochs = self.epochs.map_or(recipe.epochs, usize::from);
        recipe.batch_size = self.batch_size.map_or(recipe.batch_size, usize::from);
    }

    fn data(&self) -> Result<Data> {
        let directory = self.data_dir.clone().unwrap_or_else(bundled_directory);
        let split = self.images.split();
        let (mut train, evaluation) = Mnist::load(&directory)?.split(split)?;
        if let Some(limit) = self.train_limit {
            train = train.slice(0..train.len().min(limit as usize));
        }
        Ok(Data {
            split,
            train: Arc::new(train),
            evaluation: Arc::new(evaluation),
        })
    }
}

fn run(mut experiment: Experiment, options: &Options, interrupter: &Interrupter) -> Result<()> {
    options.apply_to(&mut experiment);
    if let Some(threads) = options.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(threads))
            .build_global()
            .context("cannot start the threads")?;
    }
    let selected = select_device(options.backend)?;
    let data = options.data()?;
    let directory = options.out.clone().unwrap_or_else(|| {
        Path::new("runs").join(run_path(
            &experiment.name,
            data.split,
            experiment.recipe.seed,
        ))
    });
    run_directory::prepare(&directory)?;
    announce(&experiment, &selected, &data);
    listen_for_ctrl_c(interrupter)?;

    // For others to look at: a run goes on without.
    let mut progress = ProgressFile::begin(&directory, &experiment, data.split)
        .ok()
        .flatten();
    let on_epoch = move |epoch: &Epoch| {
        if let Some(progress) = &mut progress {
            let _ = progress.add(epoch);
        }
    };
    let (network, result) = train(&experiment, &data, &selected, interrupter.clone(), on_epoch)?;
    run_directory::write(&directory, &result, &network)?;
    say!("\n{}", verdict(&result));
    say!("Result and weights: {}", directory.display());
    if options.record {
        let path = run_directory::record(&directory, &result)?;
        say!(
            "Recorded: {} (`cargo ladder report` brings the documents up to date)",
            path.display()
        );
    }
    match read_results(&results_directory()) {
        Ok(recorded) => say!(
            "\n{}",
            ResultsTable::new(&recorded).mark(&result).to_terminal()
        ),
        // The run is finished and written, whatever lies among the results of others.
        Err(error) => eprintln!("No table of the recorded results: {error:#}"),
    }
    Ok(())
}

fn announce(experiment: &Experiment, selected: &Selected, data: &Data) {
    let recipe = &experiment.recipe;
    let threads = rayon::current_num_threads();
    say!(
        "{}: backend {} on {} ({threads} thread{}), seed {}",
        experiment.name,
        selected.backend,
        selected.device_name,
        if threads == 1 { "" } else { "s" },
        recipe.seed
    );
    say!(
        "{} training images, {} {} images; {} epoch{} in batches of {}",
        data.train.len(),
        data.evaluation.len(),
        match data.split {
            Split::Test => "test",
            Split::Holdout | Split::Swapped => "hold-out",
        },
        recipe.epochs,
        if recipe.epochs == 1 { "" } else { "s" },
        recipe.batch_size
    );
    if selected.compiles_kernels {
        say!("The first steps compile the device's kernels, which can take a minute.");
    }
}

/// Makes the first Ctrl-C stop the training after its current batch, and a second one the process at once.
fn listen_for_ctrl_c(interrupter: &Interrupter) -> Result<()> {
    let interrupter = interrupter.clone();
    ctrlc::set_handler(move || {
        if interrupter.should_stop() {
            std::process::exit(INTERRUPTED.into());
        }
        interrupter.stop(Some(CTRL_C));
    })
    .context("cannot listen for Ctrl-C")
}
