//! The committed evidence is about the code as it is, and there is enough of it.

use experiment::{Experiment, Recipe, RunResult, TARGET_ACCURACY, read_results, results_directory};
use ladder::steps::experiments as steps;
use mnist::Split;

const SEEDS: [u64; 5] = [1, 2, 3, 4, 5];

/// The runs of an experiment in a folder of results, which must have every seed, its recipe and its network.
fn runs(folder: &str, experiment: &Experiment, split: Split) -> Vec<RunResult> {
    let results = read_results(&results_directory().join(folder)).expect("the results are valid");
    let runs: Vec<RunResult> = results
        .into_iter()
        .filter(|run| run.step == experiment.name)
        .collect();
    for seed in SEEDS {
        let run = runs.iter().find(|run| run.seed == seed);
        let run = run.unwrap_or_else(|| panic!("{}: seed {seed} is missing", experiment.name));
        let recipe = Recipe {
            seed,
            ..experiment.recipe.clone()
        };
        assert_eq!(run.recipe, recipe, "{}", experiment.name);
        assert_eq!(
            run.architecture, experiment.architecture,
            "{}",
            experiment.name
        );
        assert_eq!(run.split, split, "{}", experiment.name);
        let commit = run.versions.git_commit.as_deref();
        assert!(
            commit.is_some_and(|commit| !commit.ends_with("-dirty")),
            "{}, seed {seed}: {commit:?}",
            experiment.name
        );
    }
    runs
}

#[test]
fn every_step_has_five_seeds_with_the_recipe_in_the_code() {
    for step in steps() {
        for run in runs("", &step, Split::Test) {
            assert_eq!((run.train_images, run.last().test_total), (60_000, 10_000));
        }
    }
}

#[test]
fn every_network_of_the_frontier_has_five_seeds() {
    let networks = frontier::experiments();
    assert!(!networks.is_empty());
    for network in networks {
        runs("frontier", &network, Split::Test);
    }
}

#[test]
fn the_last_step_was_checked_with_test_and_held_out_images_swapped() {
    let last = steps().into_iter().next_back().expect("there are steps");
    for run in runs("swapped", &last, Split::Swapped) {
        assert_eq!((run.train_images, run.last().test_total), (60_000, 10_000));
    }
}

#[test]
fn the_last_step_holds_the_target_with_every_seed() {
    let last = steps().into_iter().next_back().expect("there are steps");
    for run in runs("", &last, Split::Test) {
        let lowest = run.lowest_of_last();
        assert!(lowest >= TARGET_ACCURACY, "seed {}: {lowest}", run.seed);
    }
}
