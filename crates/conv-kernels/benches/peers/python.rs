//! Training with PyTorch, in a process of its own that waits while others take their turns.

use std::cell::RefCell;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;

use super::Train;
use crate::common::Result;

const SCRIPT: &str = include_str!("../pytorch_baseline.py");

/// A Python that runs the script.
pub struct Python {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// PyTorch's version.
    pub torch: String,
}

impl Python {
    /// Starts `program`, or else what the environment's PYTHON names, or else `python3`; where it has no PyTorch, says so.
    pub fn find(program: Option<&str>, threads: u16, batch: u16) -> Option<Self> {
        let program = program
            .map(String::from)
            .or_else(|| env::var("PYTHON").ok());
        let program = program.unwrap_or_else(|| "python3".into());
        let python = Self::start(&program, threads, batch);
        if python.is_err() {
            eprintln!(
                "PyTorch is left out: `{program}` cannot import torch; name a Python that can with --python"
            );
        }
        python.ok()
    }

    fn start(program: &str, threads: u16, batch: u16) -> Result<Self> {
        let mut process = Command::new(program)
            .args(["-c", SCRIPT, &threads.to_string(), &batch.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It tells at length what one line says as well: there is no PyTorch.
            .stderr(Stdio::null())
            .spawn()?;
        let requests = process.stdin.take().ok_or("no standard input")?;
        let answers = process.stdout.take().ok_or("no standard output")?;
        let mut python = Self {
            process,
            requests,
            answers: BufReader::new(answers),
            torch: String::new(),
        };
        python.torch = python.answer()?;
        Ok(python)
    }

    fn ask(&mut self, request: &str) -> Result<String> {
        writeln!(self.requests, "{request}")?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err("the process ended without an answer".into()),
            _ => Ok(line.trim().to_string()),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It may have ended already, and nothing is lost where it has not.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The network in one of PyTorch's memory layouts.
pub struct Layout {
    /// Who trains it.
    pub python: Rc<RefCell<Python>>,
    /// `default`, one channel after the other, or `channels_last`, one pixel after the other.
    pub layout: &'static str,
}

impl Train for Layout {
    fn milliseconds_per_step(&mut self, steps: usize) -> Result<f64> {
        let answer = self
            .python
            .borrow_mut()
            .ask(&format!("{} {steps}", self.layout))
            .map_err(|error| format!("PyTorch, {} layout: {error}", self.layout))?;
        Ok(answer.parse()?)
    }
}
