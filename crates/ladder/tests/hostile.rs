//! Files as somebody else may have made them: one line each, nothing written, no panic.

mod program;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use architecture::{Architecture, Layer};
use experiment::Experiment;
use model_core::{Network, weights};
use serde_json::{Value, json};

use program::{failure, ladder, text};

/// Step 1 in JSON.
fn experiment() -> Value {
    serde_json::to_value(step_01_skeleton::experiment()).unwrap()
}

/// Standard error of a command that fails, which is one line that a terminal can take.
fn refusal(output: &Output) -> String {
    let message = text(&output.stderr).to_owned();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(!message.contains("panicked"), "{message}");
    assert!(
        !message.replace('\n', "").contains(char::is_control),
        "{message:?}"
    );
    message
}

#[test]
fn experiments_that_cannot_be_trained_are_one_line_and_write_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("e.json");
    let path = file.to_str().unwrap();
    let changed = |pointer: &str, value: Value| {
        let mut experiment = experiment();
        *experiment.pointer_mut(pointer).expect(pointer) = value;
        experiment.to_string()
    };
    let with_head = |outputs: usize| {
        let mut experiment: Experiment = step_01_skeleton::experiment();
        experiment.architecture =
            Architecture::new(1, 28)
                .convolution_block(4, 3)
                .layer(Layer::FullyConnected {
                    in_features: 4 * 26 * 26,
                    out_features: outputs,
                });
        serde_json::to_string(&experiment).unwrap()
    };
    let cases = [
        (
            r#"{"learning_rate": -1}"#.to_owned(),
            "unknown field `learning_rate`",
        ),
        (
            changed("/recipe/learning_rate", json!(-1)),
            "learning_rate is -1",
        ),
        (
            experiment()
                .to_string()
                .replace("\"learning_rate\":0.01", "\"learning_rate\":NaN"),
            "expected value",
        ),
        (changed("/name", json!("../../x")), "the name \"../../x\""),
        (changed("/name", json!("e\u{1b}[31m")), "the name"),
        (changed("/title", json!("e\u{1b}[31m")), "title"),
        (with_head(90), "90 outputs"),
        (
            changed("/architecture/layers/0/kernel", json!([3, 5])),
            "layer 1 (Conv 3×5 + bias + ReLU): a rectangular kernel, stride or padding can be described, but not trained",
        ),
        (
            changed(
                "/architecture/layers/2",
                json!({"operation": "sum", "branches": [[{"operation": "max_pool", "kernel": 2, "stride": 2}], [{"operation": "average_pool", "kernel": 2, "stride": 2}]], "relu": false}),
            ),
            "layer 3 (Sum of 2 branches): a sum can be described, but not trained",
        ),
        (
            changed("/architecture/layers/0/padding", json!(1_u64 << 63)),
            "layer 1",
        ),
        (
            changed("/architecture/layers/0/padding", json!(1_u64 << 62)),
            "layer 1",
        ),
        (
            changed("/architecture/layers/0/out_channels", json!(1_000_000_000)),
            "layer 1",
        ),
        (changed("/architecture/input_channels", json!(3)), "layer 1"),
        (changed("/recipe/epochs", json!(1_u64 << 63)), "epochs"),
        ("[".repeat(100_000), "not an experiment that can be used"),
    ];
    for (content, expected) in cases {
        fs::write(&file, &content).unwrap();
        for command in [
            vec!["train", path],
            vec!["run", path, "--dry-run"],
            vec!["predict", "test:0", "--step", path],
        ] {
            let output = ladder(&command).output().unwrap();
            let message = refusal(&output);
            assert!(message.contains(expected), "{command:?}: {message}");
            assert!(output.stdout.is_empty(), "{output:?}");
        }
    }
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert!(!Path::new("runs").exists());
}

