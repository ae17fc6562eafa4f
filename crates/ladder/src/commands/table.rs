//! `ladder table`: the results of all steps side by side.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use experiment::{ResultsTable, read_results, results_directory};

/// Options of `ladder table`.
#[derive(Args, Debug)]
pub struct Options {
    /// Show your own runs instead of the recorded results
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = "runs")]
    pub runs: Option<PathBuf>,
    /// Print Markdown
    #[arg(long)]
    markdown: bool,
}

/// Prints the table.
///
/// # Errors
///
/// The folder or a result in it cannot be read.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let directory = options.runs.clone().unwrap_or_else(results_directory);
    let results = read_results(&directory)?;
    if results.is_empty() {
        writeln!(output, "There are no results in {}.", directory.display())?;
        return Ok(());
    }
    let table = ResultsTable::new(&results);
    let text = if options.markdown {
        table.to_markdown(|step| format!("experiments/{step}"))
    } else {
        table.to_terminal()
    };
    writeln!(output, "{text}")?;
    Ok(())
}
