//! `ladder export` as it is run, with the recorded weights.

#[path = "../../pocket-export/tests/compiler/mod.rs"]
mod compiler;
mod program;
mod recorded;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::path::Path;

use burn::tensor::Device;
use experiment::Experiment;
use mnist::{Digits, PIXELS};
use model_core::{Network, weights};
use pocket_export::{c, rust};
use serde_json::json;

use compiler::{Program, about};
use program::{failure, output, success};
use recorded::{data, integers, noise, record};

/// The files of an export.
const FILES: [&str; 4] = ["README.md", "digit.c", "digit.h", "example.c"];

/// How far integers may be from floats, in test images: 0.03 points.
const MAY_LOSE: usize = 3;

/// What an export prints in the line that begins like this.
fn printed(output: &str, name: &str) -> usize {
    let mut lines = output.lines().map(str::trim);
    let line = lines.find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn read(folder: &Path) -> Vec<(&'static str, String)> {
    let read = |name| (name, fs::read_to_string(folder.join(name)).unwrap());
    FILES.map(read).into()
}

/// Every thirtieth test image, those that the recorded run gets wrong, and images that are no digits.
fn images(test: &Digits, wrong: impl Iterator<Item = usize>) -> Vec<[u8; PIXELS]> {
    let mut images: Vec<[u8; PIXELS]> = test.images().iter().step_by(30).copied().collect();
    images.extend(wrong.map(|index| *test.image(index)));
    images.extend(noise(100));
    images
}

#[test]
fn the_last_step_in_c_holds_its_accuracy_and_computes_as_the_crate_does() {
    let directory = tempfile::tempdir().unwrap();
    let folders = ["one", "two"].map(|name| directory.path().join(name));
    let outputs = folders.each_ref().map(|folder| {
        // The second time the files of the first are there.
        fs::create_dir_all(folder).unwrap();
        success(&["export", "c", "--out", folder.to_str().unwrap()])
    });
    let files = read(&folders[0]);
    assert_eq!(files, read(&folders[1]), "the same bytes each time");
    assert_eq!(fs::read_dir(&folders[0]).unwrap().count(), FILES.len());

    let step = ladder::steps::last();
    let recorded = record(&step);
    let [floats, right] =
        ["with 32-bit floats", "with integers"].map(|name| printed(&outputs[0], name));
    assert_eq!(floats, 10_000 - recorded.misclassified.len());
    assert!(right >= 9_940, "{right} of 10,000");
    assert!(right + MAY_LOSE >= floats, "{right}, with floats {floats}");

    let network = integers(&step);
    let bytes = [
        printed(&outputs[0], "weights and tables"),
        printed(&outputs[0], "static buffer"),
    ];
    assert_eq!(bytes, Program::sizes(&files));
    assert_eq!(bytes, [c::flash_bytes(&network), network.memory_bytes()]);
    // What is left of 12 kB is for code, which takes 1.7 kB on a Cortex-M4, and of 8 kB for the stack and the image.
    assert!(bytes[0] <= 10_400 && bytes[1] <= 4_000, "{bytes:?}");

    let wrong = recorded.misclassified.iter().map(|wrong| wrong.image);
    let images = images(&data().test, wrong);
    let program = Program::compile(&files);
    assert_eq!(program.scores(&images), network.scores(&images));
}

#[test]
fn the_last_step_as_a_crate_computes_as_the_crate_does() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("digit");
    success(&["export", "rust", "--out", folder.to_str().unwrap()]);
    let network = integers(&ladder::steps::last());
    let names = rust::files(&network, &about()).map(|(name, _)| name);
    let read = |name| (name, fs::read_to_string(folder.join(name)).unwrap());
    let program = Program::of_crate(&names.map(read));
    let images = images(&data().test, [].into_iter());
    assert_eq!(program.scores(&images), network.scores(&images));
}

#[test]
fn the_page_is_small_and_has_the_same_bytes_each_time() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("site");
    let export = || {
        success(&["export", "page", "--out", folder.to_str().unwrap()]);
        let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
        let read = |file: DirEntry| (file.file_name(), fs::read(file.path()).unwrap());
        files.map(read).collect::<BTreeMap<_, _>>()
    };
    let one = export();
    // The second time there are files.
    fs::write(folder.join("index.html"), "another page").unwrap();
    let two = export();
    assert!(one == two, "the same bytes each time");
    let bytes: usize = one.values().map(Vec::len).sum();
    assert!(bytes < 300_000, "{bytes}");
    let names: Vec<_> = one.keys().filter_map(|name| name.to_str()).collect();
    assert!(
        names.contains(&"index.html") && !names.contains(&"trainer.js"),
        "{names:?}"
    );
    let page = String::from_utf8(one[OsStr::new("index.html")].clone()).unwrap();
    for expected in [
        "<html data-exported lang=\"en\">",
        "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ",
    ] {
        assert!(page.contains(expected), "{page}");
    }
}

#[test]
fn what_cannot_be_exported_is_named_in_one_line_and_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("file"), "no folder").unwrap();
    for (export, out) in [
        (&["c", "1"][..], "file"),
        (&["rust", "1"], "file"),
        (&["onnx", "1"], "file/m.onnx"),
        (&["page"], "file"),
    ] {
        let message = failure(&[&["export"], export, &["--out", &path(out)]].concat());
        assert!(message.contains("cannot write"), "{message}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    // Windows that overlap.
    let mut step = serde_json::to_value(ladder::steps::parse("1").unwrap()).unwrap();
    let kernels = [
        ("/architecture/layers/2/kernel", 2),
        ("/architecture/layers/2/stride", 1),
    ];
    for (place, value) in kernels {
        *step.pointer_mut(place).unwrap() = json!(value);
    }
    step["name"] = json!("overlapping");
    fs::write(path("step.json"), step.to_string()).unwrap();
    let step = Experiment::from_json(&step.to_string()).unwrap();
    let network = Network::new(&step.architecture, 0.0, &Device::flex()).unwrap();
    weights::save(&network, Path::new(&path("weights.safetensors"))).unwrap();
    let message = failure(&[
        "export",
        "c",
        &path("step.json"),
        "--weights",
        &path("weights.safetensors"),
        "--out",
        &path("out"),
    ]);
    let expected =
        "overlapping has no form in integers: layer 3: max-pooling whose windows overlap";
    assert!(message.contains(expected), "{message}");
    assert!(!Path::new(&path("out")).exists());
}

#[test]
fn an_unknown_format_or_step_is_a_wrong_use() {
    for arguments in [
        &["export", "pascal", "--out", "folder"][..],
        &["export", "c", "99", "--out", "folder"],
        &["export", "c"],
    ] {
        assert_eq!(output(arguments).status.code(), Some(2), "{arguments:?}");
    }
}