#[test]
fn networks_alone_that_cannot_be_described_are_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("n.json");
    let path = file.to_str().unwrap();
    let network = |layers: &str| {
        format!(r#"{{"input_channels": 1, "input_size": 28, "layers": [{layers}]}}"#)
    };
    let pool = r#"{"operation": "max_pool", "kernel": 1, "stride": 1}"#;
    let nested = |depth: usize, times: &str| {
        let repeat = format!(r#"{{"operation": "repeat", "times": {times}, "layers": ["#);
        network(&format!(
            "{}{pool}{}",
            repeat.repeat(depth),
            "]}".repeat(depth)
        ))
    };
    let repeated = |times: &str| nested(1, times);
    let cases = [
        (network(""), "the architecture has no layers"),
        (
            network(r#"{"operation": "sum\u001b[31m"}"#),
            "unknown variant",
        ),
        (
            network(r#"{"operation": "sum", "branches": [[], []], "relu": false, "x": 1}"#),
            "x",
        ),
        (
            network(r#"{"operation": "max_pool", "kernel": [1], "stride": 1}"#),
            "[height, width]",
        ),
        (
            network(r#"{"operation": "sum", "branches": [], "relu": false}"#),
            "0 branches",
        ),
        (
            repeated("0"),
            "layer 1 (Repeat 0 times): its number of times is 0",
        ),
        (repeated("18446744073709551615"), "at most 1000"),
        (repeated("18446744073709551616"), "is not a network"),
        (nested(8, "10"), "at most 1000"),
        (nested(9, "1"), "more than 8 deep"),
        (nested(10_000, "1"), "recursion limit exceeded"),
        (r#"{"layers": 1}"#.to_owned(), "is not a network"),
    ];
    for (content, expected) in cases {
        fs::write(&file, &content).unwrap();
        let output = ladder(&["architecture", path]).output().unwrap();
        let message = refusal(&output);
        assert!(message.contains(expected), "{content:.200}: {message}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[test]
fn weights_of_networks_for_other_images_or_classes_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let network = |channels, size, classes| {
        Architecture::new(channels, size)
            .convolution_block(4, 3)
            .convolution_head(classes)
    };
    for (architecture, expected) in [
        (network(3, 28, 10), "3 channels"),
        (network(1, 32, 10), "32×32"),
        (network(1, 28, 20), "20 outputs"),
        (network(1, 28, 100), "100 outputs"),
    ] {
        let mut experiment = step_01_skeleton::experiment();
        let weights = directory.path().join("weights.safetensors");
        let device = burn::tensor::Device::flex();
        weights::save(
            &Network::new(&architecture, 0.0, &device).unwrap(),
            &weights,
        )
        .unwrap();
        experiment.architecture = architecture;
        let file = directory.path().join("e.json");
        fs::write(&file, serde_json::to_string(&experiment).unwrap()).unwrap();
        let (file, weights) = (file.to_str().unwrap(), weights.to_str().unwrap());
        for arguments in [
            vec!["predict", "test:0", "--step", file, "--weights", weights],
            vec!["quantize", "--step", file, "--weights", weights],
            vec!["train", file],
        ] {
            let message = refusal(&ladder(&arguments).output().unwrap());
            assert!(message.contains(expected), "{arguments:?}: {message}");
        }
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let fifo = |name: &str| {
        let path = directory.path().join(name);
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        path.to_str().unwrap().to_owned()
    };
    let (json, picture, weights) = (fifo("e.json"), fifo("p.png"), fifo("w.safetensors"));
    std::os::unix::fs::symlink("/dev/zero", directory.path().join("zero.json")).unwrap();
    let zero = directory.path().join("zero.json");
    let zero = zero.to_str().unwrap();
    let refused = [
        vec!["train", &json],
        vec!["train", zero],
        vec!["run", zero, "--dry-run"],
        vec!["predict", "test:0", "--step", zero],
        vec!["predict", &picture],
        vec!["predict", "/dev/zero"],
        vec!["predict", "test:0", "--weights", &weights],
        vec!["predict", "test:0", "--weights", "/dev/zero"],
        vec!["quantize", "--weights", "/dev/zero"],
    ];
    for arguments in refused {
        let message = refusal(&ladder(&arguments).output().unwrap());
        assert!(
            message.contains("not a regular file"),
            "{arguments:?}: {message}"
        );
    }
    assert!(failure(&["predict", &picture]).contains("p.png"));
}
