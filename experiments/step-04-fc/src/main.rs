//! Run with `cargo run -p step-04-fc`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_04_fc::experiment())
}
