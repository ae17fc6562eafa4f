//! The rules of the ladder: small networks, few epochs, one change a step.

use burn::module::Module;
use burn::tensor::Device;
use experiment::{DropoutAfter, Experiment, Recipe, Schedule};
use files::Workspace;
use ladder::steps::experiments as steps;
use model_core::Network;

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
        assert_eq!(
            step.recipe.distillation, None,
            "{} has a teacher",
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
        let network =
            Network::new(&step.architecture, step.recipe.dropout, &Device::flex()).unwrap();
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
fn columns(step: &Experiment) -> [(&'static str, bool); 5] {
    [
        ("Batch Normalization", step.architecture.has_batch_norm()),
        ("Dropout", step.recipe.dropout > 0.0),
        ("FC Layer", step.architecture.has_fully_connected()),
        ("Image Augmentation", step.recipe.augmentation.is_some()),
        ("LR Scheduler", step.recipe.schedule != Schedule::Constant),
    ]
}

#[test]
fn the_skeleton_has_none_of_it_and_no_step_takes_any_away() {
    let steps = steps();
    assert!(columns(&steps[0]).iter().all(|(_, present)| !present));
    for pair in steps.windows(2) {
        let columns = columns(&pair[0]).into_iter().zip(columns(&pair[1]));
        for ((column, before), (_, after)) in columns {
            assert!(after || !before, "{} takes away {column}", pair[1].name);
        }
    }
}

/// Everything that makes a step, in parts of which a step changes one: what has a column of its own, and all the rest.
fn parts(step: &Experiment) -> [(&'static str, String); 6] {
    let recipe = &step.recipe;
    let mut architecture = step.architecture.clone().with_batch_norm();
    if !architecture.has_fully_connected() {
        architecture = architecture.with_factored_head().unwrap();
    }
    let rest = Recipe {
        dropout: 0.0,
        augmentation: None,
        dropout_after: DropoutAfter::default(),
        schedule: Schedule::Constant,
        ..recipe.clone()
    };
    let has_batch_norm = step.architecture.has_batch_norm();
    let has_fully_connected = step.architecture.has_fully_connected();
    [
        ("Batch Normalization", has_batch_norm.to_string()),
        ("FC Layer", has_fully_connected.to_string()),
        (
            "Dropout",
            format!("{} {:?}", recipe.dropout, recipe.dropout_after),
        ),
        ("Image Augmentation", format!("{:?}", recipe.augmentation)),
        ("LR Scheduler", format!("{:?}", recipe.schedule)),
        ("the rest", format!("{:?}", (architecture, rest))),
    ]
}

#[test]
fn a_step_changes_one_thing() {
    for pair in steps().windows(2) {
        let both = parts(&pair[0]).into_iter().zip(parts(&pair[1]));
        let changed = both.filter(|((_, before), (_, after))| before != after);
        let changed: Vec<&str> = changed.map(|((part, _), _)| part).collect();
        assert_eq!(changed.len(), 1, "{}: {changed:?}", pair[1].name);
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
        let manifest = Workspace::find()
            .unwrap()
            .root()
            .join("experiments")
            .join(&*step.name)
            .join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).expect("the crate is there");
        assert!(
            text.contains(&format!("name = \"{}\"", step.name)),
            "{}",
            manifest.display()
        );
    }
}
