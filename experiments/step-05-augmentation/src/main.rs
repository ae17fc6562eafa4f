//! Run with `cargo run -p step-05-augmentation`.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_05_augmentation::experiment())
}
