//! `ladder architecture`: a network, layer by layer.

use std::io::Write;

use anyhow::{Context, Result};
use architecture::{to_json, to_markdown, to_terminal};
use clap::Args;

use ladder::subjects::Word;

/// Options of `ladder architecture`.
#[derive(Args, Debug)]
pub struct Options {
    /// Name or number of the step, for example step-04-fc or 4; a network of the frontier; or a JSON file of an experiment, a run,
    /// or a network alone, such as networks/resnet-50.json
    #[arg(value_parser = Word::parse)]
    pub network: Word,
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
    let (introduction, architecture) = options.network.network()?;
    let summary = architecture
        .summary()
        .with_context(|| format!("cannot describe {introduction}"))?;
    let text = if options.json {
        to_json(&summary)?
    } else if options.markdown {
        to_markdown(&summary)
    } else {
        format!("{introduction}\n{}", to_terminal(&summary))
    };
    writeln!(output, "{text}")?;
    Ok(())
}
