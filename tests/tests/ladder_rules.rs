//! The rules of the ladder: small networks, few epochs, one change a step.

use burn::module::Module;
use burn::tensor::Device;
use experiment::{Experiment, Recipe, Schedule};
use ladder::steps::experiments as steps;

const MAX_PARAMETERS: usize = 8_000;
const MAX_EPOCHS: usize = 15;

#[test]
fn every_step_is_small_and_short() {
    for step in steps() {
        let parameters = step
            .architecture
            .summary()
            .expect("it can be built")
            .totals
            .parameters;
        assert!(
            parameters < MAX_PARAMETERS,
            "{} has {parameters} parameters",
            step.name
        );
        assert!(
            step.recipe.epochs <= MAX_EPOCHS,
            "{} trains {} epochs",
            step.name,
            step.recipe.epochs
        );
    }
}

#[test]
fn every_network_maps_an_image_to_ten_classes() {
    for step in steps() {
        assert_eq!(
            (
                step.architecture.input_channels,
                step.architecture.input_size
            ),
            (1, 28)
        );
        assert_eq!(
            step.architecture.summary().unwrap().outputs(),
            10,
            "{}",
            step.name
        );
    }
}

#[test]
fn the_calculator_counts_the_parameters_of_the_module() {
    for step in steps() {
        let totals = step.architecture.summary().unwrap().totals;
        let network = step
            .architecture
            .init(step.recipe.dropout, &Device::flex())
            .unwrap();
        // Burn counts the running statistics of batch normalisation among the parameters of a module.
        assert_eq!(
            network.num_params(),
            totals.parameters + totals.non_trainable_parameters,
            "{}",
            step.name
        );
    }
}

/// The columns of the results table that say what a step is.
fn columns(step: &Experiment) -> [(&'static str, bool); 6] {
    [
        ("Batch Normalization", step.architecture.has_batch_norm()),
        ("Dropout", step.recipe.dropout > 0.0),
        ("FC Layer", step.architecture.has_fully_connected()),
        ("Image Augmentation", step.recipe.augmentation.is_some()),
        ("LR Scheduler", step.recipe.schedule != Schedule::Constant),
        ("Distillation", step.recipe.distillation.is_some()),
    ]
}

/// The column in which each step differs from the one before.
const CHANGES: [&str; 7] = [
    "Batch Normalization",
    "Dropout",
    "FC Layer",
    "Image Augmentation",
    "LR Scheduler",
    "Parameters",
    "Distillation",
];

#[test]
fn the_skeleton_has_none_of_it_and_each_step_adds_the_next() {
    let steps = steps();
    assert_eq!(steps.len(), CHANGES.len() + 1);
    for (index, step) in steps.iter().enumerate() {
        for (column, present) in columns(step) {
            let added = CHANGES[..index].contains(&column);
            assert_eq!(present, added, "{}: {column}", step.name);
        }
    }
}

#[test]
fn a_step_changes_nothing_but_its_own_column() {
    // With the columns that can be switched made equal, neighbours must be the same experiment.
    let neutral = |step: &Experiment| {
        let architecture = step
            .architecture
            .clone()
            .with_batch_norm()
            .with_factored_head();
        let recipe = Recipe {
            dropout: 0.0,
            augmentation: None,
            schedule: Schedule::Constant,
            distillation: None,
            ..step.recipe.clone()
        };
        (architecture, recipe)
    };
    for (pair, change) in steps().windows(2).zip(CHANGES) {
        let [before, step] = pair else {
            unreachable!("windows of two")
        };
        let (name, previous) = (&step.name, &before.name);
        if change == "Parameters" {
            // Other widths, and nothing but these.
            assert_ne!(step.architecture, before.architecture, "{name}");
            assert_eq!(step.recipe, before.recipe, "{name} and {previous}");
        } else {
            assert_eq!(neutral(step), neutral(before), "{name} and {previous}");
            assert_ne!(
                (&step.architecture, &step.recipe),
                (&before.architecture, &before.recipe),
                "{name} is {previous}"
            );
        }
    }
}

#[test]
fn a_step_is_named_after_its_crate() {
    for (index, step) in steps().iter().enumerate() {
        assert!(
            step.name.starts_with(&format!("step-{:02}-", index + 1)),
            "{}",
            step.name
        );
        let manifest = mnist::workspace_directory()
            .join("experiments")
            .join(&step.name)
            .join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).expect("the crate is there");
        assert!(
            text.contains(&format!("name = \"{}\"", step.name)),
            "{}",
            manifest.display()
        );
    }
}
