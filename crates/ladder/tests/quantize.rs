//! `ladder quantize` as it is run, with the recorded weights.

mod program;

use std::fs;

use evidence::Kind;
use serde_json::Value;

use program::{failure, places, recorded, success};

/// What `predict` says of the first hundred test images.
fn predict(options: &[&str]) -> Vec<Value> {
    let images: Vec<String> = (0..100).map(|index| format!("test:{index}")).collect();
    let images = images.iter().map(String::as_str);
    let arguments = ["predict", "--json"].into_iter().chain(images);
    let arguments: Vec<&str> = arguments.chain(options.iter().copied()).collect();
    let mut document: Value = serde_json::from_str(&success(&arguments)).unwrap();
    serde_json::from_value(document["images"].take()).unwrap()
}

#[test]
fn quantised_weights_are_measured_written_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("int8.safetensors");
    let file = path.to_str().unwrap();
    let printed = success(&["quantize", "--step", "6", "--out", file]);
    let row = |name: &str| -> Vec<usize> {
        let row = printed
            .lines()
            .find(|line| line.contains(name))
            .unwrap_or_else(|| panic!("{printed}"));
        let cells = row.split(['│', '┆']).map(str::trim);
        cells.filter_map(|cell| cell.parse().ok()).collect()
    };
    let floats = row("32-bit floats");
    let integers = row("8-bit integers, a scale for each output channel");
    let step = ladder::steps::parse("6").unwrap();
    let recorded = places().record(Kind::Step, &step.name, 1).unwrap();
    assert_eq!(
        floats[1],
        10_000 - recorded.misclassified.len(),
        "{printed}"
    );
    assert_eq!(floats[2], 0, "{printed}");
    assert!(integers[0] < floats[0] / 3, "{printed}");
    assert!(integers[1].abs_diff(floats[1]) <= integers[2], "{printed}");
    // A weight is off by 0.4 % of its channel's largest at most: few images are so close to the edge.
    assert!(integers[2] <= 50, "{printed}");
    let size = fs::metadata(&path).unwrap().len();
    assert!(
        printed.contains(&format!("wrote {file}: {size} bytes")),
        "{printed}"
    );

    let of_floats = predict(&["--step", "6"]);
    let of_integers = predict(&["--step", "6", "--weights", file]);
    let differ = |field: &str| {
        let pairs = of_floats.iter().zip(&of_integers);
        pairs.filter(|(a, b)| a[field] != b[field]).count()
    };
    assert!(differ("prediction") <= integers[2], "{printed}");
    assert!(differ("probabilities") > 50, "no weight was rounded");
}

#[test]
fn what_cannot_be_quantised_or_written_is_named_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().to_str().unwrap();
    let message = failure(&["quantize", "--step", "6", "--out", folder]);
    assert!(
        message.contains(&format!("cannot write {folder}")),
        "{message}"
    );
    let of_another = recorded(&ladder::steps::last().name);
    let message = failure(&[
        "quantize",
        "--step",
        "1",
        "--weights",
        of_another.to_str().unwrap(),
    ]);
    assert!(message.contains("does not fit the network"), "{message}");
}
