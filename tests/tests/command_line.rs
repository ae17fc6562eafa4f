//! The command line of a step, as a user meets it.

mod small;

use std::fs;
use std::process::Stdio;

use evidence::live_runs;
use made_up::left;

use small::{Small, error_line, step, text};

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
        let output = step(arguments).output().unwrap();
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
        let output = step(&[&["--record"], *arguments].concat())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(reason), "{arguments:?}: {message}");
    }
    // Nor for other data in MNIST's place.
    let small = Small::new(64);
    let output = small.step(&["--record"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error_line(&output).contains("not MNIST's"), "{output:?}");
    assert!(small.places().finished_runs().0.is_empty());
}

#[test]
fn bad_data_is_one_line_and_exits_with_1() {
    let small = Small::new(200);
    let nowhere = small.path("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    let output = step(&["--data-dir", nowhere]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error_line(&output).starts_with("error: "));

    fs::write(
        small.data().join("train-images-idx3-ubyte.gz"),
        "<!DOCTYPE html><html></html>",
    )
    .unwrap();
    let output = small.step(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = error_line(&output);
    assert!(
        message.contains("train-images-idx3-ubyte.gz") && message.contains("HTML"),
        "{message}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_fails_before_the_training() {
    let small = Small::new(200);
    let file = small.path("file");
    fs::write(&file, "here already").unwrap();
    let output = small
        .step(&["--out", file.to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error_line(&output).contains("cannot make the run's folder"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "here already");
}

#[test]
fn outside_of_a_workspace_the_error_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let output = step(&[]).current_dir(directory.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = error_line(&output);
    assert!(
        message.contains("--workspace") && message.contains("data/mnist"),
        "{message}"
    );
    let elsewhere = directory.path().to_str().unwrap();
    let output = step(&["--workspace", elsewhere]).output().unwrap();
    assert!(error_line(&output).contains(elsewhere), "{output:?}");
}

#[test]
fn an_instruction_set_can_be_forced_and_is_recorded() {
    let small = Small::new(64);
    let output = small
        .step(&["--epochs", "1", "--instructions", "portable"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = text(&output.stdout);
    assert!(printed.contains("flex on CPU (portable, "), "{printed}");
    let (records, _) = small.places().finished_runs();
    assert_eq!(records[0].run.instructions.as_deref(), Some("portable"));
    let output = small.step(&["--instructions", "sse"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// What a short run leaves.
fn short_run(small: &Small, seed: &str, threads: &str) -> (String, Vec<u8>) {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    let arguments = [
        "--epochs",
        "2",
        "--seed",
        seed,
        "--threads",
        threads,
        "--out",
        folder,
    ];
    let output = small.step(&arguments).output().unwrap();
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}{}", text(&output.stderr));
    assert!(
        printed.starts_with("step-06-lr-scheduler: backend flex on CPU"),
        "{printed}"
    );
    let epochs = printed.lines().filter(|line| line.starts_with("epoch "));
    assert_eq!(epochs.count(), 2, "{printed}");
    assert!(
        printed.contains("Verdict: ") && printed.contains("→ step-06-lr-scheduler"),
        "{printed}"
    );
    let (record, weights) = left(out.path());
    (record.to_json().unwrap(), weights)
}

#[test]
fn a_run_is_decided_by_its_seed_and_not_by_the_number_of_threads() {
    let small = Small::new(200);
    let one = short_run(&small, "1", "1");
    assert_eq!(one, short_run(&small, "1", "1"));
    assert_eq!(one, short_run(&small, "1", "2"));
    let other = short_run(&small, "2", "1");
    assert_ne!(one.1, other.1, "another seed gives other weights");
    assert_ne!(one.0, other.0, "another seed gives another record");
}

#[test]
fn a_training_is_seen_while_it_runs_and_not_when_it_was_killed() {
    let small = Small::new(200);
    let training = |epochs: &str| {
        let arguments = ["--epochs", epochs, "--seed", "5", "--threads", "1"];
        small
            .step(&arguments)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let mut endless = training("65535");
    let seen = loop {
        assert!(endless.try_wait().unwrap().is_none(), "it ended early");
        let runs = live_runs(&small.places());
        if let [run] = runs.as_slice()
            && run.epochs.len() >= 2
        {
            break run.clone();
        }
    };
    assert_eq!(seen.step, "step-06-lr-scheduler");
    assert_eq!(
        (seen.seed, seen.planned_epochs, seen.process),
        (5, 65_535, endless.id())
    );
    assert_eq!((seen.epochs[0].epoch, seen.epochs[0].test_total), (1, 50));
    // Whoever begins the same run meanwhile is refused, and does not disturb it.
    let second = small
        .step(&["--epochs", "65535", "--seed", "5"])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let expected = format!("is in use by a live run (process {})", endless.id());
    assert!(error_line(&second).contains(&expected), "{second:?}");

    endless.kill().unwrap();
    endless.wait().unwrap();
    assert_eq!(live_runs(&small.places()), []);
    // The run of one epoch is another run, in another folder.
    assert!(training("1").wait().unwrap().success());
    let (records, problems) = small.places().finished_runs();
    assert_eq!((records.len(), problems), (1, Vec::new()));
}

#[test]
fn a_finished_run_is_not_made_again_but_on_request() {
    let small = Small::new(64);
    let run = |more: &[&str]| {
        let output = small
            .step(&[&["--epochs", "1"], more].concat())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout)
    };
    assert!(run(&[]).contains("epoch  1/1"));
    let again = run(&[]);
    assert!(
        again.contains("this run is finished") && again.contains("Verdict: "),
        "{again}"
    );
    assert!(!again.contains("epoch  1/1"), "{again}");
    assert!(run(&["--fresh"]).contains("epoch  1/1"));
    assert_eq!(small.places().finished_runs().0.len(), 1);
}

#[test]
fn a_closed_pipe_and_a_full_disk_under_the_output_cost_no_run() {
    let small = Small::new(64);
    let mut run = small
        .step(&["--epochs", "2", "--seed", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(run.stdout.take());
    let output = run.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
    assert_eq!(small.places().finished_runs().0.len(), 1);

    if cfg!(target_os = "linux") {
        let full = || fs::File::options().write(true).open("/dev/full").unwrap();
        let output = small
            .step(&["--epochs", "2", "--seed", "2"])
            .stdout(full())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            error_line(&output).contains("cannot write to standard output"),
            "{output:?}"
        );
        // Under standard error too: nobody can be told, but the run is there.
        let mut command = small.step(&["--epochs", "2", "--seed", "3"]);
        let status = command.stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(1));
        assert_eq!(small.places().finished_runs().0.len(), 3);
    }
}
