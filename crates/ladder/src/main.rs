//! The command line over all steps of the ladder. Run with `cargo ladder`, or `cargo run -p ladder --`.
//!
//! Exit codes: 0 for success, 1 for a failure, which is one line on standard error, and 2 for a command line that is
//! not understood; 130, 143 or 129 where Ctrl-C, SIGTERM or SIGHUP ended the work. A reader that closes the pipe, as `head` does,
//! has what it wanted: that is success.

mod commands;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};

use training::complain;

use commands::{
    architecture, completions, export, predict, quantize, report, run, serve, table, train,
};

/// What the steps of the ladder are, and what came of them.
#[derive(Debug, Parser)]
#[command(name = "ladder", bin_name = "cargo ladder", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sets the results of all steps side by side
    Table(table::Options),
    /// Shows a step's network, layer by layer: sizes, receptive field, parameters, multiply-adds
    Architecture(architecture::Options),
    /// Trains a step, or the experiment that a JSON file describes
    Train(Box<train::Options>),
    /// Trains experiments over several seeds in parallel, skipping finished runs and going on with interrupted ones
    Run(run::Options),
    /// Brings all generated documents up to date with the results
    Report(report::Options),
    /// Says which digit an image shows
    Predict(predict::Options),
    /// Turns a network's weights into 8-bit integers, and says what that costs
    Quantize(quantize::Options),
    /// Writes a network in a form for programs elsewhere
    Export(export::Options),
    /// Serves a page to draw digits on, and to see what every network makes of them
    Serve(serve::Options),
    /// Prints a script with which a shell completes the command line
    Completions(completions::Options),
}

fn main() -> ExitCode {
    match run(CommandLine::parse().command) {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    // Not locked: a training prints from several threads.
    let mut output = io::stdout();
    match command {
        Command::Table(options) => table::run(&options, &mut output),
        Command::Architecture(options) => architecture::run(&options, &mut output),
        Command::Train(options) => return Ok(train::run(*options)),
        Command::Run(options) => return run::run(&options),
        Command::Report(options) => report::run(&options, &mut output),
        Command::Predict(options) => return predict::run(&options, &mut output),
        Command::Quantize(options) => quantize::run(&options, &mut output),
        Command::Export(options) => export::run(&options, &mut output),
        Command::Serve(options) => return serve::run(&options, &mut output),
        Command::Completions(options) => {
            completions::run(&options, CommandLine::command(), &mut output)
        }
    }?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes
        .into_iter()
        .any(|cause| cause.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind as UsageError;

    use super::*;

    fn parse(arguments: &str) -> Result<Command, clap::Error> {
        let arguments = arguments.split_whitespace();
        CommandLine::try_parse_from(["ladder"].into_iter().chain(arguments))
            .map(|line| line.command)
    }

    #[test]
    fn the_command_line_is_well_formed() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn a_step_goes_by_its_name_or_its_number() {
        for name in ["step-04-fc", "4", "04"] {
            match parse(&format!("architecture {name}")) {
                Ok(Command::Architecture(options)) => {
                    assert_eq!(options.network.experiment().unwrap().name, *"step-04-fc");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn an_unknown_step_is_a_usage_error_that_lists_all_steps() {
        for name in ["0", "9", "step-04", "fc", "+4"] {
            let error = parse(&format!("architecture {name}")).unwrap_err();
            assert_eq!(
                (error.kind(), error.exit_code()),
                (UsageError::ValueValidation, 2)
            );
            let message = error.to_string();
            for experiment in ladder::steps::experiments() {
                assert!(
                    message.contains(experiment.name.as_str()),
                    "{name}: {message}"
                );
            }
        }
    }

    #[test]
    fn a_table_is_of_the_recorded_results_unless_told_otherwise() {
        for (arguments, expected) in [("table", false), ("table --runs", true)] {
            match parse(arguments) {
                Ok(Command::Table(options)) => assert_eq!(options.runs, expected),
                other => panic!("{arguments}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_page_is_for_this_machine_alone_unless_told_otherwise() {
        for (arguments, expected) in [
            ("serve", ("127.0.0.1", 8080)),
            ("serve --host 0.0.0.0 --port 0", ("0.0.0.0", 0)),
        ] {
            match parse(arguments) {
                Ok(Command::Serve(options)) => {
                    assert_eq!((options.host.as_str(), options.port), expected);
                }
                other => panic!("{arguments}: {other:?}"),
            }
        }
    }

    #[test]
    fn contradictions_and_omissions_are_usage_errors() {
        for arguments in [
            "",
            "predict",
            "architecture",
            "architecture 1 --json --markdown",
            "table extra",
            "train",
            "run 9",
            "run --seeds 0-",
            "run --holdout --swapped",
            "export",
            "export c",
            "export onnx",
            "export rust 1",
            "export pascal --out folder",
            "export c 99 --out folder",
            "serve --port 65536",
        ] {
            assert_eq!(
                parse(arguments).unwrap_err().exit_code(),
                2,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn a_closed_pipe_is_told_from_other_errors() {
        let error = |kind| anyhow::Error::from(io::Error::from(kind)).context("while writing");
        assert!(is_broken_pipe(&error(ErrorKind::BrokenPipe)));
        assert!(!is_broken_pipe(&error(ErrorKind::NotFound)));
    }
}
