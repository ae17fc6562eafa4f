//! Documents in a small made-up workspace: what is written is found up to date, and any change after that is not.

use std::fs;

use evidence::Record;
use experiment::Name;
use mnist::Split;

use crate::workspace::{Workspace, record};

const DOCUMENTS: [&str; 29] = [
    "README.md",
    "experiments/step-01-one/src/lib.rs",
    "experiments/step-02-two/src/lib.rs",
    "experiments/step-03-three/src/lib.rs",
    "experiments/step-04-four/src/lib.rs",
    "experiments/step-05-five/src/lib.rs",
    "experiments/step-06-six/src/lib.rs",
    "docs/design-of-the-experiment.md",
    "docs/evidence.md",
    "docs/network.md",
    "docs/microcontroller.md",
    "experiments/without/src/lib.rs",
    "experiments/frontier/src/lib.rs",
    "results/search/README.md",
    "docs/speed.md",
    "results/curves-loss.svg",
    "results/curves-accuracy.svg",
    "results/last-epochs.svg",
    "results/differences.svg",
    "results/gap.svg",
    "results/learning-rate.svg",
    "results/confusion.svg",
    "results/frontier.svg",
    "results/network.svg",
    "results/cost-by-layer.svg",
    "results/receptive-field.svg",
    "results/digits.svg",
    "results/gallery.svg",
    "results/SHA256SUMS",
];

/// The text with the digit at each position of one in turn changed into the next: 9 becomes 0.
fn with_one_digit_changed(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.char_indices().filter_map(|(position, digit)| {
        let changed = (digit.to_digit(10)? + 1) % 10;
        let (before, after) = (&text[..position], &text[position + 1..]);
        Some((position, format!("{before}{changed}{after}")))
    })
}

#[test]
fn what_is_written_is_up_to_date_and_written_once() {
    let workspace = Workspace::new();
    let first = workspace.write().unwrap();
    assert_eq!(first, DOCUMENTS.map(|path| (path.to_owned(), true)));
    assert_eq!(workspace.check().unwrap(), Vec::<String>::new());
    let second = workspace.write().unwrap();
    assert_eq!(second, DOCUMENTS.map(|path| (path.to_owned(), false)));
}

#[test]
fn nothing_is_up_to_date_before_the_first_write() {
    let problems = Workspace::new().check().unwrap();
    for path in DOCUMENTS {
        assert!(
            problems.iter().any(|problem| problem.contains(path)),
            "{path}: {problems:?}"
        );
    }
}

#[test]
fn a_change_of_any_digit_of_a_result_is_found() {
    let workspace = Workspace::new();
    workspace.write().unwrap();
    let path = "results/step-03-three/seed-1.json";
    let original = workspace.text(path);
    let mut changes = 0;
    for (position, changed) in with_one_digit_changed(&original) {
        workspace.put(path, &changed);
        assert!(
            !workspace.is_up_to_date(),
            "the digit at {position}: {}",
            &original[..=position]
        );
        changes += 1;
    }
    assert!(changes > 200, "only {changes} digits were changed");
    workspace.put(path, &original);
    assert!(workspace.is_up_to_date());
}

#[test]
fn a_changed_result_that_no_document_shows_is_named() {
    let workspace = Workspace::new();
    workspace.write().unwrap();
    let path = "results/step-02-two/seed-1.json";
    let original = workspace.text(path);
    let changed = original.replacen("\"threads\": 2", "\"threads\": 3", 1);
    assert_ne!(changed, original);
    workspace.put(path, &changed);
    let problems = workspace.check().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with(path) && !problems[0].contains('\n'),
        "{problems:?}"
    );
}

