//! `ladder report`: the generated documents.

use std::io::Write;

use anyhow::{Result, bail};
use clap::Args;
use mnist::Mnist;
use training::command_line::InWorkspace;

use ladder::steps;
use report::Experiments;

/// Options of `ladder report`.
#[derive(Args, Debug)]
pub struct Options {
    /// Change nothing; list what is out of date, and fail if anything is
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    project: InWorkspace,
}

/// Writes or checks the documents.
///
/// # Errors
///
/// The documents cannot be made or written, or are found out of date.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let places = options.project.places()?;
    let (steps, without) = (steps::experiments(), without::experiments());
    let experiments = Experiments {
        steps: &steps,
        without: &without,
        frontier: &frontier::experiments(),
    };
    let digits = Mnist::load_verified(&places.workspace().data())?;
    if options.check {
        let problems = report::check(&places, experiments, &digits)?;
        for problem in &problems {
            writeln!(output, "{problem}")?;
        }
        match problems.len() {
            0 => writeln!(output, "All documents are up to date.")?,
            1 => bail!("a document does not agree with the results"),
            count => bail!("{count} documents do not agree with the results"),
        }
    } else {
        let documents = report::write(&places, experiments, &digits)?;
        let changed: Vec<&str> = documents
            .iter()
            .filter(|(_, changed)| *changed)
            .map(|(path, _)| path.as_str())
            .collect();
        for path in &changed {
            writeln!(output, "wrote {path}")?;
        }
        writeln!(output, "up to date: {} documents", documents.len())?;
    }
    Ok(())
}
