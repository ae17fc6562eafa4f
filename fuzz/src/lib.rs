//! What the fuzz targets have in common.

use std::fmt::Display;

/// Checks that an error is one short line that changes nothing in a terminal.
pub fn check_message(error: impl Display) {
    let message = format!("{error:#}");
    assert!(
        !message.contains(char::is_control) && message.len() < 2_000,
        "{message:?}"
    );
}
