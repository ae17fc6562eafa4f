//! `ladder train`: one run of any experiment.

use std::process::ExitCode;

use clap::Args;
use experiment::Experiment;
use mnist::Split;
use training::command_line::{self, EXIT_CODES, run_experiment};

use crate::subjects;

const WRONG_USAGE: u8 = 2;

/// Options of `ladder train`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct Options {
    /// A step, a network of the frontier, or a JSON file: an experiment, or the result of a run to repeat
    #[arg(value_parser = subjects::parse)]
    experiment: Experiment,
    #[command(flatten)]
    run: command_line::Options,
}

/// Trains, and returns the exit code.
pub fn run(options: Options) -> ExitCode {
    let on_test_images = options
        .run
        .recorded_split()
        .is_some_and(|split| split != Split::Holdout);
    if on_test_images && !subjects::is_known(&options.experiment) {
        eprintln!(
            "error: {} is not part of the code as it is: --record takes it with --holdout only",
            options.experiment.name
        );
        return ExitCode::from(WRONG_USAGE);
    }
    run_experiment(options.experiment, &options.run)
}
