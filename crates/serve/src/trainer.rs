//! One training at a time that the page begins and stops, in a process of its own.
//!
//! The process keeps states of its run as every training does, so one that was stopped goes on where it was when it is begun
//! again. It is told to stop by the end of its standard input, which comes too if this server ends, however it ends.

use std::io::{self, Read};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use axum::http::{HeaderMap, StatusCode, header};
use evidence::Places;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// Most epochs that can be asked for.
const MOST_EPOCHS: usize = 100;

/// Seeds go to this number, so that JavaScript has each of them exactly.
const LARGEST_SEED: u64 = (1 << 53) - 1;

/// Of what a training says when it fails, so many bytes are read.
const MAX_MESSAGE_BYTES: u64 = 65_536;

/// A training that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Name of the step.
    pub step: String,
    /// Seed of the run.
    pub seed: u64,
    /// Passes over the training images.
    pub epochs: usize,
}

/// The command that makes a run. It must stop when its standard input closes.
pub type Train = fn(&Places, &Wanted) -> Result<Command>;

/// Begins trainings and stops them.
#[derive(Debug)]
pub struct Trainer {
    /// None where the page may not train.
    train: Option<Train>,
    places: Places,
    /// Names of the steps.
    steps: Vec<String>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    /// Why the last training failed.
    error: Option<String>,
}

#[derive(Debug)]
struct Running {
    wanted: Wanted,
    /// None once it was told to stop.
    input: Option<ChildStdin>,
}

/// What the page is told.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Whether the page may train.
    possible: bool,
    running: Option<Wanted>,
    /// Whether that was told to stop.
    stopping: bool,
    /// Why the last training failed.
    error: Option<String>,
}

impl Trainer {
    /// Nothing is trained yet.
    pub fn new(train: Option<Train>, places: Places, steps: Vec<String>) -> Self {
        Self {
            train,
            places,
            steps,
            state: Arc::default(),
        }
    }

    /// What is trained at the moment.
    pub fn status(&self) -> Status {
        let state = lock(&self.state);
        let running = state.running.as_ref();
        Status {
            possible: self.train.is_some(),
            running: running.map(|it| it.wanted.clone()),
            stopping: running.is_some_and(|it| it.input.is_none()),
            error: state.error.clone(),
        }
    }

    /// Begins a training, or goes on with one that was stopped.
    ///
    /// # Errors
    ///
    /// The page may not train, something else is trained, there is no such training, or no process for it.
    pub fn start(&self, wanted: Wanted) -> Result<(), Refusal> {
        let train = self.train.ok_or_else(|| {
            let message = "trainings can be started where the server listens on this machine alone";
            Refusal::new(StatusCode::FORBIDDEN, message)
        })?;
        self.check(&wanted)?;
        let mut state = lock(&self.state);
        if let Some(Running { wanted, .. }) = &state.running {
            let (step, seed) = (&wanted.step, wanted.seed);
            let message = format!("{step} with seed {seed} is being trained: stop it first");
            return Err(Refusal::new(StatusCode::CONFLICT, message));
        }
        let (process, input, errors) = train(&self.places, &wanted)
            .and_then(spawn)
            .map_err(|error| Refusal::failure(format!("{error:#}")))?;
        *state = State {
            running: Some(Running {
                wanted,
                input: Some(input),
            }),
            error: None,
        };
        let shared = self.state.clone();
        thread::spawn(move || {
            let error = failure(process, errors);
            let mut state = lock(&shared);
            let stopped = state.running.take().is_some_and(|it| it.input.is_none());
            state.error = error.filter(|_| !stopped);
        });
        Ok(())
    }

    /// Tells the training to stop after its batch, if there is one.
    pub fn stop(&self) {
        if let Some(running) = &mut lock(&self.state).running {
            running.input = None;
        }
    }

    fn check(&self, wanted: &Wanted) -> Result<(), Refusal> {
        let unusable = |message| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message);
        let Wanted { step, seed, epochs } = wanted;
        if !self.steps.contains(step) {
            let steps = self.steps.join(", ");
            return Err(unusable(format!(
                "there is no step {step:?}; the steps are {steps}"
            )));
        }
        if *seed > LARGEST_SEED {
            return Err(unusable(format!(
                "the seed is {seed}, expected 0 to {LARGEST_SEED}"
            )));
        }
        if !(1..=MOST_EPOCHS).contains(epochs) {
            return Err(unusable(format!(
                "there are {epochs} epochs, expected 1 to {MOST_EPOCHS}"
            )));
        }
        Ok(())
    }
}

/// Checks that a request that changes something comes from the page itself, in a browser on this machine.
///
/// # Errors
///
/// It does not.
pub fn check_origin(headers: &HeaderMap, is_loopback: bool) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own = text(header::HOST).map(|host| format!("http://{host}"));
    if is_loopback && own.is_some() && text(header::ORIGIN) == own.as_deref() {
        return Ok(());
    }
    let message =
        "trainings are started and stopped by this page itself, on the machine that serves it";
    Err(Refusal::new(StatusCode::FORBIDDEN, message))
}

fn spawn(mut command: Command) -> Result<(Child, ChildStdin, ChildStderr)> {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let input = process.stdin.take().context("it has no input")?;
    let errors = process.stderr.take().context("it has no standard error")?;
    Ok((process, input, errors))
}

/// Waits for the end of a process, and says why it failed if it did.
fn failure(mut process: Child, mut errors: ChildStderr) -> Option<String> {
    let mut message = Vec::new();
    let _ = errors
        .by_ref()
        .take(MAX_MESSAGE_BYTES)
        .read_to_end(&mut message);
    // A full pipe would stop it.
    let _ = io::copy(&mut errors, &mut io::sink());
    let status = match process.wait() {
        Ok(status) if status.success() => return None,
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let message = String::from_utf8_lossy(&message);
    let error = message
        .lines()
        .find_map(|line| line.strip_prefix("error: "));
    Some(error.map_or(status, str::to_owned))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_page_itself_may_change_something() {
        let may = |host: &'static str, origin: Option<&'static str>, is_loopback| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            check_origin(&headers, is_loopback).is_ok()
        };
        assert!(may("localhost:8080", Some("http://localhost:8080"), true));
        assert!(!may("localhost:8080", Some("http://localhost:8080"), false));
        assert!(!may("localhost:8080", Some("http://localhost:8081"), true));
        assert!(!may("localhost:8080", Some("http://evil.example"), true));
        assert!(!may("localhost:8080", Some("null"), true));
        assert!(!may("localhost:8080", None, true));
    }
}
