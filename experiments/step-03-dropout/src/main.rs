//! Run with `cargo run -p step-03-dropout`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_03_dropout::experiment())
}
