//! The command line of a step, as a user meets it.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use experiment::{read_result, running_trainings};
use flate2::{Compression, write::GzEncoder};

fn step(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_step-under-test"))
        .args(arguments)
        .env_remove("MNIST_DATA_DIR")
        .output()
        .expect("the program runs")
}

fn error_line(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(
        text.trim_end().lines().count(),
        1,
        "expected one line on standard error: {text}"
    );
    text.trim_end().to_string()
}

#[test]
fn wrong_usage_exits_with_2() {
    let cases: &[&[&str]] = &[
        &["--epochs", "0"],
        &["--batch-size", "0"],
        &["--train-limit", "0"],
        &["--threads", "0"],
        &["--seed", "-1"],
        &["--backend", "nonsense"],
        &["--no-such-option"],
        &["--epochs", "many"],
        &["surplus"],
    ];
    for arguments in cases {
        let output = step(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn record_is_refused_for_anything_but_the_steps_own_run() {
    let cases: &[(&[&str], &str)] = &[
        (&["--epochs", "1"], "--epochs"),
        (&["--batch-size", "32"], "--batch-size"),
        (&["--train-limit", "100"], "--train-limit"),
        (&["--data-dir", "/nowhere"], "--data-dir"),
    ];
    for (arguments, reason) in cases {
        let output = step(&[&["--record"], *arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(reason), "{arguments:?}: {message}");
    }
}

#[test]
fn bad_data_is_one_line_and_exits_with_1() {
    let directory = tempfile::tempdir().unwrap();
    let output = step(&[
        "--data-dir",
        directory.path().join("nowhere").to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_line(&output).starts_with("error: "));

    write_data(directory.path());
    fs::write(
        directory.path().join("train-images-idx3-ubyte.gz"),
        "<!DOCTYPE html><html></html>",
    )
    .unwrap();
    let output = step(&["--data-dir", directory.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let message = error_line(&output);
    assert!(
        message.contains("train-images-idx3-ubyte.gz") && message.contains("HTML"),
        "{message}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_fails_before_the_training() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "here already").unwrap();
    let output = step(&[
        "--epochs",
        "1",
        "--train-limit",
        "64",
        "--out",
        file.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_line(&output).contains("cannot write to the run's folder"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "here already");
}

/// Writes a data set of a few made-up images: class c is a bright row at height 2c.
fn write_data(directory: &Path) {
    for (prefix, count) in [("train", 200_u32), ("t10k", 50)] {
        let mut images = [0x0803_u32, count, 28, 28].map(u32::to_be_bytes).concat();
        let mut labels = [0x0801_u32, count].map(u32::to_be_bytes).concat();
        for index in 0..count {
            let class = index % 10;
            let bright = |row: u32| if row / 2 == class { 255 } else { 0 };
            images.extend((0..784).map(|pixel| bright(pixel / 28)));
            labels.push(class as u8);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&images).unwrap();
        fs::write(
            directory.join(format!("{prefix}-images-idx3-ubyte.gz")),
            encoder.finish().unwrap(),
        )
        .unwrap();
        fs::write(
            directory.join(format!("{prefix}-labels-idx1-ubyte")),
            labels,
        )
        .unwrap();
    }
}

/// The result of a short run, without what differs from one run to the next.
fn result_without_times(data: &Path, seed: &str, threads: &str) -> (String, Vec<u8>) {
    let out = tempfile::tempdir().unwrap();
    let output = step(&[
        "--data-dir",
        data.to_str().unwrap(),
        "--epochs",
        "2",
        "--seed",
        seed,
        "--threads",
        threads,
        "--out",
        out.path().to_str().unwrap(),
    ]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        printed.starts_with("step-06-lr-scheduler: backend flex on CPU"),
        "{printed}"
    );
    assert_eq!(
        printed
            .lines()
            .filter(|line| line.starts_with("epoch "))
            .count(),
        2,
        "{printed}"
    );
    assert!(
        printed.contains("Verdict: ") && printed.contains("→ step-06-lr-scheduler"),
        "{printed}"
    );

    let mut result = read_result(&out.path().join("result.json")).unwrap();
    result
        .epochs
        .iter_mut()
        .for_each(|epoch| epoch.seconds = 0.0);
    result.threads = 0;
    let weights = fs::read(out.path().join("model.safetensors")).unwrap();
    (serde_json::to_string(&result).unwrap(), weights)
}

#[test]
fn a_run_is_decided_by_its_seed_and_not_by_the_number_of_threads() {
    let data = tempfile::tempdir().unwrap();
    write_data(data.path());
    let one = result_without_times(data.path(), "1", "1");
    assert_eq!(one, result_without_times(data.path(), "1", "1"));
    assert_eq!(one, result_without_times(data.path(), "1", "2"));
    let other = result_without_times(data.path(), "2", "1");
    assert_ne!(one.1, other.1, "another seed gives other weights");
    assert_ne!(one.0, other.0, "another seed gives another result");
}

#[test]
fn a_training_is_seen_while_it_runs_and_not_when_it_was_killed() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_data(data.path());
    let training = |epochs: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_step-under-test"));
        let (data, out) = (data.path().to_str().unwrap(), out.path().to_str().unwrap());
        command
            .args(["--data-dir", data, "--out", out, "--epochs", epochs])
            .args(["--seed", "5", "--threads", "1"])
            .stdout(Stdio::null());
        command.spawn().unwrap()
    };
    let mut endless = training("65535");
    let seen = loop {
        assert!(endless.try_wait().unwrap().is_none(), "it ended early");
        let trainings = running_trainings(out.path());
        if let [training] = trainings.as_slice()
            && training.epochs.len() >= 2
        {
            break training.clone();
        }
    };
    assert_eq!(seen.step, "step-06-lr-scheduler");
    assert_eq!(
        (seen.seed, seen.planned_epochs, seen.process),
        (5, 65_535, endless.id())
    );
    assert_eq!((seen.epochs[0].epoch, seen.epochs[0].test_total), (1, 50));

    endless.kill().unwrap();
    endless.wait().unwrap();
    assert!(out.path().join("progress.json").exists());
    assert_eq!(running_trainings(out.path()), []);

    assert!(training("1").wait().unwrap().success());
    let left = fs::read_dir(out.path()).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["model.safetensors", "result.json"]);
}
