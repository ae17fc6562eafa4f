//! A Python that measures, in a process of its own that waits while others take their turns.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A Python that answers each line with a line.
pub struct Python {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts `program` on a script, which is told how many threads to use. What it says on standard error is not shown: its
    /// tracebacks tell at length what a line says as well.
    ///
    /// # Errors
    ///
    /// There is no such program.
    pub fn start(program: &str, script: &str, threads: u16) -> Result<Self> {
        let mut process = Command::new(program)
            .args(["-c", script, &threads.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let requests = process.stdin.take().context("no standard input")?;
        let answers = process.stdout.take().context("no standard output")?;
        Ok(Self {
            process,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// The answer to a line.
    ///
    /// # Errors
    ///
    /// The process has ended without one.
    pub fn ask(&mut self, request: &str) -> Result<String> {
        let mut line = String::new();
        // A process that has ended says why in what it wrote before.
        let _ = writeln!(self.requests, "{request}");
        if self.answers.read_line(&mut line)? == 0 {
            bail!("Python's process ended without an answer");
        }
        Ok(line.trim().to_owned())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It may have ended already, and nothing is lost where it has not.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
