//! `ladder predict` as it is run, with the recorded weights.

mod program;

use std::fs;
use std::path::Path;

use image::imageops::{FilterType, invert, replace, resize};
use image::{GrayImage, Luma};
use mnist::PIXELS;
use serde_json::Value;

use program::{failure, output, recorded, success, test_digits, text};

/// Saves a digit as another program might: black on white, with a white border of 3 pixels, four times as large.
fn save(pixels: &[u8; PIXELS], filter: FilterType, path: &Path) {
    let mut digit = GrayImage::from_raw(28, 28, pixels.to_vec()).unwrap();
    invert(&mut digit);
    let mut bordered = GrayImage::from_pixel(34, 34, Luma([255]));
    replace(&mut bordered, &digit, 3, 3);
    resize(&bordered, 136, 136, filter).save(path).unwrap();
}

/// What `predict --json` says, and its exit code.
fn json(arguments: &[&str]) -> (Value, Option<i32>) {
    let output = output(&[&["predict", "--json"], arguments].concat());
    let printed = text(&output.stdout);
    let document =
        serde_json::from_str(printed).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (document, output.status.code())
}

/// The predictions of a document, in order.
fn predictions(document: &Value) -> Vec<u64> {
    let images = document["images"].as_array().unwrap();
    let predictions = images
        .iter()
        .map(|image| image["prediction"].as_u64().unwrap());
    predictions.collect()
}

#[test]
fn pictures_of_test_digits_give_the_same_digits_as_the_test_images() {
    const COUNT: usize = 200;
    let test = test_digits();
    let directory = tempfile::tempdir().unwrap();
    let indices: Vec<String> = (0..COUNT).map(|index| format!("test:{index}")).collect();
    let indices: Vec<&str> = indices.iter().map(String::as_str).collect();
    let (document, code) = json(&indices);
    assert_eq!(code, Some(0));
    let direct = predictions(&document);
    for filter in [FilterType::Nearest, FilterType::CatmullRom] {
        let files: Vec<_> = (0..COUNT)
            .map(|index| {
                let path = directory.path().join(format!("{index}.png"));
                save(test.image(index), filter, &path);
                path.to_str().unwrap().to_owned()
            })
            .collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let (document, code) = json(&files);
        assert_eq!(code, Some(0));
        let same = predictions(&document)
            .iter()
            .zip(&direct)
            .filter(|(a, b)| a == b)
            .count();
        println!("{same} of {COUNT} pictures, scaled with {filter:?}, give the same digit");
        assert!(same >= 195, "{same} of {COUNT}, scaled with {filter:?}");
    }
}

#[test]
fn people_get_a_line_and_ten_bars() {
    let printed = success(&["predict", "test:0", "test:1"]);
    let blocks: Vec<&str> = printed.split("\n\n").collect();
    assert_eq!(blocks.len(), 2, "{printed}");
    for (block, (index, label)) in blocks.iter().zip([(0, 7), (1, 2)]) {
        let lines: Vec<&str> = block.lines().collect();
        assert_eq!(lines.len(), 11, "{block}");
        assert!(
            lines[0].starts_with(&format!("test:{index}: {label}, ")),
            "{block}"
        );
        assert!(
            lines[0].ends_with(&format!(" % (right: its label is {label})")),
            "{block}"
        );
        for (digit, line) in lines[1..].iter().enumerate() {
            assert!(line.starts_with(&format!("  {digit} ")), "{block}");
            let percent: f64 = line
                .split_whitespace()
                .rev()
                .nth(1)
                .unwrap()
                .parse()
                .unwrap();
            let full = line.matches('█').count();
            assert!((percent / 2.5 - full as f64).abs() <= 1.1, "{line}");
            assert_eq!(line.chars().count(), 4 + 40 + 9, "{line}");
        }
    }
    assert!(success(&["predict", "test:947"]).contains("its label is 8, which is disputed"));
}

#[test]
fn show_prints_the_pixels_that_the_network_saw() {
    let printed = success(&["predict", "--show", "test:0"]);
    let rows: Vec<&str> = printed.lines().skip(1).take(28).collect();
    let test = test_digits();
    for (row, pixels) in rows.iter().zip(test.image(0).chunks(28)) {
        let full = pixels.iter().filter(|pixel| **pixel >= 205).count();
        assert_eq!(row.matches('█').count(), 2 * full, "{printed}");
        let last = pixels.iter().rposition(|pixel| *pixel >= 52);
        assert_eq!(
            row.chars().count(),
            last.map_or(0, |last| 4 + 2 * last),
            "{printed}"
        );
    }
    assert_eq!(printed.lines().count(), 1 + 28 + 10, "{printed}");
}

