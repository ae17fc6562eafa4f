//! Standard output and standard error of a program that has more important things to do than to print.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::sync::{Mutex, PoisonError};

use anyhow::{Result, bail};

/// The first failure to print.
static FAILURE: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a line to standard output. A run goes on where that fails; [`check_output`] tells of it at the end.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {
        $crate::output::say(format_args!($($words)*))
    };
}

/// Prints a line to standard error, and goes on where that fails.
#[macro_export]
macro_rules! complain {
    ($($words:tt)*) => {
        $crate::output::complain(format_args!($($words)*))
    };
}

/// See [`say!`](crate::say).
pub fn say(words: Arguments<'_>) {
    let mut output = io::stdout();
    if let Err(error) = writeln!(output, "{words}").and_then(|()| output.flush()) {
        let mut failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }
}

/// See [`complain!`](crate::complain).
pub fn complain(words: Arguments<'_>) {
    // There is nowhere left to tell of a failure.
    let _ = writeln!(io::stderr(), "{words}");
}

/// Whether all that was said could be printed. A reader that has gone, as `head` does, had enough: that is no error.
///
/// # Errors
///
/// Standard output could not be written, for example because its disk is full.
pub fn check_output() -> Result<()> {
    let failure = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
    match failure.as_ref() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            bail!("cannot write to standard output: {error}")
        }
        _ => Ok(()),
    }
}
