//! A run's folder: what is there after every way in which a run can end.

use std::fs;
use std::path::{Path, PathBuf};

use architecture::Architecture;
use evidence::{
    Epoch, Evaluation, Kind, Misclassified, Opened, Origin, Places, Record, RunFolder, RunId,
    SCHEMA_VERSION, Sizes, State, live_runs, read_finished, sha256, weights_belong,
};
use experiment::{DropoutAfter, Name, Optimizer, Recipe, Schedule};
use files::Workspace;
use mnist::{DataSet, Split};
use tempfile::TempDir;

const SIZES: Sizes = Sizes {
    state: 1_000,
    finished: 1_000,
};

fn run(seed: u64) -> RunId {
    RunId {
        kind: Kind::Own,
        name: Name::from_static("small"),
        data_set: DataSet::mnist(),
        split: Split::Test,
        train_images: 600,
        seed,
        backend: "flex".into(),
        instructions: Some("portable".into()),
        architecture: Architecture::new(1, 28)
            .convolution_block(4, 3)
            .convolution_head(10),
        recipe: Recipe {
            optimizer: Optimizer::Sgd {
                momentum: 0.9,
                nesterov: true,
                weight_decay: 0.0,
            },
            learning_rate: 0.1,
            schedule: Schedule::Constant,
            batch_size: 64,
            epochs: 3,
            dropout: 0.0,
            dropout_after: DropoutAfter::default(),
            augmentation: None,
            refinement_epochs: 0,
            statistics_images: 0,
            label_smoothing: 0.0,
            distillation: None,
            trial: None,
        },
    }
}

fn origin() -> Origin {
    Origin {
        commits: Vec::new(),
        package: "0.1.0".into(),
        burn: "0.22.1".into(),
        device: "CPU".into(),
        cpu: None,
        threads: 2,
        began: None,
        migrated_from: None,
    }
}

fn epoch(number: usize) -> Epoch {
    Epoch {
        epoch: number,
        learning_rate: 0.1,
        train_loss: 0.5,
        train_accuracy: 0.9,
        test_loss: 0.4,
        test_correct: 99,
        test_total: 100,
        seconds: 5.0,
    }
}

fn state(epochs: usize) -> State {
    State {
        origin: origin(),
        teacher_epochs: Vec::new(),
        teacher: None,
        epochs: (1..=epochs).map(epoch).collect(),
    }
}

fn record(run: &RunId, weights: &[u8]) -> Record {
    let mut confusion = vec![vec![0; 10]; 10];
    for (class, row) in confusion.iter_mut().enumerate() {
        row[class] = 10;
    }
    confusion[0][0] = 9;
    confusion[0][6] = 1;
    Record {
        schema_version: SCHEMA_VERSION,
        run: run.clone(),
        title: "Small".into(),
        origin: origin(),
        parameters: run.architecture.summary().unwrap().totals.parameters,
        epochs: (1..=3).map(epoch).collect(),
        teacher: None,
        train: Evaluation {
            loss: 0.1,
            correct: 590,
            total: 600,
        },
        confusion,
        misclassified: vec![Misclassified::new(0, &[0.1; 10])],
        disturbed: Vec::new(),
        weights_sha256: Some(sha256(weights)),
    }
}

fn open(path: &Path, run: &RunId) -> anyhow::Result<Opened> {
    RunFolder::open(path, run, "Small", false)
}

fn new(path: &Path, run: &RunId) -> RunFolder {
    match open(path, run).unwrap() {
        Opened::New(folder) => folder,
        other => panic!("{other:?}"),
    }
}

/// The epochs that a run goes on after, its model's bytes, and what was refused.
fn resumed(path: &Path, run: &RunId) -> (usize, Vec<u8>, Vec<String>) {
    match open(path, run).unwrap() {
        Opened::Resumed(resumed) => {
            let model = resumed.parts.into_iter().find(|(name, _)| name == "model");
            (
                resumed.state.epochs.len(),
                model.unwrap().1,
                resumed.refused,
            )
        }
        other => panic!("{other:?}"),
    }
}

fn error(path: &Path, run: &RunId) -> String {
    let message = format!("{:#}", open(path, run).unwrap_err());
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

/// A run that was broken off after so many epochs. The model after epoch n is n, four times.
fn broken_off(path: &Path, run: &RunId, epochs: usize) {
    let mut folder = new(path, run);
    folder.take_room(SIZES).unwrap();
    for number in 1..=epochs {
        let model = [number as u8; 4];
        let parts: [(&str, &[u8]); 2] = [("model", &model), ("optimizer", b"optimizer")];
        folder.add_state(&state(number), &parts).unwrap();
    }
}

fn finish(path: &Path, run: &RunId, weights: &[u8]) -> Record {
    let record = record(run, weights);
    let folder = match RunFolder::open(path, run, "Small", true).unwrap() {
        Opened::New(folder) => folder,
        other => panic!("{other:?}"),
    };
    folder.finish(&record, weights).unwrap();
    record
}

fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn temporary() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run");
    (directory, path)
}

