//! The program, run with arguments.

// Each test program uses a part of this.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Command, Output};

use evidence::{Kind, Places};
use files::Workspace;
use mnist::{Digits, Mnist};

/// The program with its arguments, not started.
pub fn ladder(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ladder"));
    command.args(arguments);
    command
}

/// What a command leaves, whether it succeeds or not.
pub fn output(arguments: &[&str]) -> Output {
    ladder(arguments).output().unwrap()
}

/// What was printed.
pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Standard error of a command that fails with exit code 1, which is one line.
pub fn failure(arguments: &[&str]) -> String {
    let output = output(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    let message = text(&output.stderr);
    assert!(
        message.starts_with("error: ") && message.lines().count() == 1,
        "{arguments:?}: {message}"
    );
    message.to_owned()
}

/// Standard output of a command that succeeds.
pub fn success(arguments: &[&str]) -> String {
    let output = output(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    text(&output.stdout).to_owned()
}

/// Where the committed results lie.
pub fn places() -> Places {
    Places::of(Workspace::find().unwrap())
}

/// The recorded weights of a step.
pub fn recorded(step: &str) -> PathBuf {
    let step = ladder::steps::parse(step).unwrap();
    places().weights(Kind::Step, &step.name)
}

/// MNIST's test images.
pub fn test_digits() -> Digits {
    Mnist::load_verified(&places().workspace().data())
        .unwrap()
        .test
}
