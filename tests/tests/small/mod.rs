//! A small workspace, and a step's program run in it.

// Each test program uses a part of this.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::{Command, Output};

use evidence::Places;
use files::Workspace;
use made_up::write_data;
use tempfile::TempDir;

/// A workspace in a temporary folder, with a data set of a few made-up images where MNIST is in a real one.
pub struct Small(TempDir);

impl Small {
    /// With so many training images.
    pub fn new(train: u32) -> Self {
        let small = Self(tempfile::tempdir().unwrap());
        write_data(&small.data(), train, 50);
        small
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn data(&self) -> PathBuf {
        self.path("data/mnist")
    }

    pub fn places(&self) -> Places {
        Places::of(Workspace::at(self.0.path()).unwrap())
    }

    /// The program of step 6 with these arguments, in this workspace and on its data.
    pub fn step(&self, arguments: &[&str]) -> Command {
        let mut command = step(arguments);
        command.env("MNIST_DATA_DIR", self.data());
        command.arg("--workspace").arg(self.0.path());
        command
    }
}

/// The program of step 6 with these arguments.
pub fn step(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_step-under-test"));
    command.args(arguments).env_remove("MNIST_DATA_DIR");
    command
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Standard error of a command, which must be one line.
pub fn error_line(output: &Output) -> String {
    let text = text(&output.stderr);
    assert_eq!(
        text.trim_end().lines().count(),
        1,
        "expected one line on standard error: {text}"
    );
    text.trim_end().to_owned()
}
