//! Run with `cargo run -p step-02-batchnorm`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_02_batchnorm::experiment())
}
