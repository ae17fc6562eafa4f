//! Ending a training before its time.

use std::io;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use burn::train::Interrupter;

use crate::signals::{Signal, on_signal};
use crate::terminal;

/// Stops a training after its current batch, and remembers why.
///
/// The request alone stops nothing: after a batch, [`take_effect`](Self::take_effect) does. So an epoch that is all but over
/// is kept first. Burn's dashboard forgets that it was stopped when it closes. So it has an [`Interrupter`] of its own here, which is looked at
/// after every batch.
#[derive(Clone, Default)]
pub struct Stop {
    interrupter: Interrupter,
    dashboard: Interrupter,
    cause: Arc<Mutex<Option<Cause>>>,
}

/// Why a training was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody asked for it.
    Signal(Signal),
    /// It cannot go on; in words.
    Failure(String),
}

impl Stop {
    /// Stops at signals from now on. The second one ends the process at once.
    ///
    /// # Errors
    ///
    /// The system does not let it.
    pub fn listen(&self) -> Result<()> {
        let stop = self.clone();
        on_signal(move |signal| {
            if !stop.stop(Cause::Signal(signal)) {
                terminal::restore();
                process::exit(signal.exit_code().into());
            }
        })
    }

    /// Stops when standard input closes: it is a pipe from the program that started this one, and closes with it.
    ///
    /// # Errors
    ///
    /// The system has no thread to give.
    pub fn when_input_closes(&self) -> Result<()> {
        let stop = self.clone();
        thread::Builder::new()
            .name("input".into())
            .spawn(move || {
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
                stop.stop(Cause::Signal(Signal::Terminate));
            })
            .context("cannot watch standard input")?;
        Ok(())
    }

    /// Asks the training to stop; false if it is to stop already, in which case the first cause stays.
    pub fn stop(&self, cause: Cause) -> bool {
        let mut first = self.first_cause();
        let is_first = first.is_none();
        first.get_or_insert(cause);
        is_first
    }

    /// Stops Burn's loop, if the training is to stop.
    pub fn take_effect(&self) {
        if self.cause().is_some() {
            self.interrupter.stop(None);
        }
    }

    /// Why the training is to stop, if it is.
    pub fn cause(&self) -> Option<Cause> {
        if self.dashboard.should_stop() {
            // Its `q`, which is to a dashboard what Ctrl-C is elsewhere.
            self.stop(Cause::Signal(Signal::Interrupt));
        }
        self.first_cause().clone()
    }

    /// What stops Burn's loop.
    pub fn interrupter(&self) -> &Interrupter {
        &self.interrupter
    }

    /// What Burn's dashboard stops.
    pub fn of_dashboard(&self) -> &Interrupter {
        &self.dashboard
    }

    fn first_cause(&self) -> MutexGuard<'_, Option<Cause>> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
