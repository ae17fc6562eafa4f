//! `ladder train`: one run of any experiment.

use std::process::ExitCode;

use clap::Args;
use experiment::Experiment;
use training::command_line::{self, EXIT_CODES, run_experiment};

use crate::subjects;

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
    run_experiment(options.experiment, &options.run)
}
