//! The pictures in a small made-up workspace: what they show, and that everybody can see it.

use std::fs;

use evidence::{Kind, Record};
use experiment::Experiment;
use mnist::Augmentation;

use crate::workspace::{STEPS, Workspace, digits, experiment, of_kind, record, wrong};

const PICTURES: [&str; 14] = [
    "curves-loss",
    "curves-accuracy",
    "last-epochs",
    "differences",
    "gap",
    "learning-rate",
    "confusion",
    "frontier",
    "augmented",
    "network",
    "cost-by-layer",
    "receptive-field",
    "digits",
    "gallery",
];

/// The pictures of a workspace after its documents are written.
fn pictures(workspace: &Workspace) -> Vec<(&'static str, String)> {
    workspace.write().unwrap();
    let picture = |name| (name, workspace.text(&format!("results/{name}.svg")));
    let is_written = |name: &&str| workspace.path(&format!("results/{name}.svg")).exists();
    PICTURES
        .into_iter()
        .filter(is_written)
        .map(picture)
        .collect()
}

fn picture(workspace: &Workspace, name: &str) -> String {
    let mut pictures = pictures(workspace).into_iter();
    pictures.find(|(other, _)| *other == name).unwrap().1
}

/// A run of the last step with another seed than 1: of the three zeros that the first takes for a six it gets the last
/// right, and a one wrong.
fn other_run(last: &Experiment, seed: u64) -> Record {
    let mut run = record(last, seed);
    run.confusion[0][0] += 1;
    run.confusion[0][6] -= 1;
    run.confusion[1][1] -= 1;
    run.confusion[1][7] += 1;
    run.misclassified = vec![wrong(0, 6), wrong(40, 6), wrong(91, 7)];
    run
}

/// Workspaces without any run, with none of the last step, with one, and with several of two steps, one of which augments.
fn workspaces() -> [Workspace; 4] {
    let without = Workspace::new();
    fs::remove_dir_all(without.path("results")).unwrap();
    let one_seed = Workspace::new();
    one_seed.record_last_step();
    let mut seeds = Workspace::new();
    seeds.experiments[4].recipe.augmentation = Some(Augmentation {
        translation_pixels: 2.0,
        rotation_degrees: 10.0,
        scaling: 0.0,
        shear_degrees: 0.0,
        elastic_pixels: 0.0,
    });
    seeds.record(&record(&seeds.experiments[4], 1));
    seeds.record_last_step();
    seeds.record(&other_run(&seeds.experiments[5], 2));
    seeds.record(&record(&seeds.experiments[4], 2));
    seeds.record(&of_kind(Kind::Frontier, &seeds.frontier[0], 2));
    [without, Workspace::new(), one_seed, seeds]
}

#[test]
fn pictures_are_well_formed_and_small_and_say_what_they_show() {
    for workspace in workspaces() {
        for (name, picture) in pictures(&workspace) {
            assert!(picture.starts_with("<svg role=\"img\" "), "{name}");
            assert_elements_are_closed(&picture);
            assert!(picture.len() < 60_000, "{name}: {} bytes", picture.len());
            assert!(
                !picture.contains("NaN") && !picture.contains("inf"),
                "{name}"
            );
            for element in ["title", "desc"] {
                let (_, content) = picture.split_once(&format!("<{element}>")).unwrap();
                let (content, _) = content.split_once(&format!("</{element}>")).unwrap();
                assert!(content.trim().len() > 10, "{name}: {content:?}");
            }
        }
    }
}

#[test]
fn every_colour_has_a_dark_version() {
    for workspace in workspaces() {
        for (name, picture) in pictures(&workspace) {
            let (_, style) = picture.split_once("<style>").unwrap();
            let (style, body) = style.split_once("</style>").unwrap();
            assert!(style.starts_with("@media (prefers-color-scheme:dark){[fill=\"#"));
            let mut colours = 0;
            for attribute in ["fill", "stroke"] {
                for value in body.split(&format!(" {attribute}=\"")).skip(1) {
                    let (value, _) = value.split_once('"').unwrap();
                    let rule = format!("[{attribute}=\"{value}\"]{{{attribute}:#");
                    assert!(value == "none" || style.contains(&rule), "{name}: {value}");
                    colours += 1;
                }
            }
            assert!(colours > 2, "{name}");
            let drawn = body.matches("<text").count();
            let coloured = body.split("<text").skip(1);
            let coloured =
                coloured.filter(|text| text.split('>').next().unwrap().contains(" fill=\"#"));
            assert_eq!(coloured.count(), drawn, "{name} has text that stays black");
        }
    }
}

#[test]
fn the_same_results_give_the_same_bytes() {
    for (one, other) in workspaces().iter().zip(&workspaces()) {
        assert_eq!(pictures(one), pictures(other));
    }
}

/// Checks that every element that is opened is closed, in order.
fn assert_elements_are_closed(picture: &str) {
    let mut open = Vec::new();
    for tag in picture.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag is not closed");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split_whitespace().next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?} are left open");
}

