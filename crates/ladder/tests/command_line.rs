//! The program as it is run: what it prints, and its exit code.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use burn::tensor::Device;
use model_core::weights;

fn ladder(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ladder"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    ladder(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Standard error of a command that fails with exit code 1, which is one line.
fn failure(arguments: &[&str]) -> String {
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
fn success(arguments: &[&str]) -> String {
    let output = output(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    text(&output.stdout).to_owned()
}

/// Untrained weights of the last step, which fit its network as well as trained ones.
fn save_weights(path: &Path) {
    let network = step_08_distillation::experiment()
        .architecture
        .init(0.0, &Device::flex())
        .unwrap();
    weights::save(&network, path).unwrap();
}

#[test]
fn a_step_has_a_table_of_its_layers() {
    let by_name = success(&["architecture", "step-04-fc"]);
    assert!(
        by_name.starts_with("step-04-fc: ") && by_name.contains("Fully connected"),
        "{by_name}"
    );
    assert_eq!(success(&["architecture", "4"]), by_name);
    assert!(success(&["architecture", "4", "--markdown"]).starts_with("| Operation"));
    assert!(success(&["architecture", "4", "--json"]).starts_with("{\n"));
}

#[test]
fn an_unknown_step_is_a_usage_error() {
    let output = output(&["architecture", "9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("step-08-distillation"),
        "{output:?}"
    );
}

#[test]
fn a_folder_without_runs_says_so_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    assert_eq!(
        success(&["table", "--runs", path]),
        format!("There are no results in {path}.\n")
    );
    let missing = format!("{path}/runs");
    assert!(failure(&["table", "--runs", &missing]).contains(&missing));
}

#[test]
fn test_images_and_files_are_predicted_together() {
    let directory = tempfile::tempdir().unwrap();
    let weights = directory.path().join("untrained.safetensors");
    save_weights(&weights);
    let picture = directory.path().join("bar.png");
    let ink = |x: u32, y: u32| {
        if (40..60).contains(&x) && (20..80).contains(&y) {
            0
        } else {
            255
        }
    };
    image::GrayImage::from_fn(100, 100, |x, y| image::Luma([ink(x, y)]))
        .save(&picture)
        .unwrap();
    let (weights, picture) = (weights.to_str().unwrap(), picture.to_str().unwrap());

    let printed = success(&["predict", "0", "9999", picture, "--weights", weights]);
    assert!(
        printed.contains("bar.png: inverted, 100×100 cropped to 20×60, scaled to 7×20"),
        "{printed}"
    );
    for (row, label) in [
        ("│ test image 0 ", "7"),
        ("│ test image 9999 ", "6"),
        ("bar.png ", ""),
    ] {
        let row = printed
            .lines()
            .find(|line| line.contains(row) && line.contains('┆'))
            .expect(row);
        let cells: Vec<&str> = row.split(['│', '┆']).map(str::trim).collect();
        assert_eq!(cells[3], label, "{row}");
        let probabilities: Vec<f64> = cells[4..14]
            .iter()
            .map(|cell| cell.parse().unwrap())
            .collect();
        assert!(
            (probabilities.iter().sum::<f64>() - 100.0).abs() < 0.6,
            "{row}"
        );
        let predicted: usize = cells[2].parse().unwrap();
        assert!(
            probabilities
                .iter()
                .all(|other| *other <= probabilities[predicted]),
            "{row}"
        );
    }
}

#[test]
fn what_cannot_be_predicted_is_named_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let weights = directory.path().join("of-step-6.safetensors");
    save_weights(&weights);
    let weights = weights.to_str().unwrap();
    assert!(failure(&["predict", "10000", "--weights", weights]).contains("indices are 0 to 9999"));
    assert!(failure(&["predict", "missing.png", "--weights", weights]).contains("missing.png"));
    assert!(
        failure(&["predict", "0", "--weights", "missing.safetensors"])
            .contains("missing.safetensors")
    );
    assert!(
        failure(&["predict", "0", "--step", "1", "--weights", weights])
            .contains("of-step-6.safetensors")
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = ladder(&["architecture", "6", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Closed long before the program has anything to write.
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}
