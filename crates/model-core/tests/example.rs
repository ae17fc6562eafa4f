//! The example, as a user runs it.

use std::env::current_exe;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the example leaves when its second argument is `picture`. Cargo builds it with the tests.
fn classify(run: &Path, picture: &str) -> Output {
    let tests = current_exe().unwrap();
    let example = tests.ancestors().nth(2).unwrap().join("examples/classify");
    let mut command = Command::new(&example);
    command.arg(run).arg(picture).current_dir(workspace());
    let output = command.output();
    output.unwrap_or_else(|error| panic!("{}: {error}", example.display()))
}

#[test]
fn every_recorded_network_takes_the_seven_for_a_seven() {
    let picture = "crates/model-core/examples/seven.png";
    let mut networks = 0;
    for step in workspace().join("results").read_dir().unwrap() {
        let run = step.unwrap().path().join("seed-1");
        if run.with_extension("safetensors").exists() {
            let output = classify(&run, picture);
            assert_eq!(output.stdout, b"7\n", "{}: {output:?}", run.display());
            networks += 1;
        }
    }
    assert!(networks > 0, "there are no recorded weights");
}

#[test]
fn it_is_shorter_than_thirty_lines() {
    let source = include_str!("../examples/classify.rs");
    assert!(source.lines().count() < 30);
}
