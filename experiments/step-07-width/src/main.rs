//! Run with `cargo run -p step-07-width`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_07_width::experiment())
}