#[test]
fn a_step_has_its_colour_in_every_chart() {
    let [.., seeds] = workspaces();
    let colour = "\"#2B9CC0\"";
    for name in [
        "curves-loss",
        "curves-accuracy",
        "last-epochs",
        "differences",
        "gap",
        "learning-rate",
        "confusion",
        "network",
        "receptive-field",
    ] {
        assert!(
            picture(&seeds, name).contains(colour),
            "{name} lacks the colour of step 6"
        );
    }
    let last_epochs = picture(&seeds, "last-epochs");
    assert!(
        !last_epochs.contains("\"#592800\""),
        "step 5 is far from the target"
    );
}

#[test]
fn curves_name_every_step_and_have_a_band_where_there_are_several_seeds() {
    let [_, no_run, _, seeds] = workspaces();
    for name in ["curves-loss", "curves-accuracy"] {
        let (one, several) = (picture(&no_run, name), picture(&seeds, name));
        for step in STEPS {
            assert!(one.contains(step), "{name} does not name {step}");
        }
        assert!(
            one.contains("no run yet") && one.contains("epoch (one seed)"),
            "{name}"
        );
        assert!(!one.contains("<polygon"), "{name} has a band of one seed");
        assert_eq!(several.matches("<polygon").count(), 2, "{name}");
        assert_eq!(several.matches("epoch (2 seeds)").count(), 2, "{name}");
    }
}

#[test]
fn differences_have_their_interval_and_verdict() {
    let [without, _, one_seed, seeds] = workspaces();
    assert!(picture(&without, "differences").contains("No two neighbouring steps have a run yet."));
    let one = picture(&one_seed, "differences");
    assert_eq!(one.matches("95 % interval: not known").count(), 5);
    assert_eq!(one.matches("+0.00: no difference shown").count(), 5);
    let several = picture(&seeds, "differences");
    assert_eq!(several.matches("95 % interval: +0.00 to +0.00").count(), 1);
}

#[test]
fn the_gap_is_between_the_means_of_training_and_test_accuracy() {
    let [without, _, one_seed, seeds] = workspaces();
    assert!(picture(&without, "gap").contains("No run is recorded yet."));
    let one = picture(&one_seed, "gap");
    assert_eq!(one.matches("\n+2.00 points\n").count(), 6, "{one}");
    assert_eq!(one.matches("\n99.00 %, 97.00 %\n").count(), 6, "{one}");
    let mut other = record(&seeds.experiments[5], 2);
    other.train.correct = 597;
    seeds.record(&other);
    let several = picture(&seeds, "gap");
    assert_in_order(
        &several,
        &["\n+2.25 points\n", "\n99.25 ± 0.35 %, 97.00 ± 0.00 %\n"],
    );
}

#[test]
fn neighbouring_steps_with_the_same_learning_rates_share_a_line() {
    let [without, no_run, _, seeds] = workspaces();
    assert!(picture(&without, "learning-rate").contains("No run is recorded yet."));
    let all_alike = "\nstep-01-one to step-05-five\n";
    assert!(picture(&no_run, "learning-rate").contains(all_alike));
    let mut other = record(&seeds.experiments[5], 1);
    for epoch in &mut other.epochs {
        epoch.learning_rate = 0.1 / epoch.epoch as f64;
    }
    seeds.record(&other);
    assert_in_order(
        &picture(&seeds, "learning-rate"),
        &[all_alike, "\nstep-06-six\n", "\n0.1\n", "\n0.1\n"],
    );
}

#[test]
fn training_digits_are_shown_as_the_first_step_that_augments_them_does() {
    let [.., one_seed, seeds] = workspaces();
    one_seed.write().unwrap();
    assert!(!one_seed.path("results/augmented.svg").exists());
    let picture = picture(&seeds, "augmented");
    assert!(picture.contains("the run of step-05-five with seed 1"));
    assert!(picture.contains("a shift of up to 2 pixels along each axis, a turn of up to 10°."));
    let digits = picture.split("shape-rendering").skip(1);
    let mut digits: Vec<&str> = digits
        .filter_map(|it| Some(it.split_once("</g>")?.0))
        .collect();
    assert_eq!(digits.len(), 28);
    digits.sort_unstable();
    digits.dedup();
    assert_eq!(digits.len(), 28, "some are not augmented");
}

#[test]
fn the_confusion_matrix_is_the_sum_over_the_seeds_of_the_last_step() {
    let [without, no_run, _, seeds] = workspaces();
    for workspace in [without, no_run] {
        let picture = picture(&workspace, "confusion");
        assert!(picture.contains("No run of the last step is recorded yet."));
    }
    let picture = picture(&seeds, "confusion");
    for expected in [
        "Which digits step-06-six takes for which",
        "Its 2 seeds on the 100 test images, added up: 194 right, 6 wrong.",
        "\n5\n",
        "5 (25.00 %)",
        "1 (5.00 %)",
    ] {
        assert!(
            picture.contains(expected),
            "{expected:?} is not in\n{picture}"
        );
    }
}

