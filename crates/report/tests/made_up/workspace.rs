//! A small made-up workspace: a README, six steps with a recorded run of five of them, and a run of each other kind.

use std::fs;
use std::path::{Path, PathBuf};

use architecture::Architecture;
use evidence::{
    Commit, Disturbed, Epoch, Evaluation, Kind, Misclassified, Origin, Places, Record, RunId,
    SCHEMA_VERSION, sha256,
};
use experiment::{DropoutAfter, Experiment, Name, Optimizer, Recipe, Schedule};
use mnist::{DataSet, Digits, Disturbance, Mnist, PIXELS, Split};
use report::Experiments;

pub const STEPS: [&str; 6] = [
    "step-01-one",
    "step-02-two",
    "step-03-three",
    "step-04-four",
    "step-05-five",
    "step-06-six",
];

const TRAIN_IMAGES: usize = 600;
const TEST_IMAGES: usize = 100;

/// What made-up weights files hold: nothing reads them but for their checksum.
const WEIGHTS: &str = "weights";

const README: &str = "# A ladder

<!-- begin: results-table -->
<!-- end: results-table -->

By hand.

<!-- begin: lessons -->
<!-- end: lessons -->

<!-- begin: held -->
<!-- end: held -->

<!-- begin: disturbed -->
<!-- end: disturbed -->

<!-- begin: speed -->
<!-- end: speed -->
";

const DESIGN: &str = "# Design

<!-- begin: spread -->
<!-- end: spread -->
";

const EVIDENCE: &str = "# Evidence

<!-- begin: comparisons -->
<!-- end: comparisons -->

<!-- begin: evidence -->
<!-- end: evidence -->
";

const NETWORK: &str = "# Network

<!-- begin: model -->
<!-- end: model -->

<!-- begin: receptive-field -->
<!-- end: receptive-field -->
";

const MICROCONTROLLER: &str = "# Microcontroller

<!-- begin: sizes -->
<!-- end: sizes -->
";

const SPEED: &str = "# Speed

<!-- begin: training -->
<!-- end: training -->

<!-- begin: roofline -->
<!-- end: roofline -->

<!-- begin: layers -->
<!-- end: layers -->

<!-- begin: epoch -->
<!-- end: epoch -->

<!-- begin: latency -->
<!-- end: latency -->
";

const STEP_SOURCE: &str = "//! A step.
//!
//! ## Target
//!
//! **98 %.** For a reason.
//!
//! ## Result
//!
//! <!-- begin: result -->
//! <!-- end: result -->
//!
//! ## Analysis
//!
//! **It helps.** A lot.

fn by_hand() {}
";

const GROUP_SOURCE: &str = "//! Several experiments.
//!
//! <!-- begin: result -->
//! <!-- end: result -->

fn by_hand() {}
";

pub struct Workspace {
    directory: tempfile::TempDir,
    pub experiments: Vec<Experiment>,
    pub without: Vec<Experiment>,
    pub frontier: Vec<Experiment>,
    pub digits: Mnist,
}

