//! The signals that end a program.

use anyhow::{Context, Result};

/// A signal that asks a program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The terminal is gone.
    HangUp = 1,
    /// Ctrl-C.
    Interrupt = 2,
    /// SIGUSR1: the time that a scheduler gives is nearly up.
    TimeIsUp = 10,
    /// `kill`.
    Terminate = 15,
}

impl Signal {
    /// The exit code of a program that ends for this, by the shells' convention: 128 and the signal's number.
    pub fn exit_code(self) -> u8 {
        128 + self as u8
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::HangUp => "SIGHUP",
            Self::Interrupt => "Ctrl-C",
            Self::TimeIsUp => "SIGUSR1",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// Calls `on_signal` for every signal from now on, on a thread of its own; the signals no longer end the program.
///
/// # Errors
///
/// The system does not let it.
#[cfg(unix)]
pub fn on_signal(mut on_signal: impl FnMut(Signal) + Send + 'static) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    use signal_hook::iterator::Signals;

    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM, SIGUSR1]).context("cannot listen for signals")?;
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for number in signals.forever() {
                on_signal(match number {
                    SIGHUP => Signal::HangUp,
                    SIGTERM => Signal::Terminate,
                    SIGUSR1 => Signal::TimeIsUp,
                    _ => Signal::Interrupt,
                });
            }
        })
        .context("cannot listen for signals")?;
    Ok(())
}

/// Calls `on_signal` for every Ctrl-C from now on, on a thread of its own; it no longer ends the program.
///
/// # Errors
///
/// The system does not let it.
#[cfg(not(unix))]
pub fn on_signal(mut on_signal: impl FnMut(Signal) + Send + 'static) -> Result<()> {
    ctrlc::set_handler(move || on_signal(Signal::Interrupt)).context("cannot listen for Ctrl-C")
}
