//! A small made-up workspace: a README, six steps with a recorded run of five of them, and a run of each other kind.

use std::fs;
use std::path::{Path, PathBuf};

use experiment::{
    Epoch, Evaluation, Experiment, Optimizer, Recipe, RunResult, SCHEMA_VERSION, Schedule,
    Versions, run_path,
};
use mnist::{Digits, PIXELS, Split};
use model_core::Architecture;

pub const STEPS: [&str; 6] = [
    "step-01-one",
    "step-02-two",
    "step-03-three",
    "step-04-four",
    "step-05-five",
    "step-06-six",
];

const TEST_IMAGES: usize = 100;

const README: &str = "# A ladder

<!-- begin: results-table -->
<!-- end: results-table -->

By hand.

<!-- begin: model -->
<!-- end: model -->

<!-- begin: receptive-field -->
<!-- end: receptive-field -->

<!-- begin: comparisons -->
<!-- end: comparisons -->

<!-- begin: evidence -->
<!-- end: evidence -->

<!-- begin: frontier -->
<!-- end: frontier -->
";

const STEP_SOURCE: &str = "//! A step.
//!
//! <!-- begin: result -->
//! <!-- end: result -->

fn by_hand() {}
";

pub struct Workspace {
    directory: tempfile::TempDir,
    pub experiments: Vec<Experiment>,
    pub frontier: Vec<Experiment>,
    pub test: Digits,
}

impl Workspace {
    /// Documents as their author left them, with nothing between the markers.
    pub fn new() -> Self {
        let workspace = Self {
            directory: tempfile::tempdir().unwrap(),
            experiments: STEPS.map(experiment).to_vec(),
            frontier: vec![experiment("tiny")],
            test: digits(),
        };
        workspace.put("README.md", README);
        for step in STEPS {
            workspace.put(&format!("experiments/{step}/src/lib.rs"), STEP_SOURCE);
        }
        for experiment in &workspace.experiments[..5] {
            workspace.record(&result(experiment, 1));
        }
        workspace.put("results/step-05-five/seed-1.safetensors", "weights");
        workspace.put("experiments/frontier/src/lib.rs", STEP_SOURCE);
        workspace.record(&result(&workspace.frontier[0], 1));
        for (step, split) in [(0, Split::Holdout), (5, Split::Swapped)] {
            let run = result(&workspace.experiments[step], 1);
            workspace.record(&RunResult { split, ..run });
        }
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

    /// Records a run of the last step.
    pub fn record_last_step(&self) {
        self.record(&result(&self.experiments[STEPS.len() - 1], 1));
    }

    pub fn record(&self, result: &RunResult) {
        let path = run_path(&result.step, result.split, result.seed);
        let path = format!("results/{}.json", path.display());
        self.put(&path, serde_json::to_string_pretty(result).unwrap());
    }

    pub fn write(&self) -> anyhow::Result<Vec<(String, bool)>> {
        report::write(self.root(), &self.experiments, &self.frontier, &self.test)
    }

    pub fn check(&self) -> anyhow::Result<Vec<report::Problem>> {
        report::check(self.root(), &self.experiments, &self.frontier, &self.test)
    }

    /// Whether a check finds nothing wrong.
    pub fn is_up_to_date(&self) -> bool {
        self.check().is_ok_and(|problems| problems.is_empty())
    }
}

fn experiment(name: &'static str) -> Experiment {
    Experiment {
        name: name.into(),
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
            augmentation: None,
            refinement_epochs: 0,
            label_smoothing: 0.0,
            seed: 1,
        },
    }
}

/// A made-up run: one more image right in every epoch, three wrong at the end.
pub fn result(experiment: &Experiment, seed: u64) -> RunResult {
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
    RunResult {
        schema_version: SCHEMA_VERSION,
        step: experiment.name.clone(),
        title: experiment.title.clone(),
        seed,
        split: Split::Test,
        train_images: 600,
        backend: "flex".into(),
        device: "CPU".into(),
        threads: 2,
        versions: Versions {
            package: "0.1.0".into(),
            burn: "0.22.1".into(),
            git_commit: None,
        },
        parameters: experiment.architecture.summary().unwrap().totals.parameters,
        recipe: Recipe {
            seed,
            ..experiment.recipe.clone()
        },
        architecture: experiment.architecture.clone(),
        epochs: (1..=experiment.recipe.epochs).map(epoch).collect(),
        train: Evaluation {
            loss: 0.05,
            correct: 594,
            total: 600,
        },
        confusion,
        misclassified: vec![0, 40, 90],
    }
}

/// Ten of each class, each a bar whose height tells its class.
fn digits() -> Digits {
    let labels: Vec<u8> = (0..TEST_IMAGES as u8).map(|index| index % 10).collect();
    let image = |label: u8| {
        let mut image = [0; PIXELS];
        for row in 0..=usize::from(label) {
            image[28 * (row + 5) + 10..28 * (row + 5) + 16].fill(200 + label);
        }
        image
    };
    Digits::new(labels.iter().map(|label| image(*label)).collect(), labels).unwrap()
}