#[test]
fn programs_get_one_document_with_an_entry_for_each_image() {
    let directory = tempfile::tempdir().unwrap();
    let picture = directory.path().join("seven.bin");
    let test = test_digits();
    let png = directory.path().join("seven.png");
    save(test.image(0), FilterType::Nearest, &png);
    fs::rename(&png, &picture).unwrap();
    let text_file = directory.path().join("text.png");
    fs::write(&text_file, "seven").unwrap();
    let (picture, text_file) = (picture.to_str().unwrap(), text_file.to_str().unwrap());

    let (document, code) = json(&[text_file, picture, "--show", "test:3"]);
    assert_eq!(code, Some(1));
    assert_eq!(document["step"], ladder::steps::last().name.as_str());
    let images = document["images"].as_array().unwrap();
    assert_eq!(images.len(), 3);
    assert_eq!(images[0]["image"], text_file);
    assert!(
        images[0]["error"].as_str().unwrap().contains("text.png"),
        "{document}"
    );
    assert_eq!(
        (&images[1]["image"], &images[1]["prediction"]),
        (&picture.into(), &7.into())
    );
    assert_eq!(images[1]["label"], Value::Null);
    assert!(
        images[1]["preparation"]
            .as_str()
            .unwrap()
            .starts_with("136×136, inverted")
    );
    assert_eq!(
        (&images[2]["image"], &images[2]["label"]),
        (&"test:3".into(), &0.into())
    );
    let pixels: Vec<u64> = serde_json::from_value(images[2]["pixels"].clone()).unwrap();
    assert!(pixels.iter().eq(test.image(3).map(u64::from).iter()));
    let probabilities: Vec<f64> =
        serde_json::from_value(images[1]["probabilities"].clone()).unwrap();
    assert_eq!(probabilities.len(), 10);
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-4);

    let (document, _) = json(&["test:0"]);
    assert!(document["images"][0].get("pixels").is_none(), "{document}");
}

#[test]
fn networks_of_the_frontier_and_of_files_predict_too() {
    let of_frontier = success(&["predict", "test:0", "--step", "about-2000"]);
    assert!(of_frontier.starts_with("test:0: 7, "), "{of_frontier}");
    let weights = recorded("4");
    let run = weights.with_extension("json");
    let (run, weights) = (run.to_str().unwrap(), weights.to_str().unwrap());
    let of_file = success(&["predict", "test:0", "--step", run, "--weights", weights]);
    assert_eq!(of_file, success(&["predict", "test:0", "--step", "4"]));
}

#[test]
fn a_bad_image_is_a_line_and_the_others_are_predicted() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.png");
    fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    let output = output(&["predict", empty, "test:0", "missing.png", "test:10000"]);
    assert_eq!(output.status.code(), Some(1));
    let lines: Vec<&str> = text(&output.stderr).lines().collect();
    assert_eq!(lines[0], format!("error: cannot use {empty}: it is empty"));
    assert!(
        lines[1].starts_with("error: cannot read missing.png: "),
        "{lines:?}"
    );
    assert_eq!(
        lines[2],
        "error: there is no test image test:10000; they are test:0 to test:9999"
    );
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        text(&output.stdout).starts_with("test:0: 7, "),
        "{output:?}"
    );
    assert!(failure(&["predict", "947"]).contains("a test image is written test:947"));
    assert!(!failure(&["predict", "seven"]).contains("test:"));
}

#[test]
fn weights_of_another_network_are_refused_before_anything_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let weights = recorded(&ladder::steps::last().name);
    let other = directory.path().join("of-the-last-step.safetensors");
    fs::copy(weights, &other).unwrap();
    let other = other.to_str().unwrap();
    let message = failure(&["predict", "test:0", "--step", "1", "--weights", other]);
    assert!(
        message.contains("of-the-last-step.safetensors does not fit the network"),
        "{message}"
    );
    let message = failure(&["predict", "test:0", "--weights", "missing.safetensors"]);
    assert!(
        message.contains("cannot read missing.safetensors"),
        "{message}"
    );
}
