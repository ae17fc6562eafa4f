//! `ladder run` and `ladder train`, as a user meets them: runs side by side, killed, begun again, shared.

mod program;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use evidence::{Places, Record};
use experiment::{Experiment, Name, Optimizer};
use files::Workspace;
use made_up::{PATIENCE, left, wait_until, write_data};

use program::{ladder, text};

const SEEDS: [u64; 4] = [1, 2, 3, 4];

/// A workspace with a small data set and an experiment, in which runs are made.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        write_data(&place.path("data/mnist"), 1_000, 50);
        place.write("small.json", |_| ());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes an experiment of three epochs, changed.
    fn write(&self, file: &str, change: impl FnOnce(&mut Experiment)) {
        let mut experiment = step_02_batchnorm::experiment();
        experiment.name = Name::from_static("small");
        experiment.recipe.epochs = 3;
        change(&mut experiment);
        let text = serde_json::to_string(&experiment).unwrap();
        fs::write(self.path(file), text).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ladder(arguments);
        command
            .env("MNIST_DATA_DIR", self.path("data/mnist"))
            .current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(&[&["run"], arguments].concat()).output();
        output.expect("the program runs")
    }

    /// What a sweep over four seeds is called.
    fn sweep(&self, jobs: &str) -> Command {
        self.command(&["run", "small.json", "--seeds", "1-4", "--jobs", jobs])
    }

    fn places(&self) -> Places {
        Places::of(Workspace::at(self.0.path()).unwrap())
    }

    /// All finished runs, without what differs from one time to the next, and their weights.
    fn runs(&self) -> Vec<(Record, Vec<u8>)> {
        let (records, problems) = self.places().finished_runs();
        assert_eq!(problems, Vec::<String>::new());
        let folder = |record: &Record| self.places().run_folder(&record.run).unwrap();
        records.iter().map(|record| left(&folder(record))).collect()
    }

    /// Processes of this workspace that still train.
    fn live(&self) -> usize {
        evidence::live_runs(&self.places()).len()
    }
}

