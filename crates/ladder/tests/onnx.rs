//! `ladder export onnx` against onnxruntime. Needs a Python that has it (see `onnx-export/tests/requirements.txt`), so it runs only
//! when asked for: `cargo test -p ladder --test onnx -- --ignored`. The environment's PYTHON names the Python.

mod program;
#[path = "../../onnx-export/tests/python/mod.rs"]
mod python;
mod recorded;

use std::fs;

use burn::tensor::Device;
use evidence::Record;
use experiment::Experiment;
use inference::Model;
use mnist::{CLASSES, Digits, PIXELS};

use program::success;
use python::Checked;
use recorded::{data, network, record};

/// The last step and the frontier.
fn experiments() -> Vec<Experiment> {
    let mut experiments = frontier::experiments();
    experiments.push(ladder::steps::last());
    experiments
}

fn probabilities(experiment: &Experiment, images: &[[u8; PIXELS]]) -> Vec<[f32; CLASSES]> {
    let model = Model::new(experiment.clone(), &network(experiment), Device::flex());
    model.probabilities(images).unwrap()
}

/// The digits that a recorded run saw after its last epoch.
fn recorded_digits(record: &Record, test: &Digits) -> Vec<u8> {
    let mut digits = test.labels().to_vec();
    for wrong in &record.misclassified {
        let probabilities = wrong.probabilities.expect("a record with its weights");
        digits[wrong.image] = most_probable(&probabilities);
    }
    digits
}

fn most_probable(probabilities: &[f32; CLASSES]) -> u8 {
    let digits = (0..).zip(probabilities);
    let highest = digits.max_by(|one, other| one.1.total_cmp(other.1));
    highest.unwrap().0
}

#[test]
#[ignore = "needs Python with onnx and onnxruntime"]
fn onnxruntime_sees_the_recorded_digits_with_the_same_probabilities() {
    let test = data().test;
    let folder = tempfile::tempdir().unwrap();
    let checked = Checked {
        folder: folder.path(),
        images: test.images(),
    };
    for experiment in experiments() {
        let name = experiment.name.as_str();
        let path = folder.path().join(format!("{name}.onnx"));
        success(&["export", "onnx", name, "--out", path.to_str().unwrap()]);
        let probabilities = probabilities(&experiment, test.images());
        checked.expect(
            name,
            &probabilities,
            &recorded_digits(&record(&experiment), &test),
        );
    }
    checked.check();
}

#[test]
fn a_file_is_the_same_each_time_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let last = ladder::steps::last();
    let [one, two] = ["one.onnx", "two.onnx"].map(|name| {
        let path = folder.path().join(name);
        success(&["export", "onnx", "--out", path.to_str().unwrap()]);
        fs::read(path).unwrap()
    });
    assert!(one == two, "the same bytes each time");
    let record = record(&last);
    let accuracy = 1.0 - record.misclassified.len() as f64 / 10_000.0;
    let commit = record.origin.commits.last().unwrap().hash.clone();
    for (name, value) in [
        ("step", last.name.to_string()),
        ("parameters", record.parameters.to_string()),
        ("accuracy", format!("{accuracy:.4}")),
        ("commit", commit),
        ("licence", "MIT OR Apache-2.0".into()),
    ] {
        // A message of two texts, each after its tag and its length.
        let expected = [
            &[1 << 3 | 2, name.len() as u8],
            name.as_bytes(),
            &[2 << 3 | 2, value.len() as u8],
            value.as_bytes(),
        ];
        let expected = expected.concat();
        let found = one.windows(expected.len()).any(|place| place == expected);
        assert!(found, "{name}: {value}");
    }
}
