//! Run with `cargo run -p step-06-lr-scheduler`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_06_lr_scheduler::experiment())
}