#[test]
fn a_run_goes_on_after_its_newest_state_and_keeps_two() {
    let (_directory, path) = temporary();
    broken_off(&path, &run(1), 3);
    assert_eq!(resumed(&path, &run(1)), (3, vec![3; 4], Vec::new()));
    let states = names(&path);
    let states = states.iter().filter(|name| name.starts_with("state-"));
    assert_eq!(states.count(), 2 * 3, "two states of three files");
}

#[test]
fn a_finished_run_is_whole_and_has_no_states() {
    let (_directory, path) = temporary();
    broken_off(&path, &run(1), 2);
    let record = match open(&path, &run(1)).unwrap() {
        Opened::Resumed(resumed) => {
            let record = record(&run(1), b"weights");
            resumed.folder.finish(&record, b"weights").unwrap();
            record
        }
        other => panic!("{other:?}"),
    };
    let expected = ["lock", "manifest.json", "model.safetensors", "result.json"];
    assert_eq!(names(&path), expected);
    assert_eq!(read_finished(&path).unwrap(), record);
    match open(&path, &run(1)).unwrap() {
        Opened::Finished(found) => assert_eq!(*found, record),
        other => panic!("{other:?}"),
    }
    // Anew, the finished run stays until the new one is finished.
    let fresh = RunFolder::open(&path, &run(1), "Small", true).unwrap();
    assert!(matches!(fresh, Opened::New(_)), "{fresh:?}");
    drop(fresh);
    assert_eq!(read_finished(&path).unwrap(), record);
}

#[test]
fn a_damaged_state_is_refused_by_name_and_the_one_before_it_used() {
    for (file, damage) in [("history.json", 10), ("model", 1), ("optimizer", 0)] {
        for cut_short in [false, true] {
            let (_directory, path) = temporary();
            broken_off(&path, &run(1), 3);
            let file = path.join(format!("state-00000-00003-{file}"));
            let mut content = fs::read(&file).unwrap();
            if cut_short {
                content.truncate(damage);
            } else {
                content[damage] ^= 1;
            }
            fs::write(&file, content).unwrap();
            let (epochs, model, refused) = resumed(&path, &run(1));
            assert_eq!((epochs, model), (2, vec![2; 4]));
            assert_eq!(refused.len(), 1);
            let name = file.file_name().unwrap().to_str().unwrap();
            assert!(
                refused[0].contains(name) && refused[0].contains("epoch 3"),
                "{refused:?}"
            );
        }
    }
}

#[test]
fn without_a_state_that_can_be_used_the_run_is_refused_until_it_begins_anew() {
    let (_directory, path) = temporary();
    broken_off(&path, &run(1), 3);
    for epoch in [2, 3] {
        fs::remove_file(path.join(format!("state-00000-{epoch:05}-model"))).unwrap();
    }
    assert!(error(&path, &run(1)).contains("--fresh begins the run anew"));
    let fresh = RunFolder::open(&path, &run(1), "Small", true).unwrap();
    assert!(matches!(fresh, Opened::New(_)), "{fresh:?}");
    drop(fresh);
    assert_eq!(names(&path), ["lock", "manifest.json"]);
}

#[test]
fn another_run_is_refused_by_name() {
    let (_directory, path) = temporary();
    broken_off(&path, &run(1), 1);
    let message = error(&path, &run(2));
    assert!(
        message.contains("small, seed 1") && message.contains("--out"),
        "{message}"
    );
    let mut other = run(1);
    other.instructions = Some("avx2".into());
    assert!(error(&path, &other).contains("holds another run"));
    assert_eq!(resumed(&path, &run(1)).0, 1);
}

#[test]
fn a_manifest_that_is_none_is_refused_by_name() {
    let (_directory, path) = temporary();
    broken_off(&path, &run(1), 1);
    let manifest = path.join("manifest.json");
    let good = fs::read_to_string(&manifest).unwrap();
    for (bad, expected) in [
        ("not JSON".to_owned(), "manifest.json"),
        (
            good.replace("\"schema_version\": 3", "\"schema_version\": 4"),
            "schema_version is 4",
        ),
        (
            good.replace("state-00000-00001-model", "../../secret"),
            "leads elsewhere",
        ),
        (
            good.replace("\"small\"", "\"../../x\""),
            "the name \"../../x\"",
        ),
    ] {
        fs::write(&manifest, bad).unwrap();
        let message = error(&path, &run(1));
        assert!(
            message.contains(expected) && message.contains("--fresh"),
            "{message}"
        );
    }
}

