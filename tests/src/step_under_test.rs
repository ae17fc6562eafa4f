//! The program of step 6, which the tests of the command line run: all steps share theirs.

use std::process::ExitCode;

fn main() -> ExitCode {
    training::command_line::run_step(step_06_lr_scheduler::experiment())
}