impl Workspace {
    /// Documents as their author left them, with nothing between the markers.
    pub fn new() -> Self {
        let workspace = Self {
            directory: tempfile::tempdir().unwrap(),
            experiments: STEPS.map(experiment).to_vec(),
            without: vec![experiment("without-it")],
            frontier: vec![experiment("tiny")],
            digits: Mnist {
                data_set: DataSet::mnist(),
                train: digits(TRAIN_IMAGES),
                test: digits(TEST_IMAGES),
            },
        };
        fs::create_dir_all(workspace.path("data/mnist")).unwrap();
        workspace.put("README.md", README);
        workspace.put("docs/speed.md", SPEED);
        for step in STEPS {
            workspace.put_step_source(step);
        }
        for experiment in &workspace.experiments[..5] {
            workspace.record(&record(experiment, 1));
        }
        workspace.put_weights(&workspace.experiments[4]);
        workspace.put("docs/design-of-the-experiment.md", DESIGN);
        workspace.put("docs/evidence.md", EVIDENCE);
        workspace.put("docs/network.md", NETWORK);
        workspace.put("docs/microcontroller.md", MICROCONTROLLER);
        workspace.put("experiments/without/src/lib.rs", GROUP_SOURCE);
        workspace.put("experiments/frontier/src/lib.rs", GROUP_SOURCE);
        workspace.record(&of_kind(Kind::Frontier, &workspace.frontier[0], 1));
        workspace.record(&of_kind(Kind::Search, &workspace.experiments[0], 1));
        workspace.record(&of_kind(Kind::Swapped, &workspace.experiments[5], 1));
        workspace
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub fn text(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Where a step's doc comment is, as its author left it.
    pub fn put_step_source(&self, step: &str) {
        self.put(&format!("experiments/{step}/src/lib.rs"), STEP_SOURCE);
    }

    /// The weights of seed 1 of a step.
    pub fn put_weights(&self, step: &Experiment) {
        self.put(
            &format!("results/{}/seed-1.safetensors", step.name),
            WEIGHTS,
        );
    }

    /// Records a run of the last step, and weights.
    pub fn record_last_step(&self) {
        let last = &self.experiments[STEPS.len() - 1];
        self.record(&record(last, 1));
        self.put_weights(last);
    }

    /// Puts a record in its place.
    pub fn record(&self, record: &Record) {
        let path = Places::record_file(record.run.kind, record.name(), record.seed());
        self.put(&path, record.to_json().unwrap());
    }

    fn places(&self) -> Places {
        Places::of(files::Workspace::at(self.root()).unwrap())
    }

    pub fn write(&self) -> anyhow::Result<Vec<(String, bool)>> {
        report::write(
            &self.places(),
            Experiments {
                steps: &self.experiments,
                without: &self.without,
                frontier: &self.frontier,
            },
            &self.digits,
        )
    }

    pub fn check(&self) -> anyhow::Result<Vec<report::Problem>> {
        report::check(
            &self.places(),
            Experiments {
                steps: &self.experiments,
                without: &self.without,
                frontier: &self.frontier,
            },
            &self.digits,
        )
    }

    /// Whether a check finds nothing wrong.
    pub fn is_up_to_date(&self) -> bool {
        self.check().is_ok_and(|problems| problems.is_empty())
    }
}

pub fn experiment(name: &'static str) -> Experiment {
    Experiment {
        name: Name::from_static(name),
        title: "Adds something".into(),
        architecture: Architecture::new(1, 28)
            .convolution_block(4, 3)
            .convolution_head(10),
        recipe: Recipe {
            optimizer: Optimizer::Sgd {
                momentum: 0.9,
                nesterov: false,
                weight_decay: 0.0,
            },
            learning_rate: 0.01,
            schedule: Schedule::Constant,
            batch_size: 64,
            epochs: 7,
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

/// The made-up run of another kind than a step's.
pub fn of_kind(kind: Kind, experiment: &Experiment, seed: u64) -> Record {
    let mut record = record(experiment, seed);
    record.run.kind = kind;
    record.run.split = match kind {
        Kind::Search => Split::Holdout,
        Kind::Swapped => Split::Swapped,
        _ => Split::Test,
    };
    record
}

/// The made-up run of a step: one more image right in every epoch, three zeros taken for a six at the end.
pub fn record(experiment: &Experiment, seed: u64) -> Record {
    let epoch = |number: usize| Epoch {
        epoch: number,
        learning_rate: 0.01,
        train_loss: 0.5 / number as f64,
        train_accuracy: 0.98 + 0.001 * number as f64,
        test_loss: 0.4 / number as f64,
        test_correct: TEST_IMAGES - 10 + number,
        test_total: TEST_IMAGES,
        seconds: 12.34,
    };
    let mut confusion = vec![vec![0; 10]; 10];
    for (class, row) in confusion.iter_mut().enumerate() {
        row[class] = 10;
    }
    confusion[0][0] = 7;
    confusion[0][6] = 3;
    Record {
        schema_version: SCHEMA_VERSION,
        run: RunId {
            kind: Kind::Step,
            name: experiment.name.clone(),
            data_set: DataSet::mnist(),
            split: Split::Test,
            train_images: TRAIN_IMAGES,
            seed,
            backend: "flex".into(),
            instructions: Some("avx2".into()),
            architecture: experiment.architecture.clone(),
            recipe: experiment.recipe.clone(),
        },
        title: experiment.title.clone(),
        origin: Origin {
            commits: vec![Commit {
                hash: "0123abcd".into(),
                clean: true,
            }],
            package: "0.1.0".into(),
            burn: "0.22.1".into(),
            device: "CPU".into(),
            cpu: None,
            threads: 2,
            began: None,
            migrated_from: None,
        },
        parameters: experiment.architecture.summary().unwrap().totals.parameters,
        epochs: (1..=experiment.recipe.epochs).map(epoch).collect(),
        teacher: None,
        train: Evaluation {
            loss: 0.05,
            correct: 594,
            total: TRAIN_IMAGES,
        },
        confusion,
        misclassified: [0, 40, 90].map(|image| wrong(image, 6)).to_vec(),
        disturbed: Disturbance::ALL
            .map(|disturbance| Disturbed {
                disturbance,
                evaluation: Evaluation {
                    loss: 0.1,
                    correct: TEST_IMAGES - 10,
                    total: TEST_IMAGES,
                },
            })
            .to_vec(),
        weights_sha256: Some(sha256(WEIGHTS.as_bytes())),
    }
}

/// An image that is taken for a digit with 91 %.
pub fn wrong(image: usize, digit: usize) -> Misclassified {
    let mut probabilities = [0.01; 10];
    probabilities[digit] = 0.91;
    Misclassified {
        image,
        probabilities: Some(probabilities),
    }
}

/// Digits of each class in turn, each a bar whose height tells its class.
pub fn digits(count: usize) -> Digits {
    let labels: Vec<u8> = (0..count).map(|index| (index % 10) as u8).collect();
    let bar = |class: &u8| {
        let mut image = [0; PIXELS];
        for row in 0..=usize::from(*class) {
            image[28 * (row + 5) + 10..28 * (row + 5) + 16].fill(200 + class);
        }
        image
    };
    Digits::new(labels.iter().map(bar).collect(), labels).unwrap()
}
