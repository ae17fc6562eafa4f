//! The program as it is run: what it prints, and its exit code.

mod program;

use std::process::Stdio;

use program::{failure, ladder, output, success, text};

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
fn a_network_alone_is_described_though_it_cannot_be_trained() {
    for (file, parameters, multiply_adds, field) in [
        ("resnet-50", 25_557_032, 3_857_973_248_u64, 483),
        ("resnet-50-v1.5", 25_557_032, 4_089_184_256, 427),
        ("mobilenet-v2", 3_504_872, 300_774_272, 491),
        ("context-module", 28_392, 115_605_504, 67),
    ] {
        let path = format!("{}/../../networks/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let table = success(&["architecture", &path]);
        assert!(table.starts_with(&path), "{table}");
        let totals = format!("multiply-adds per image: {multiply_adds}\n");
        assert!(table.contains(&totals), "{table}");
        assert!(success(&["architecture", &path, "--markdown"]).starts_with("| "));
        let json = success(&["architecture", &path, "--json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["totals"]["parameters"], parameters);
        // The last layer before those that see the whole image.
        let layers = json["layers"].as_array().unwrap();
        let body = layers.iter().rfind(|layer| layer["n_out"] != 1).unwrap();
        assert_eq!(body["receptive_field_out"], field);
        // Others want an experiment.
        failure(&["train", &path]);
    }
}

#[test]
fn an_unknown_step_is_a_usage_error() {
    let output = output(&["architecture", "9"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("step-06-lr-scheduler"),
        "{output:?}"
    );
}

#[test]
fn a_workspace_without_runs_says_so_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(directory.path().join("data/mnist")).unwrap();
    let path = directory.path().to_str().unwrap();
    let table = |more: &[&str]| success(&[&["table", "--workspace", path], more].concat());
    assert_eq!(table(&["--runs"]), "No run is finished yet.\n");
    assert_eq!(table(&[]), "No result is recorded yet.\n");
    let missing = format!("{path}/nowhere");
    assert!(failure(&["table", "--workspace", &missing]).contains(&missing));
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
