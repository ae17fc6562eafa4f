//! `ladder export page`: the page of `ladder serve`, for any host of static files.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use files::write_together;
use serve::exported_page;
use training::command_line::InWorkspace;

use crate::commands::serve::content;

/// Shown below the options.
pub const NOTES: &str = "\
Writes some thirty files, less than 300 kB together, which any host of static files can serve from any folder. A page that is opened \
as a file does not work, since browsers load its scripts from a host alone: `python3 -m http.server --directory DIR` is one.

The browser computes what the networks of all steps say. Left out are trainings, the charts, and all test digits but the first ten \
and those that a step gets wrong.";

/// Where the page is written to.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    project: InWorkspace,
    /// Write the files into this folder, which is made if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes the files.
///
/// # Errors
///
/// A step has no weights, or as [`super::run`].
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let content = content(options.project.places()?)?;
    for (step, model) in &content.steps {
        if let Err(error) = model {
            bail!("{} cannot be on the page: {error:#}", step.name);
        }
    }
    let files = exported_page(&content)?;
    let contents: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, content)| (*name, content.as_slice()))
        .collect();
    write_together(&options.out, &contents)?;
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    let (path, count) = (options.out.display(), files.len());
    writeln!(output, "wrote {path}: {count} files, {bytes} bytes")?;
    Ok(())
}
