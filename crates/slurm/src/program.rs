//! Slurm's own programs.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// What one of Slurm's programs prints.
///
/// # Errors
///
/// It cannot be started, or fails. Says what it said, in one line.
pub(crate) fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| missing(program))?;
    if !output.status.success() {
        let words = one_line(&String::from_utf8_lossy(&output.stderr));
        if words.is_empty() {
            bail!("{program} failed: {}", output.status);
        }
        bail!("{words}");
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What is said where a program cannot be started.
pub(crate) fn missing(program: &str) -> String {
    format!("cannot start {program}, which is one of Slurm's programs")
}

/// Several lines as one.
pub(crate) fn one_line(words: &str) -> String {
    let lines = words.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    lines.join("; ")
}
