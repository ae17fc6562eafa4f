//! A run that is broken off and resumed ends in the very bytes of one that was not, on every backend that is compiled in
//! and computes on the CPU.
//!
//! One test alone: the CPU backends have one generator for the whole process.
#![recursion_limit = "256"]

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use architecture::Architecture;
use batches::EvaluationLoader;
use burn::data::dataloader::DataLoader;
use clap::ValueEnum;
use evidence::{Kind, Opened, Origin, Places, RunFolder, RunId, State, live_states, sha256};
use experiment::{Distillation, DropoutAfter, Experiment, Name, Optimizer, Recipe, Schedule};
use files::Workspace;
use made_up::left;
use mnist::{Augmentation, DataSet, Mnist, Split};
use model_core::weights;
use training::signals::Signal;
use training::{
    Backend, Cause, Data, Keeper, Selected, Stop, network_of, record, run_id, select_device, train,
};

/// Everything that a run can depend on: dropout, augmentation and its end, a schedule, label smoothing, a teacher.
fn experiment(optimizer: Optimizer) -> Experiment {
    let network = |width| {
        Architecture::new(1, 28)
            .convolution_block(width, 3)
            .max_pool(2)
            .separable_block(width, 3)
            .with_batch_norm()
            .factored_head(10)
    };
    Experiment {
        name: Name::from_static("resumed"),
        title: "A run that is broken off".into(),
        architecture: network(6),
        recipe: Recipe {
            optimizer,
            learning_rate: 0.02,
            schedule: Schedule::Cosine {
                initial_factor: 2.0,
                epochs: 3,
                final_factor: 0.1,
            },
            batch_size: 64,
            epochs: 4,
            dropout: 0.1,
            dropout_after: DropoutAfter::default(),
            augmentation: Some(Augmentation {
                translation_pixels: 2.0,
                rotation_degrees: 10.0,
                scaling: 0.1,
                shear_degrees: 5.0,
                elastic_pixels: 0.5,
            }),
            refinement_epochs: 1,
            statistics_images: 40,
            label_smoothing: 0.05,
            distillation: Some(Distillation {
                teacher: network(8),
                temperature: 2.0,
                weight: 0.5,
            }),
            trial: None,
        },
    }
}

fn data() -> Data {
    let data = Workspace::find().unwrap().data();
    let digits = Mnist::load_verified(&data).unwrap().train;
    Data {
        data_set: DataSet::mnist(),
        split: Split::Holdout,
        train: Arc::new(digits.slice(0..320)),
        evaluation: Arc::new(digits.slice(320..700)),
    }
}

/// Makes a run in a folder, or goes on with it. Where `stop_after` says, it is stopped after so many epochs of the teacher and
/// of the network; returns whether it was finished.
fn make(
    folder: &Path,
    run: &RunId,
    data: &Data,
    selected: &Selected,
    stop_after: Option<[usize; 2]>,
) -> bool {
    let origin = Origin {
        commits: Vec::new(),
        package: "0.1.0".into(),
        burn: "0.22.1".into(),
        device: "CPU".into(),
        cpu: None,
        threads: 1,
        began: None,
        migrated_from: None,
    };
    let begin = State {
        origin: origin.clone(),
        teacher_epochs: Vec::new(),
        teacher: None,
        epochs: Vec::new(),
    };
    let (opened, state, parts) = match RunFolder::open(folder, run, "Resumed", false).unwrap() {
        Opened::New(opened) => (opened, begin, Vec::new()),
        Opened::Resumed(resumed) => {
            assert!(resumed.refused.is_empty(), "{:?}", resumed.refused);
            (resumed.folder, resumed.state, resumed.parts)
        }
        Opened::Finished(_) => return true,
    };
    let keeper = Keeper::new(opened, state, parts);
    let stop = Stop::default();
    let watch = stop_after.map(|epochs| {
        let (keeper, stop) = (keeper.clone(), stop.clone());
        thread::spawn(move || {
            loop {
                let state = keeper.state();
                if [state.teacher_epochs.len(), state.epochs.len()] >= epochs {
                    stop.stop(Cause::Signal(Signal::Interrupt));
                    return;
                }
                thread::sleep(Duration::from_millis(1));
            }
        })
    });
    let trained = train(run, data, selected, &stop, Some(&keeper));
    if let Some(watch) = watch {
        watch.join().unwrap();
    }
    let Ok(trained) = trained else {
        return false;
    };
    let weights = weights::to_bytes(&trained.network).unwrap();
    let record = record(run, "Resumed", origin, trained, sha256(&weights)).unwrap();
    keeper
        .into_folder()
        .unwrap()
        .finish(&record, &weights)
        .unwrap();
    true
}