#[test]
fn a_folder_that_a_live_run_has_is_refused() {
    let (_directory, path) = temporary();
    let folder = new(&path, &run(1));
    let message = error(&path, &run(1));
    assert!(
        message.contains("in use by a live run (process "),
        "{message}"
    );
    drop(folder);
    assert!(open(&path, &run(1)).is_ok());
}

#[test]
fn record_and_weights_of_different_runs_are_refused() {
    let (_directory, path) = temporary();
    finish(&path, &run(1), b"weights");
    let weights = path.join("model.safetensors");
    weights_belong(&weights).unwrap();
    fs::write(&weights, "others").unwrap();
    for message in [
        read_finished(&path).unwrap_err(),
        weights_belong(&weights).unwrap_err(),
    ] {
        let message = format!("{message:#}");
        assert!(
            message.contains("model.safetensors") && message.contains("belong"),
            "{message}"
        );
    }
    // Beside a recorded run, the record says which weights are its own.
    let recorded = path.join("seed-1.json");
    let text = record(&run(1), b"weights").to_json().unwrap();
    fs::write(&recorded, text).unwrap();
    let of_record = recorded.with_extension("safetensors");
    fs::write(&of_record, "weights").unwrap();
    weights_belong(&of_record).unwrap();
    fs::write(&of_record, "others").unwrap();
    assert!(weights_belong(&of_record).is_err());
    // A file of weights that lies anywhere else is free.
    let elsewhere = path.join("mine.safetensors");
    fs::write(&elsewhere, "mine").unwrap();
    weights_belong(&elsewhere).unwrap();
}

#[test]
fn a_run_that_replaces_another_does_so_in_one_step() {
    let (_directory, path) = temporary();
    let first = finish(&path, &run(1), b"weights of seed 1");
    let second = finish(&path, &run(2), b"weights of seed 2");
    assert_eq!(read_finished(&path).unwrap(), second);

    // As a process leaves it that dies after the manifest and before the files have their names.
    let manifest = fs::read(path.join("manifest.json")).unwrap();
    let record = fs::read(path.join("result.json")).unwrap();
    finish(&path, &run(1), b"weights of seed 1");
    assert_eq!(read_finished(&path).unwrap(), first);
    fs::write(path.join(".next-result.json"), record).unwrap();
    fs::write(path.join(".next-model.safetensors"), "weights of seed 2").unwrap();
    assert_eq!(read_finished(&path).unwrap(), first);
    fs::write(path.join("manifest.json"), manifest).unwrap();
    assert_eq!(read_finished(&path).unwrap(), second);
    assert!(matches!(open(&path, &run(2)).unwrap(), Opened::Finished(_)));
    let expected = ["lock", "manifest.json", "model.safetensors", "result.json"];
    assert_eq!(names(&path), expected);
    assert_eq!(
        fs::read(path.join("model.safetensors")).unwrap(),
        b"weights of seed 2"
    );
}

#[test]
fn leftovers_of_a_killed_process_go() {
    let (_directory, path) = temporary();
    broken_off(&path, &run(1), 1);
    for name in [
        ".room",
        ".writing-x",
        ".next-result.json",
        "state-00000-00002-model",
    ] {
        fs::write(path.join(name), "left").unwrap();
    }
    fs::write(path.join("notes.txt"), "mine").unwrap();
    assert_eq!(resumed(&path, &run(1)).0, 1);
    let left = names(&path);
    let left = left
        .iter()
        .filter(|name| !name.starts_with("state-00000-00001"));
    assert_eq!(
        left.collect::<Vec<_>>(),
        ["lock", "manifest.json", "notes.txt"]
    );
}

#[test]
fn two_runs_are_the_same_if_and_only_if_their_ids_are() {
    let hash = |change: fn(&mut RunId)| {
        let mut run = run(1);
        change(&mut run);
        run.hash().unwrap()
    };
    let same = hash(|_| ());
    assert_eq!(
        same,
        hash(|run| run.data_set.name = "called otherwise".into())
    );
    let elsewhere = RunId {
        instructions: Some("avx2".into()),
        ..run(2)
    };
    for repeats in [run(2), elsewhere.clone()] {
        assert!(run(1).is_repeated_by(&repeats));
        assert!(repeats.is_repeated_by(&run(1)));
    }
    // The same seed again is no other seed.
    assert!(!run(2).is_repeated_by(&elsewhere));
    assert!(!run(2).is_repeated_by(&run(2)));
    let changes: [fn(&mut RunId); 9] = [
        |run| run.kind = Kind::Search,
        |run| run.name = Name::from_static("other"),
        |run| run.data_set.sha256 = "0".into(),
        |run| run.split = Split::Holdout,
        |run| run.train_images = 599,
        |run| run.seed = 2,
        |run| run.backend = "ndarray".into(),
        |run| run.instructions = None,
        |run| run.recipe.epochs = 1,
    ];
    for change in changes {
        assert_ne!(same, hash(change));
    }
}

