//! Run with `cargo run -p step-01-skeleton`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_01_skeleton::experiment())
}
