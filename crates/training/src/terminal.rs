//! The terminal under Burn's dashboard, which takes it over: alternate screen, raw mode, mouse.

use std::io;
use std::thread;
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::DisableMouseCapture;
use crossterm::execute;
use crossterm::terminal::{LeaveAlternateScreen, disable_raw_mode, is_raw_mode_enabled};

/// How often it is looked whether the dashboard has begun.
const PAUSE: Duration = Duration::from_millis(5);
/// After how many looks it will not begin any more.
const LOOKS: usize = 1_000;

/// Makes Ctrl-C a signal again once the dashboard has begun. In raw mode it is a key, which the dashboard ignores.
pub fn let_ctrl_c_through() {
    // The dashboard begins on a thread of its own.
    thread::spawn(|| {
        for _ in 0..LOOKS {
            if is_raw_mode_enabled().unwrap_or(false) {
                let _ = turn_signals_on();
                return;
            }
            thread::sleep(PAUSE);
        }
    });
}

#[cfg(unix)]
fn turn_signals_on() -> io::Result<()> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    let input = io::stdin();
    let mut settings = tcgetattr(&input)?;
    settings.local_modes |= LocalModes::ISIG;
    tcsetattr(&input, OptionalActions::Now, &settings)?;
    Ok(())
}

#[cfg(not(unix))]
fn turn_signals_on() -> io::Result<()> {
    Ok(())
}

/// Gives the terminal back as it was before the dashboard, where one has it.
pub fn restore() {
    if is_raw_mode_enabled().unwrap_or(false) {
        // A terminal that is gone needs nothing.
        let _ = disable_raw_mode();
        let _ = execute!(
            io::stdout(),
            DisableMouseCapture,
            LeaveAlternateScreen,
            Show
        );
    }
}
