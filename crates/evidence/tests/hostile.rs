//! Records that somebody else may have written.

use std::fs;
use std::path::{Path, PathBuf};

use evidence::Record;
use serde_json::{Value, json};

fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../results")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_committed_record_is_sound() {
    let mut records = 0;
    for path in files(&results()) {
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let record = Record::from_json(&fs::read_to_string(&path).unwrap());
            let record = record.unwrap_or_else(|error| panic!("{}: {error:#}", path.display()));
            assert!(!record.epochs.is_empty());
            records += 1;
        }
    }
    assert!(records > 0, "there are no committed records");
}

/// What the record says once a value in it is another.
fn refusal(record: &Value, place: &str, value: Value) -> String {
    let mut record = record.clone();
    *record
        .pointer_mut(place)
        .unwrap_or_else(|| panic!("{place}")) = value;
    let error = Record::from_json(&record.to_string()).unwrap_err();
    format!("{error:#}")
}

#[test]
fn values_that_no_run_has_are_refused_in_one_short_line() {
    let text = fs::read_to_string(results().join("step-06-lr-scheduler/seed-1.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    let largest = u64::MAX;
    for (place, value, expected) in [
        ("/schema_version", json!(2), "its schema_version is 2"),
        ("/run/name", json!("../../x"), "cannot be used"),
        (
            "/run/data_set/name",
            json!("\u{1b}[2J"),
            "the data set's name is",
        ),
        ("/run/backend", json!("a\nb"), "backend is"),
        ("/origin/device", json!("\u{1b}]0;x\u{7}"), "device is"),
        ("/origin/cpu", json!("x".repeat(300)), "cpu is"),
        ("/title", json!("two\nlines"), "the title is"),
        ("/run/seed", json!(-1), "invalid value"),
        ("/run/train_images", json!(largest), "it was trained on"),
        (
            "/run/recipe/epochs",
            json!(largest),
            "epochs is 18446744073709551615",
        ),
        (
            "/run/recipe/learning_rate",
            json!(-1),
            "learning_rate is -1",
        ),
        (
            "/run/architecture/input_size",
            json!(largest),
            "the input is",
        ),
        (
            "/run/architecture/layers/0/padding",
            json!(1u64 << 63),
            "its padding is",
        ),
        (
            "/run/architecture/layers/0/out_channels",
            json!(1u64 << 62),
            "the limit is",
        ),
        ("/parameters", json!(largest), "parameters is"),
        ("/epochs", json!([]), "it has 0 epochs"),
        ("/epochs/3/epoch", json!(9), "epoch 4 is numbered 9"),
        (
            "/epochs/3/test_total",
            json!(largest),
            "expected 1 to 2000000 images",
        ),
        ("/epochs/3/seconds", json!(-1.0), "seconds is -1"),
        (
            "/epochs/3/train_accuracy",
            json!(-1e300),
            "train_accuracy is -1",
        ),
        ("/train/correct", json!(largest), "training images right"),
        (
            "/train/loss",
            json!(-1.0),
            "the loss of the training images",
        ),
        (
            "/confusion/0/0",
            json!(largest),
            "the confusion matrix counts",
        ),
        (
            "/confusion/9",
            json!([]),
            "the confusion matrix is not 10×10",
        ),
        (
            "/misclassified",
            json!([]),
            "it lists 0 misclassified images",
        ),
        (
            "/misclassified/0/image",
            json!(largest),
            "ascending indices",
        ),
        (
            "/misclassified/0/probabilities",
            json!([1, 2]),
            "invalid length 2",
        ),
        (
            "/misclassified/0/probabilities/0",
            json!(1.5),
            "has a probability",
        ),
    ] {
        let error = refusal(&record, place, value);
        assert!(
            error.contains(expected),
            "{place}: {error}, expected {expected}"
        );
        assert!(
            !error.contains(char::is_control) && error.len() < 1_000,
            "{error}"
        );
    }
    let endless = text.replacen(
        "\"title\": \"",
        &format!("\"{}\": \"", "x".repeat(1_000_000)),
        1,
    );
    let error = Record::from_json(&endless).unwrap_err().to_string();
    assert!(
        error.starts_with("unknown field") && error.len() < 1_000,
        "{error}"
    );
}

/// Found by fuzzing. Resuming reads floats back too, so a resumed run could differ from one that was not.
#[test]
fn floats_are_read_as_they_were_written() {
    for value in (1..100_000).map(|index| f64::from(index) / 100_003.0) {
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(serde_json::from_str::<f64>(&text).unwrap(), value, "{text}");
    }
}
