//! `ladder completions`: what a shell needs to complete the command line.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Command};
use clap_complete::{Shell, generate};

/// Shown below the options.
const NOTES: &str = "\
A shell completes by the name of a program. `cargo ladder` has none, so give it one, and load the script: in bash or zsh
  ladder() { cargo ladder \"$@\"; }
  source <(cargo ladder completions bash)";

/// Options of `ladder completions`.
#[derive(Args, Debug)]
#[command(after_help = NOTES)]
pub struct Options {
    /// The shell to write for
    shell: Shell,
}

/// Prints the script, for a program that is called `ladder`.
///
/// # Errors
///
/// It cannot be written.
pub fn run(options: &Options, mut command: Command, output: &mut dyn Write) -> Result<()> {
    // `generate` panics where it cannot write, as into a pipe that is closed.
    let mut script = Vec::new();
    generate(options.shell, &mut command, "ladder", &mut script);
    output.write_all(&script)?;
    Ok(())
}
