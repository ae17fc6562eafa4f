//! Training with PyTorch, in a process of its own that waits while others take their turns.

use std::cell::RefCell;
use std::env;
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use experiment::Experiment;

use super::{Peer, Train};

const SCRIPT: &str = include_str!("../pytorch_baseline.py");

/// A Python that runs the script.
struct Python {
    process: benchmarks::Python,
    torch: String,
    parameters: usize,
}

/// The peers that train with PyTorch, in both memory layouts, as it is and compiled, and PyTorch's version.
///
/// `program` is a Python that has PyTorch. Without, what the environment's PYTHON names, or else `python3`, is tried; if it has
/// none there are no peers, and a line on standard error says so. Likewise where compiling fails.
///
/// # Errors
///
/// `program` has no PyTorch, or PyTorch cannot train the network.
pub fn peers(
    program: Option<&str>,
    threads: u16,
    experiment: &Experiment,
) -> Result<(Vec<Peer>, Option<String>)> {
    let python = match program {
        Some(program) => Python::start(program, threads, experiment)?,
        None => {
            let program = env::var("PYTHON").unwrap_or_else(|_| "python3".into());
            match Python::start(&program, threads, experiment) {
                Ok(python) => python,
                Err(error) => {
                    eprintln!("PyTorch is left out: {error:#}");
                    return Ok((Vec::new(), None));
                }
            }
        }
    };
    let expected = experiment.architecture.summary()?.totals.parameters;
    ensure!(
        python.parameters == expected,
        "PyTorch's network has {} parameters, expected {expected}",
        python.parameters
    );
    let torch = python.torch.clone();
    let python = Rc::new(RefCell::new(python));
    let mut peers = Vec::new();
    for (name, label, layout, mode) in [
        ("pytorch_default", "PyTorch", "default", "eager"),
        (
            "pytorch_channels_last",
            "PyTorch, channels_last",
            "channels_last",
            "eager",
        ),
        (
            "pytorch_compiled",
            "PyTorch, compiled",
            "default",
            "compiled",
        ),
        (
            "pytorch_compiled_channels_last",
            "compiled, channels_last",
            "channels_last",
            "compiled",
        ),
    ] {
        let training = Layout {
            python: python.clone(),
            layout,
            mode,
        };
        match Peer::new(name, label, training) {
            Ok(peer) => peers.push(peer),
            Err(error) if mode == "compiled" => {
                eprintln!("{name} of {} is left out: {error:#}", experiment.name);
            }
            Err(error) => return Err(error),
        }
    }
    Ok((peers, Some(torch)))
}

impl Python {
    fn start(program: &str, threads: u16, experiment: &Experiment) -> Result<Self> {
        let start = || {
            let mut python = Self {
                process: benchmarks::Python::start(program, SCRIPT, threads)?,
                torch: String::new(),
                parameters: 0,
            };
            let answer = python.process.ask(&serde_json::to_string(experiment)?)?;
            let (torch, parameters) = answer.split_once(' ').context("no version")?;
            python.torch = torch.to_owned();
            python.parameters = parameters.parse()?;
            anyhow::Ok(python)
        };
        // Why it cannot, its long traceback would tell; all that can be done about it is to name another.
        start().map_err(|_| {
            anyhow!("`{program}` cannot import torch; name a Python that can with --python")
        })
    }
}

/// The network in one of PyTorch's memory layouts, compiled or not.
struct Layout {
    python: Rc<RefCell<Python>>,
    /// `default`, one channel after the other, or `channels_last`, one pixel after the other.
    layout: &'static str,
    /// `compiled`, or `eager` for as it is.
    mode: &'static str,
}

impl Train for Layout {
    fn milliseconds_per_step(&mut self, steps: usize) -> Result<f64> {
        let Self { layout, mode, .. } = self;
        let request = format!("{layout} {mode} {steps}");
        let answer = self.python.borrow_mut().process.ask(&request)?;
        match answer.strip_prefix("error: ") {
            Some(reason) => bail!("PyTorch cannot train it: {}", files::shown(reason)),
            None => Ok(answer.parse()?),
        }
    }
}