/// Checks that the network which others see of a live run is the one that its last epoch evaluated.
fn check_live(places: &Places, run: &RunId, data: &Data, selected: &Selected) {
    /// All images at once.
    const BATCH: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();
    let folder = places.run_folder(run).unwrap();
    let Opened::Resumed(resumed) = RunFolder::open(&folder, run, "Resumed", false).unwrap() else {
        panic!("it was not interrupted");
    };
    let states = live_states(places);
    assert_eq!(states.len(), 1);
    let epochs = &resumed.state.epochs;
    assert_eq!(states[0].epochs, epochs.len());
    let network = network_of(&states[0], &selected.device).unwrap();
    let device = selected.device.clone();
    let loader = EvaluationLoader::new(data.evaluation.clone(), BATCH, device);
    let batch = DataLoader::iter(&loader).next().unwrap().unwrap();
    let answers = network.forward(batch.images).argmax(1);
    let answers = answers
        .into_data()
        .convert::<i64>()
        .try_into_vec::<i64>()
        .unwrap();
    let right = answers.iter().enumerate();
    let right = right.filter(|(index, digit)| data.evaluation.label(*index) == **digit as u8);
    assert_eq!(right.count(), epochs.last().unwrap().test_correct);
}

#[test]
fn resumed_runs_end_in_the_same_record_and_weights() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("data/mnist")).unwrap();
    let places = Places::of(Workspace::at(directory.path()).unwrap());
    let data = data();
    let optimizers = [
        Optimizer::Sgd {
            momentum: 0.9,
            nesterov: true,
            weight_decay: 5e-4,
        },
        Optimizer::AdamW {
            beta_1: 0.9,
            beta_2: 0.999,
            weight_decay: 1e-2,
        },
    ];
    let mut backends = 0;
    for backend in Backend::value_variants() {
        let selected = select_device(Some(*backend)).unwrap();
        if !selected.uses_kernels {
            continue;
        }
        backends += 1;
        for (number, optimizer) in optimizers.iter().enumerate() {
            let run = run_id(
                Kind::Own,
                &experiment(optimizer.clone()),
                5,
                &data,
                &selected,
            );
            let folder = |name: &str| {
                let name = format!("{}-{number}-{name}", selected.backend);
                directory.path().join(name)
            };
            assert!(make(&folder("whole"), &run, &data, &selected, None));
            let whole = left(&folder("whole"));
            assert_eq!(whole.0.epochs.len(), 4);
            // Within the teacher's epochs, at their end, and within the network's.
            for stop_after in [[2, 0], [4, 0], [4, 2]] {
                let folder = match stop_after {
                    // Where others look for it.
                    [4, 2] => places.run_folder(&run).unwrap(),
                    _ => folder(&format!("{stop_after:?}")),
                };
                assert!(
                    !make(&folder, &run, &data, &selected, Some(stop_after)),
                    "it was stopped"
                );
                if stop_after == [4, 2] {
                    check_live(&places, &run, &data, &selected);
                }
                assert!(make(&folder, &run, &data, &selected, None));
                let resumed = left(&folder);
                assert!(
                    resumed.1 == whole.1,
                    "{}: other weights after {stop_after:?}",
                    selected.backend
                );
                assert_eq!(
                    resumed.0, whole.0,
                    "{} after {stop_after:?}",
                    selected.backend
                );
            }
        }
    }
    assert!(backends > 0);
}
