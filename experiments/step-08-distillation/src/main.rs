//! Run with `cargo run -p step-08-distillation`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_08_distillation::experiment())
}
