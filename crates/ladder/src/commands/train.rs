//! `ladder train`: one run of any experiment.

use std::process::ExitCode;

use clap::Args;
use training::command_line::{self, EXIT_CODES, run_experiment};
use training::complain;

use ladder::subjects::{self, Subject, Word};

/// Options of `ladder train`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct Options {
    /// A step, a network of the frontier, or a JSON file: an experiment, or the record of a run to repeat
    #[arg(value_name = "EXPERIMENT", value_parser = Word::parse)]
    word: Word,
    #[command(flatten)]
    run: command_line::Options,
}

/// Trains, and returns the exit code.
pub fn run(options: Options) -> ExitCode {
    let Subject { word, experiment } = match options.word.subject() {
        Ok(subject) => subject,
        Err(error) => {
            complain!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let kind = subjects::kind(&experiment);
    let command = ["cargo", "ladder", "train", &word].map(str::to_owned);
    run_experiment(experiment, kind, &command, &options.run)
}
