//! Slurm's own programs.

use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, bail};

/// What one of Slurm's programs prints.
///
/// # Errors
///
/// It cannot be started, or fails. Says what it said, in one line.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| missing(program))?;
    check(
        program,
        output.status,
        &String::from_utf8_lossy(&output.stderr),
    )?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Checks that a program which said this on standard error succeeded.
///
/// # Errors
///
/// It did not. Says what it said, in one line.
pub(crate) fn check(program: &str, status: ExitStatus, errors: &str) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    match one_line(errors).as_str() {
        "" => bail!("{program} failed: {status}"),
        words => bail!("{words}"),
    }
}

/// What is said where a program cannot be started.
pub(crate) fn missing(program: &str) -> String {
    format!("cannot start {program}, which is one of Slurm's programs")
}

/// Several lines as one.
fn one_line(words: &str) -> String {
    let lines = words.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}
