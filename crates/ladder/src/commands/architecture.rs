//! `ladder architecture`: a step's network, layer by layer.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use experiment::Experiment;
use model_core::{to_json, to_markdown, to_terminal};

use crate::subjects;

/// Options of `ladder architecture`.
#[derive(Args, Debug)]
pub struct Options {
    /// Name or number of the step, for example step-04-fc or 4; a network of the frontier; or a JSON file of an experiment or run
    #[arg(value_parser = subjects::parse)]
    pub step: Experiment,
    /// Print Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the layers.
///
/// # Errors
///
/// The network cannot be built.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let summary = options.step.architecture.summary()?;
    let text = if options.json {
        to_json(&summary)?
    } else if options.markdown {
        to_markdown(&summary)
    } else {
        format!(
            "{}: {}\n{}",
            options.step.name,
            options.step.title,
            to_terminal(&summary)
        )
    };
    writeln!(output, "{text}")?;
    Ok(())
}