#[test]
fn the_network_is_drawn_from_its_summary() {
    let workspace = Workspace::new();
    let network = picture(&workspace, "network");
    let cost = picture(&workspace, "cost-by-layer");
    let field = picture(&workspace, "receptive-field");
    for (picture, expected) in [
        (&network, "90 parameters."),
        (&network, "1. Conv 3×3"),
        (&network, "4 × 26×26"),
        (&network, "40 parameters"),
        (&network, "50 parameters"),
        (&network, "no parameters"),
        (&network, "10 × 1×1"),
        (&cost, "2. Conv 1×1"),
        (&cost, "40 (44.4 %)"),
        (&cost, "24,336 (47.4 %)"),
        (&cost, "pointwise convolutions"),
        (&field, "1×1 pixels"),
        (&field, "jump 1, start 1.5"),
        (&field, "28×28 pixels"),
    ] {
        assert!(
            picture.contains(expected),
            "{expected:?} is not in\n{picture}"
        );
    }
}

#[test]
fn the_gallery_shows_first_what_all_seeds_get_wrong() {
    let [without, no_run, one_seed, seeds] = workspaces();
    for workspace in [without, no_run] {
        let picture = picture(&workspace, "gallery");
        assert!(picture.contains("No run of the last step is recorded yet."));
    }
    let one = picture(&one_seed, "gallery");
    assert!(
        one.contains("Wrong with the only seed") && !one.contains("In grey"),
        "{one}"
    );
    assert_in_order(
        &picture(&seeds, "gallery"),
        &[
            "4 test digits are wrong with at least one of its 2 seeds.",
            "\nWrong with all 2 seeds\n",
            "\n#0\n",
            "\n0 → 6, 91 %\n",
            "\n#40\n",
            "\nWrong with 1 of 2 seeds\n",
            "\n#90\n",
            "\n0 → 6, 91 %\n",
            "\n#91\n",
            "\n1 → 7, 91 %\n",
        ],
    );
}

#[test]
fn the_gallery_says_of_which_digits_no_probabilities_are_recorded() {
    let workspace = Workspace::new();
    workspace.record_last_step();
    let mut other = other_run(&workspace.experiments[5], 2);
    for wrong in &mut other.misclassified {
        wrong.probabilities = None;
    }
    workspace.record(&other);
    assert_in_order(
        &picture(&workspace, "gallery"),
        &[
            "In grey: 1 that only seeds without recorded probabilities get wrong",
            "\n#0\n",
            "\n0 → 6, 91 %\n",
            "\n#91\n",
            "\n1: 1 of 2\n",
        ],
    );
}

/// Checks that a picture has all these texts, in this order.
fn assert_in_order(picture: &str, texts: &[&str]) {
    let mut rest = picture;
    for text in texts {
        let found = rest.split_once(text);
        (_, rest) = found.unwrap_or_else(|| panic!("{text:?} is not in its place in\n{picture}"));
    }
}

#[test]
fn disputed_labels_are_marked() {
    const IMAGES: usize = 1_000;
    let mut workspace = Workspace::new();
    fs::remove_dir_all(workspace.path("results")).unwrap();
    workspace.record_last_step();
    let mut run = record(&workspace.experiments[5], 1);
    for epoch in &mut run.epochs {
        epoch.test_total = IMAGES;
        epoch.test_correct = IMAGES - 2;
    }
    for (class, row) in run.confusion.iter_mut().enumerate() {
        row.fill(0);
        row[class] = IMAGES / 10;
    }
    run.confusion[7] = vec![0, 0, 0, 0, 0, 0, 2, 98, 0, 0];
    run.misclassified = vec![wrong(937, 6), wrong(947, 6)];
    run.disturbed.clear();
    workspace.digits.test = digits(IMAGES);
    workspace.record(&run);
    let picture = picture(&workspace, "gallery");
    assert!(
        picture.contains("\n#937\n") && picture.contains("\n#947 *\n"),
        "{picture}"
    );
}

#[test]
fn a_ninth_and_a_tenth_step_need_no_change() {
    let mut workspace = Workspace::new();
    workspace.record_last_step();
    for name in ["step-07-a", "step-08-b", "step-09-c", "step-10-d"] {
        let step = experiment(name);
        workspace.put_step_source(name);
        workspace.record(&record(&step, 1));
        workspace.experiments.push(step);
    }
    for (name, picture) in pictures(&workspace) {
        let curves = name.starts_with("curves");
        assert!(!curves || picture.contains("step-10-d"), "{name}");
    }
    let frontier = picture(&workspace, "frontier");
    assert!(
        frontier.contains("without dropout, as in steps 1, 2, 3, 4, 5, 6, 7, 8, 9 and 10"),
        "{frontier}"
    );
    assert!(workspace.is_up_to_date());
}