#[test]
fn changed_weights_are_named() {
    let workspace = Workspace::new();
    workspace.write().unwrap();
    let path = "results/step-05-five/seed-1.safetensors";
    workspace.put(path, "weightz");
    let message = format!("{:#}", workspace.check().unwrap_err());
    assert!(
        message.contains(path) && message.contains("does not belong to the record beside it"),
        "{message}"
    );
    assert!(!message.contains('\n'), "{message}");
    fs::remove_file(workspace.path(path)).unwrap();
    let problems = workspace.check().unwrap();
    assert!(
        problems.len() == 1 && problems[0].starts_with("results/SHA256SUMS"),
        "{problems:?}"
    );
}

#[test]
fn a_change_of_any_generated_digit_of_a_document_is_found() {
    let workspace = Workspace::new();
    workspace.write().unwrap();
    for path in [
        "README.md",
        "experiments/step-04-four/src/lib.rs",
        "results/SHA256SUMS",
    ] {
        let original = workspace.text(path);
        let mut changes = 0;
        for (position, changed) in with_one_digit_changed(&original) {
            workspace.put(path, &changed);
            assert!(
                !workspace.is_up_to_date(),
                "{path}: {}",
                &original[..=position]
            );
            changes += 1;
        }
        assert!(changes > 30, "only {changes} digits of {path} were changed");
        workspace.put(path, &original);
    }
    assert!(workspace.is_up_to_date());
}

#[test]
fn what_is_written_by_hand_stays() {
    let workspace = Workspace::new();
    workspace.write().unwrap();
    let path = "README.md";
    let edited = workspace
        .text(path)
        .replace("By hand.", "By hand, in 3 words.");
    workspace.put(path, &edited);
    assert!(workspace.is_up_to_date());
    workspace.write().unwrap();
    assert_eq!(workspace.text(path), edited);
    assert!(
        workspace
            .text("experiments/step-01-one/src/lib.rs")
            .ends_with("fn by_hand() {}\n")
    );
}

#[test]
fn a_missing_marker_is_an_error_that_names_it() {
    let workspace = Workspace::new();
    for (path, marker) in [
        ("README.md", "<!-- begin: held -->"),
        ("docs/network.md", "<!-- end: receptive-field -->"),
        (
            "experiments/step-02-two/src/lib.rs",
            "//! <!-- begin: result -->",
        ),
    ] {
        let original = workspace.text(path);
        workspace.put(path, original.replace(marker, ""));
        let name = marker
            .trim_start_matches("//! <!-- ")
            .trim_start_matches("<!-- ");
        let name = name.trim_end_matches(" -->");
        for error in [
            workspace.check().unwrap_err(),
            workspace.write().unwrap_err(),
        ] {
            let message = format!("{error:#}");
            assert!(
                message.contains(path) && message.contains(name.split(' ').nth(1).unwrap()),
                "{message}"
            );
        }
        workspace.put(path, &original);
    }
    workspace.write().unwrap();
}

#[test]
fn the_result_of_a_step_is_in_its_doc_comment() {
    let workspace = Workspace::new();
    workspace.record(&record(&workspace.experiments[0], 2));
    workspace.write().unwrap();
    let source = workspace.text("experiments/step-01-one/src/lib.rs");
    for expected in [
        "//! 90 parameters; 12.3 seconds an epoch with flex.",
        "95.00 %",
        "93 94 95 96 97",
        "93.00 %",
        "98.70 %",
        "99.00 %",
        "+2.00",
        "`results/step-01-one/seed-1.json`",
        "`results/step-01-one/seed-2.json`",
        "95.00 ± 0.00 %",
    ] {
        assert!(
            source.contains(expected),
            "{expected:?} is not in\n{source}"
        );
    }
    assert!(
        source.lines().all(|line| line.trim_end() == line),
        "white space at the end of a line"
    );
    assert!(
        workspace
            .text("experiments/step-06-six/src/lib.rs")
            .contains("//! No run is recorded yet.")
    );
}