#[test]
fn records_are_read_back_and_those_of_another_kind_refused() {
    let record = record(&run(1), b"weights");
    let text = record.to_json().unwrap();
    assert_eq!(Record::from_json(&text).unwrap(), record);
    let refused = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        format!("{:#}", Record::from_json(&changed).unwrap_err())
    };
    let old = refused("\"schema_version\": 3", "\"schema_version\": 2");
    assert!(
        old.contains("is 2, expected 3") && old.contains("cargo ladder run"),
        "{old}"
    );
    for (from, to, expected) in [
        (
            "[9, 0, 0, 0, 0, 0, 1,",
            "[18446744073709551615, 0, 0, 0, 0, 0, 1,",
            "confusion matrix",
        ),
        (
            "\"name\": \"small\"",
            "\"name\": \"../../x\"",
            "the name \"../../x\"",
        ),
        ("\"total\": 600", "\"total\": 0", "trained on 600"),
        ("{\"image\": 0", "{\"image\": 100", "below 100"),
        (
            "\"title\": \"Small\"",
            "\"title\": \"S\\u001b[31m\"",
            "one line",
        ),
        ("\"input_channels\": 1", "\"input_channels\": 3", "takes"),
    ] {
        let message = refused(from, to);
        assert!(message.contains(expected), "{from}: {message}");
    }
}

#[test]
fn a_live_run_is_seen_from_its_beginning_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("data/mnist")).unwrap();
    let places = Places::of(Workspace::at(directory.path()).unwrap());
    assert_eq!(live_runs(&places), []);
    let path = places.run_folder(&run(3)).unwrap();
    let mut folder = new(&path, &run(3));
    let seen = || {
        let runs = live_runs(&places);
        assert_eq!(runs.len(), 1);
        runs[0].clone()
    };
    assert_eq!(
        (seen().seed, seen().planned_epochs, seen().epochs.len()),
        (3, 3, 0)
    );
    assert_eq!(seen().process, std::process::id());
    for number in [1, 2] {
        folder
            .add_state(&state(number), &[("model", b"model")])
            .unwrap();
        assert_eq!(seen().epochs, state(number).epochs);
    }
    assert!(places.is_live(&run(3)).unwrap());
    drop(folder);
    assert_eq!(live_runs(&places), []);
    assert!(places.finished(&run(3)).is_err());
    finish(&path, &run(3), b"weights");
    assert!(places.finished(&run(3)).is_ok());
    // One that cannot be read does not hide the others.
    fs::create_dir_all(path.with_file_name("broken")).unwrap();
    fs::write(
        path.with_file_name("broken").join("manifest.json"),
        "broken",
    )
    .unwrap();
    let (records, problems) = places.finished_runs();
    assert_eq!((records.len(), problems.len()), (1, 1), "{problems:?}");
}

#[test]
fn only_a_run_of_one_clean_commit_goes_on_record() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("data/mnist")).unwrap();
    let places = Places::of(Workspace::at(directory.path()).unwrap());
    let mut run = run(1);
    run.kind = Kind::Frontier;
    let path = places.run_folder(&run).unwrap();
    let commit = |clean| evidence::Commit {
        hash: "a".repeat(40),
        clean,
    };
    for (commits, refused) in [
        (vec![], Some("outside of a git checkout")),
        (vec![commit(false)], Some("uncommitted changes")),
        (
            vec![commit(true), commit(false)],
            Some("resumed with another"),
        ),
        (vec![commit(true)], None),
    ] {
        let mut record = record(&run, b"weights");
        record.origin.commits = commits;
        let folder = RunFolder::open(&path, &run, "Small", true).unwrap();
        let Opened::New(folder) = folder else {
            panic!("{folder:?}");
        };
        folder.finish(&record, b"weights").unwrap();
        let recorded = places.put_on_record(&path);
        match refused {
            Some(reason) => {
                let message = format!("{:#}", recorded.unwrap_err());
                assert!(message.contains(reason), "{message}");
                assert!(places.records(Kind::Frontier).unwrap().is_empty());
            }
            None => {
                let file = Places::record_file(Kind::Frontier, "small", 1);
                assert!(recorded.unwrap().ends_with(file));
                assert_eq!(places.records(Kind::Frontier).unwrap(), [record]);
                assert_eq!(
                    fs::read(places.weights(Kind::Frontier, "small")).unwrap(),
                    b"weights"
                );
                assert_eq!(places.evidence_files().unwrap().len(), 2);
            }
        }
    }
}