fn succeeded(output: &Output) -> &str {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn killed_at_thirty_moments_and_begun_again_it_ends_in_the_same_files() {
    let undisturbed = Place::new();
    let begun = Instant::now();
    let output = undisturbed.sweep("2").output().unwrap();
    let duration = begun.elapsed();
    assert!(
        succeeded(&output).ends_with("4 of 4 runs made\n"),
        "{output:?}"
    );

    let disturbed = Place::new();
    for kill in 0..30 {
        let mut process = disturbed
            .sweep("2")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // From shortly after its beginning to about when a first run ends.
        thread::sleep(duration.mul_f64(0.1 + f64::from(kill % 10) / 40.0));
        process.kill().unwrap();
        process.wait().unwrap();
    }
    let output = disturbed.sweep("2").output().unwrap();
    succeeded(&output);
    assert!(undisturbed.runs() == disturbed.runs());
    assert_eq!(undisturbed.runs().len(), SEEDS.len());

    let output = disturbed.sweep("2").output().unwrap();
    assert!(
        succeeded(&output).starts_with("0 runs to make, 4 there already"),
        "{output:?}"
    );
}

#[test]
fn whatever_ends_it_takes_its_runs_with_it() {
    for (signal, code) in [
        ("-KILL", None),
        ("-TERM", Some(143)),
        ("-INT", Some(130)),
        ("-HUP", Some(129)),
    ] {
        let place = Place::new();
        place.write("small.json", |experiment| experiment.recipe.epochs = 1_000);
        let mut process = place
            .sweep("2")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        assert!(wait_until(&mut process, || place.live() == 2));
        let sent = Command::new("kill")
            .args([signal, &process.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
        let output = process.wait_with_output().unwrap();
        assert_eq!(output.status.code(), code, "{output:?}");
        if code.is_some() {
            assert!(
                text(&output.stderr).ends_with("the same command goes on\n"),
                "{output:?}"
            );
        }
        let deadline = Instant::now() + PATIENCE;
        while place.live() > 0 {
            assert!(Instant::now() < deadline, "{signal}: its runs go on");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn two_at_once_share_the_work() {
    let place = Place::new();
    let spawn = || {
        let mut command = place.sweep("2");
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [spawn(), spawn()].map(|process| process.wait_with_output().unwrap());
    // Each run was made once: those made and those found or made by the other are all.
    let made = both.iter().map(|output| {
        let printed = succeeded(output);
        printed
            .lines()
            .filter(|line| line.starts_with("small, seed "))
            .count()
    });
    assert_eq!(made.sum::<usize>(), SEEDS.len(), "{both:?}");
    assert_eq!(place.runs().len(), SEEDS.len());
}

#[test]
fn two_experiments_of_one_name_are_two_runs() {
    let place = Place::new();
    place.write("other.json", |experiment| experiment.recipe.epochs = 2);
    let output = place.run(&["small.json", "other.json", "--seeds", "1"]);
    assert!(
        succeeded(&output).ends_with("2 of 2 runs made\n"),
        "{output:?}"
    );
    assert_eq!(place.runs().len(), 2);
    let arguments = [
        "small.json",
        "other.json",
        "--seeds",
        "1",
        "--holdout",
        "--record",
        "--dry-run",
    ];
    write_data(&place.path("data/mnist"), 10_100, 50);
    let output = place.run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("two experiments are called small"),
        "{output:?}"
    );
}

#[test]
fn a_trial_is_another_run_than_the_full_one() {
    let place = Place::new();
    let train = |more: &[&str]| {
        let output = place
            .command(&[&["train", "small.json"], more].concat())
            .output()
            .unwrap();
        succeeded(&output);
    };
    // Fewer images, fewer epochs, other data: as much of a finished run as the full one is not.
    train(&["--train-limit", "640", "--epochs", "1"]);
    write_data(&place.path("other"), 1_100, 50);
    train(&["--data-dir", place.path("other").to_str().unwrap()]);
    train(&["--instructions", "portable"]);
    let dry_run = |seeds: &str| {
        let output = place.run(&["small.json", "--seeds", seeds, "--dry-run"]);
        succeeded(&output).to_owned()
    };
    assert_eq!(dry_run("1").lines().count(), 1);
    train(&[]);
    assert_eq!(dry_run("1"), "");
    // Weights that are gone or of another run make it one that is still to be made.
    let (records, _) = place.places().finished_runs();
    assert_eq!(records.len(), 4);
    let full = records.iter().find(|record| {
        record.epochs.len() == 3
            && record.run.train_images == 1_000
            && record.run.instructions.as_deref() != Some("portable")
    });
    let folder = place.places().run_folder(&full.unwrap().run).unwrap();
    fs::remove_file(folder.join("model.safetensors")).unwrap();
    assert_eq!(dry_run("1").lines().count(), 1);
}

#[test]
fn a_run_that_fails_does_not_keep_others_from_being_made() {
    let place = Place::new();
    place.write("broken.json", |experiment| {
        experiment.name = Name::from_static("broken");
        experiment.recipe.optimizer = Optimizer::Sgd {
            momentum: 0.0,
            nesterov: false,
            weight_decay: 1e30,
        };
    });
    let output = place.run(&["broken.json", "small.json", "--seeds", "1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stdout).ends_with("1 of 2 runs made\n"),
        "{output:?}"
    );
    let errors = text(&output.stderr);
    assert_eq!(errors.lines().count(), 1, "{errors}");
    // A loss that is not finite is told with epoch, step and rate.
    assert!(
        errors.starts_with("error: broken, seed 1: training stopped after "),
        "{errors}"
    );
    assert!(
        errors.contains("in epoch 1, step ") && errors.contains("rate of 0.01"),
        "{errors}"
    );
    assert_eq!(place.runs().len(), 1);
}

#[test]
fn only_what_is_in_the_code_is_recorded_on_test_images() {
    let place = Place::new();
    // Not even under a step's name.
    place.write("step.json", |experiment| {
        experiment.name = Name::from_static("step-02-batchnorm");
    });
    for file in ["small.json", "step.json"] {
        let output = place
            .command(&["train", file, "--record"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let error = text(&output.stderr);
        assert!(error.contains("not part of the code as it is"), "{error}");
    }
    assert!(place.runs().is_empty());
}

#[test]
fn a_dry_run_prints_commands_that_do_not_depend_on_the_environment() {
    let place = Place::new();
    write_data(&place.path("data/mnist"), 10_100, 50);
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
    let data = place.path("data/mnist");
    let options = format!("--threads 1 --data-dir {} --holdout", data.display());
    let expected: String = [
        ("step-03-dropout", 7),
        ("small.json", 7),
        ("step-03-dropout", 9),
        ("small.json", 9),
    ]
    .map(|(word, seed)| format!("cargo ladder train {word} --seed {seed} {options}\n"))
    .concat();
    assert_eq!(succeeded(&output), expected);
    assert!(place.runs().is_empty());
}

#[test]
fn one_run_that_cannot_be_read_does_not_hide_the_others() {
    let place = Place::new();
    let output = place.run(&["small.json", "--seeds", "1-2"]);
    succeeded(&output);
    let damaged = place.places().run_folder(&place.runs()[0].0.run).unwrap();
    fs::write(damaged.join("result.json"), "not a record").unwrap();
    let output = place.command(&["table", "--runs"]).output().unwrap();
    assert!(
        succeeded(&output).contains("small (3 epochs, 1000 images of other"),
        "{output:?}"
    );
    let complaint = text(&output.stderr);
    assert!(
        complaint.contains("result.json") && complaint.lines().count() == 1,
        "{complaint}"
    );
}

#[test]
fn a_folder_holds_one_run_at_a_time() {
    let place = Place::new();
    place.write("small.json", |experiment| experiment.recipe.epochs = 1_000);
    let out = place.path("out");
    let train = |seed: &str| {
        let mut command = place.command(&["train", "small.json", "--seed", seed, "--out"]);
        command
            .arg(&out)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let mut first = train("1").spawn().unwrap();
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("epoch ")));
    let second = train("2").output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("is in use by a live run"),
        "{second:?}"
    );
    first.kill().unwrap();
    first.wait().unwrap();
    // The folder is the first one's still.
    let second = train("2").output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text(&second.stderr).contains("holds another run (small, seed 1, "),
        "{second:?}"
    );
    assert!(Path::new(&out).join("manifest.json").exists());
}

#[test]
fn without_slurm_the_script_is_printed_and_nothing_submitted() {
    let place = Place::new();
    let script = place.run(&[
        "small.json",
        "--seeds",
        "1-2",
        "--slurm",
        "--dry-run",
        "--parallel",
        "7",
    ]);
    let script = succeeded(&script);
    assert!(script.starts_with("#!/bin/sh\n#SBATCH "), "{script}");
    assert!(script.contains("\n#SBATCH --array=0-1%7\n"), "{script}");
    for (task, seed) in [(0, 1), (1, 2)] {
        let line = format!(" {task}) exec ");
        let line = script.lines().find(|it| it.contains(&line)).unwrap();
        let run = format!(" train small.json --seed {seed} --threads 1 --requeues 20 ");
        assert!(line.contains(&run), "{line}");
    }

    let mut command = place.command(&["run", "small.json", "--slurm"]);
    let output = command.env("PATH", place.path("data")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(
        text(&output.stderr),
        "error: cannot start sbatch, which is one of Slurm's programs: No such file or directory (os error 2)\n"
    );
    let output = place.run(&["small.json", "--time", "30"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn status_says_how_far_each_run_is() {
    let place = Place::new();
    let status = || {
        let output = place.run(&["small.json", "--seeds", "1-3", "--status"]);
        succeeded(&output).to_owned()
    };
    assert!(
        status().ends_with("small, seed 3: not begun\n0 of 3 runs done, 3 not being made\n"),
        "{}",
        status()
    );
    succeeded(&place.run(&["small.json", "--seeds", "1"]));
    place.write("small.json", |experiment| experiment.recipe.epochs = 1_000);
    let mut process = place
        .command(&["train", "small.json", "--seed", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let process_id = format!("process {}", process.id());
    assert!(wait_until(&mut process, || {
        let status = status();
        status.contains(&format!(
            "small, seed 2: running ({process_id}), after epoch "
        )) && status.ends_with("1 running, 2 not being made\n")
    }));
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(
        status().contains("small, seed 2: interrupted after epoch "),
        "{}",
        status()
    );
    place.write("small.json", |_| ());
    assert!(
        status().starts_with("small, seed 1: done\n"),
        "{}",
        status()
    );
}
