//! The committed evidence is about the code as it is, and there is enough of it.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use evidence::{Kind, Places, Record, TARGET_ACCURACY};
use experiment::Experiment;
use files::Workspace;
use ladder::steps::{experiments as steps, last};
use mnist::DataSet;

/// The recorded runs of an experiment, which must have these seeds, its recipe, its network and all of MNIST.
fn runs(kind: Kind, experiment: &Experiment, seeds: RangeInclusive<u64>) -> Vec<Record> {
    let places = Places::of(Workspace::find().unwrap());
    let runs = places
        .records(kind)
        .expect("the records are valid")
        .into_iter();
    let runs: Vec<Record> = runs
        .filter(|run| run.name() == experiment.name.as_str())
        .collect();
    for seed in seeds {
        let run = runs.iter().find(|run| run.seed() == seed);
        let run = run.unwrap_or_else(|| panic!("{}: seed {seed} is missing", experiment.name));
        assert!(run.run.is_of(experiment), "{}", experiment.name);
        assert_eq!(run.run.data_set, DataSet::mnist());
        assert_eq!(
            (run.run.train_images, run.last().test_total),
            (60_000, 10_000)
        );
        assert_eq!(run.origin.reason_against(), None, "{}", run.run.describe());
    }
    runs
}

#[test]
fn every_step_has_ten_seeds_and_ten_fresh_ones_with_the_recipe_in_the_code() {
    for step in steps() {
        for seeds in [1..=10, 31..=40] {
            runs(Kind::Step, &step, seeds);
        }
    }
}

#[test]
fn every_network_of_the_frontier_has_five_seeds() {
    let networks = frontier::experiments();
    assert!(!networks.is_empty());
    for network in networks {
        runs(Kind::Frontier, &network, 1..=5);
    }
}

#[test]
fn the_last_step_without_one_ingredient_each_has_ten_seeds() {
    for experiment in without::experiments() {
        // Without batch normalisation, the sixth does not come to an end.
        let seeds: [RangeInclusive<u64>; 2] = match experiment.name.as_str() {
            "without-batchnorm" => [1..=5, 7..=10],
            _ => [1..=5, 6..=10],
        };
        for seeds in seeds {
            runs(Kind::Without, &experiment, seeds);
        }
    }
}

#[test]
fn the_last_step_was_checked_with_test_and_held_out_images_swapped() {
    runs(Kind::Swapped, &last(), 1..=10);
}

#[test]
fn the_last_step_holds_the_target_with_each_of_ten_fresh_seeds() {
    let fresh = 31..=40;
    let runs = runs(Kind::Step, &last(), fresh.clone());
    for run in runs.iter().filter(|run| fresh.contains(&run.seed())) {
        let lowest = run.lowest_of_last();
        assert!(lowest >= TARGET_ACCURACY, "seed {}: {lowest}", run.seed());
    }
}

/// Descriptions grow, but what is recorded is not to be written anew.
#[test]
fn every_record_is_written_as_it_was_read() {
    let places = Places::of(Workspace::find().unwrap());
    let mut records = files_below(&places.results());
    records.retain(|path| Record::is_at(path));
    assert!(records.len() > 100, "{}", records.len());
    for path in records {
        let record = Record::read(&path).expect("the record is valid");
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(record.to_json().unwrap(), text, "{}", path.display());
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}