#[test]
fn the_readme_links_each_step_and_sums_up_the_last() {
    let workspace = Workspace::new();
    workspace.write().unwrap();
    let readme = workspace.text("README.md");
    for expected in [
        "+0.00 (not known): no difference shown",
        "No run is recorded yet.",
        "0 of 5 |",
        "[step-01-one](experiments/step-01-one)",
        "| 98 %  ",
        "It helps ",
        "90.00 %",
    ] {
        assert!(
            readme.contains(expected),
            "{expected:?} is not in\n{readme}"
        );
    }
    let network = workspace.text("docs/network.md");
    for expected in [
        "- 90 trainable parameters",
        "- receptive field at the last convolution: 3×3 of 28×28 pixels",
    ] {
        assert!(
            network.contains(expected),
            "{expected:?} is not in\n{network}"
        );
    }
}

#[test]
fn there_are_documents_without_any_result() {
    let workspace = Workspace::new();
    fs::remove_dir_all(workspace.path("results")).unwrap();
    workspace.write().unwrap();
    assert!(workspace.is_up_to_date());
    assert!(
        workspace
            .text("README.md")
            .contains("No run is recorded yet.")
    );
}

/// The record of the first step.
const FIRST: &str = "results/step-01-one/seed-1.json";

type Change = fn(&mut Workspace);

/// Puts another record in the place of the first.
fn change_first(workspace: &Workspace, change: fn(&mut Record)) {
    let mut first = record(&workspace.experiments[0], 1);
    change(&mut first);
    workspace.put(FIRST, first.to_json().unwrap());
}

#[test]
fn records_that_do_not_belong_are_errors() {
    let error_after = |change: Change| {
        let mut workspace = Workspace::new();
        workspace.write().unwrap();
        change(&mut workspace);
        format!("{:#}", workspace.check().unwrap_err())
    };
    let cases: [(Change, &str); 10] = [
        (
            |it| it.experiments[0].recipe.learning_rate = 0.02,
            "another recipe",
        ),
        (
            |it| {
                it.experiments[0].architecture =
                    it.experiments[0].architecture.clone().with_batch_norm()
            },
            "another network",
        ),
        (
            |it| it.experiments[0].name = Name::from_static("step-01-renamed"),
            "no experiment step-01-one",
        ),
        (
            |it| change_first(it, |run| run.run.split = Split::Holdout),
            "hold-out",
        ),
        (
            |it| {
                change_first(it, |run| {
                    run.run.data_set.name = "fashion".into();
                    run.run.data_set.sha256 = "00".into();
                });
            },
            "of the data set fashion, expected mnist",
        ),
        (|it| it.put(FIRST, "{"), "cannot use the record"),
        (
            |it| change_first(it, |run| run.parameters = 91),
            "parameters is 91",
        ),
        (
            |it| change_first(it, |run| run.origin.commits[0].clean = false),
            "uncommitted changes",
        ),
        (
            |it| change_first(it, |run| run.origin.commits.clear()),
            "outside of a git checkout",
        ),
        (
            |it| {
                let another = record(&it.experiments[1], 1);
                it.put(FIRST, another.to_json().unwrap());
            },
            "of another place",
        ),
    ];
    for (change, expected) in cases {
        let message = error_after(change);
        assert!(
            message.contains(FIRST) && message.contains(expected),
            "{message}"
        );
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn runs_on_the_hold_out_images_must_be_of_committed_code_too() {
    let workspace = Workspace::new();
    let path = "results/search/step-01-one/seed-1.json";
    let dirty = workspace
        .text(path)
        .replace("\"clean\": true", "\"clean\": false");
    workspace.put(path, dirty);
    let message = format!("{:#}", workspace.check().unwrap_err());
    assert!(
        message.contains(path) && message.contains("uncommitted changes"),
        "{message}"
    );
}

#[test]
fn runs_on_other_test_images_are_errors() {
    let mut workspace = Workspace::new();
    workspace.digits.test = workspace.digits.test.slice(0..50);
    let message = format!("{:#}", workspace.check().unwrap_err());
    assert!(
        message.contains(FIRST) && message.contains("50 test images"),
        "{message}"
    );
}
