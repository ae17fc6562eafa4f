//! `ladder run`, as a user meets it: runs side by side, interrupted, begun again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use experiment::{Experiment, RunResult, read_result};

const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// A folder with a small data set and an experiment, in which runs are made.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        write_data(place.0.path());
        let mut experiment: Experiment = step_02_batchnorm::experiment();
        experiment.name = "small".into();
        experiment.recipe.epochs = 3;
        let text = serde_json::to_string(&experiment).unwrap();
        fs::write(place.path("small.json"), text).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ladder"));
        command
            .arg("run")
            .args(arguments)
            .env("MNIST_DATA_DIR", self.0.path())
            .current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    fn result(&self, seed: u64) -> PathBuf {
        self.path(&format!("runs/frontier/small/seed-{seed}/result.json"))
    }

    /// All runs: their results without what differs from one time to the next, and their weights.
    fn runs(&self) -> Vec<(RunResult, Vec<u8>)> {
        let run = |seed: u64| {
            let mut result = read_result(&self.result(seed)).unwrap();
            for epoch in &mut result.epochs {
                epoch.seconds = 0.0;
            }
            result.threads = 0;
            let weights = self.result(seed).with_file_name("model.safetensors");
            (result, fs::read(weights).unwrap())
        };
        SEEDS.map(run).into()
    }
}

/// Writes a data set of a few made-up images: class c is a bright row at height 2c.
fn write_data(directory: &Path) {
    for (prefix, count) in [("train", 1_000_u32), ("t10k", 50)] {
        let mut images = [0x0803_u32, count, 28, 28].map(u32::to_be_bytes).concat();
        let mut labels = [0x0801_u32, count].map(u32::to_be_bytes).concat();
        for index in 0..count {
            let class = index % 10;
            let bright = |row: u32| if row / 2 == class { 255 } else { 0 };
            images.extend((0..784).map(|pixel| bright(pixel / 28)));
            labels.push(class as u8);
        }
        fs::write(
            directory.join(format!("{prefix}-images-idx3-ubyte")),
            images,
        )
        .unwrap();
        fs::write(
            directory.join(format!("{prefix}-labels-idx1-ubyte")),
            labels,
        )
        .unwrap();
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn killed_and_begun_again_it_ends_in_the_same_files() {
    let undisturbed = Place::new();
    let output = undisturbed.run(&["small.json", "--seeds", "1-4", "--jobs", "2"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).ends_with("4 of 4 runs made\n"),
        "{}",
        text(&output.stdout)
    );

    let disturbed = Place::new();
    for killed_after in [1, 2] {
        let mut process = disturbed
            .command(&["small.json", "--seeds", "1-4", "--jobs", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        while !disturbed.result(killed_after).exists() {
            assert!(Instant::now() < deadline, "no run was finished");
            thread::sleep(Duration::from_millis(5));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(!disturbed.result(4).exists());
    }
    let output = disturbed.run(&["small.json", "--seeds", "1-4"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(
        !text(&output.stdout).starts_with("4 runs to make"),
        "{}",
        text(&output.stdout)
    );
    assert!(undisturbed.runs() == disturbed.runs());

    let output = disturbed.run(&["small.json", "--seeds", "1-4"]);
    assert!(
        text(&output.stdout).starts_with("0 runs to make, 4 there already"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn a_run_that_fails_does_not_keep_others_from_being_made() {
    let place = Place::new();
    let experiment = fs::read_to_string(place.path("small.json")).unwrap();
    let mut broken: Experiment = serde_json::from_str(&experiment).unwrap();
    broken.name = "broken".into();
    broken.recipe.learning_rate = 0.0;
    let broken = serde_json::to_string(&broken).unwrap();
    let broken = broken.replace(
        "\"name\":\"constant\"",
        "\"name\":\"step\",\"epochs\":0,\"factor\":1.0",
    );
    fs::write(place.path("broken.json"), broken).unwrap();
    let output = place.run(&["broken.json", "small.json", "--seeds", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).ends_with("1 of 2 runs made\n"),
        "{}",
        text(&output.stdout)
    );
    let errors = text(&output.stderr);
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("error: broken, seed 1: "), "{errors}");
    assert!(place.result(1).exists());
}

#[test]
fn only_what_is_in_the_code_is_recorded_on_test_images() {
    let place = Place::new();
    let output = Command::new(env!("CARGO_BIN_EXE_ladder"))
        .args(["train", "small.json", "--record"])
        .current_dir(place.0.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.starts_with("error: small is not part of"), "{error}");
    assert!(!place.path("runs").exists());
}

#[test]
fn a_dry_run_prints_commands_and_makes_nothing() {
    let place = Place::new();
    let output = place.run(&[
        "3",
        "small.json",
        "--seeds",
        "7,9",
        "--holdout",
        "--jobs",
        "64",
        "--dry-run",
    ]);
    assert_eq!(
        text(&output.stdout),
        "cargo ladder train step-03-dropout --seed 7 --holdout --threads 1\n\
         cargo ladder train small.json --seed 7 --holdout --threads 1\n\
         cargo ladder train step-03-dropout --seed 9 --holdout --threads 1\n\
         cargo ladder train small.json --seed 9 --holdout --threads 1\n"
    );
    assert!(!place.path("runs").exists());
}
