//! `ladder table`: the results of all steps side by side.

use std::io::Write;

use anyhow::Result;
use clap::Args;
use evidence::{Kind, ResultsTable};
use training::command_line::InWorkspace;
use training::complain;

/// Options of `ladder table`.
#[derive(Args, Debug)]
pub struct Options {
    /// Show your own finished runs instead of the recorded results
    #[arg(long)]
    pub runs: bool,
    /// Print Markdown
    #[arg(long)]
    markdown: bool,
    /// Print all columns, however wide the terminal is; a pipe gets them anyway
    #[arg(long, conflicts_with = "markdown")]
    wide: bool,
    #[command(flatten)]
    project: InWorkspace,
}

/// Prints the table.
///
/// # Errors
///
/// A recorded result cannot be read. Of one's own runs, those that can be read are shown nevertheless.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let places = options.project.places()?;
    let table = if options.runs {
        let (records, problems) = places.finished_runs();
        for problem in problems {
            complain!("{problem}");
        }
        if records.is_empty() {
            writeln!(output, "No run is finished yet.")?;
            return Ok(());
        }
        ResultsTable::new(&records).with_conditions()
    } else {
        let records = places.records(Kind::Step)?;
        if records.is_empty() {
            writeln!(output, "No result is recorded yet.")?;
            return Ok(());
        }
        ResultsTable::new(&records)
    };
    if options.markdown {
        let text = table.to_markdown(|step| format!("experiments/{step}"));
        writeln!(output, "{text}")?;
        return Ok(());
    }
    let width = if options.wide { None } else { tables::width() };
    writeln!(output, "{}", table.to_terminal(width))?;
    if width.is_some_and(|width| !table.fits(width)) {
        writeln!(output, "--wide shows all columns.")?;
    }
    Ok(())
}
