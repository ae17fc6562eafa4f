//! A small made-up workspace: a README, six steps with a recorded run of five of them, and a run of each other kind.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::Device;
use experiment::{
    Epoch, Evaluation, Experiment, Optimizer, Recipe, RunResult, SCHEMA_VERSION, Schedule,
    Versions, run_path,
};
use mnist::{Digits, MEAN, PIXELS, STANDARD_DEVIATION, Split};
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

    /// Records a run of the last step, and weights that do what it says.
    pub fn record_last_step(&self) {
        let last = &self.experiments[STEPS.len() - 1];
        self.record(&result(last, 1));
        let path = format!("results/{}/seed-1.safetensors", last.name);
        self.put(&path, weights());
    }

    pub fn record(&self, result: &RunResult) {
        let path = run_path(&result.step, result.split, result.seed);
        let path = format!("results/{}.json", path.display());
        self.put(&path, serde_json::to_string_pretty(result).unwrap());
    }

    pub fn write(&self) -> anyhow::Result<Vec<(String, bool)>> {
        report::write(
            self.root(),
            &self.experiments,
            &self.frontier,
            &self.test,
            &Device::flex(),
        )
    }

    pub fn check(&self) -> anyhow::Result<Vec<report::Problem>> {
        report::check(
            self.root(),
            &self.experiments,
            &self.frontier,
            &self.test,
            &Device::flex(),
        )
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
            distillation: None,
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
        teacher: None,
        train: Evaluation {
            loss: 0.05,
            correct: 594,
            total: 600,
        },
        confusion,
        misclassified: vec![0, 40, 90],
    }
}

/// Ten of each class, each a bar whose height tells its class, but for the zeros that [`result`] has wrong: these look like
/// sixes.
fn digits() -> Digits {
    digits_like(TEST_IMAGES, &[0, 40, 90])
}

/// Digits of each class in turn, each a bar whose height tells its class; those at some indices look like sixes.
pub fn digits_like(count: usize, sixes: &[usize]) -> Digits {
    let labels: Vec<u8> = (0..count).map(|index| (index % 10) as u8).collect();
    let bar = |class: u8| {
        let mut image = [0; PIXELS];
        for row in 0..=usize::from(class) {
            image[28 * (row + 5) + 10..28 * (row + 5) + 16].fill(200 + class);
        }
        image
    };
    let images = labels.iter().enumerate().map(|(index, label)| {
        let looks_like = if sixes.contains(&index) { 6 } else { *label };
        bar(looks_like)
    });
    Digits::new(images.collect(), labels).unwrap()
}

/// Weights with which the network tells bars by their height, in the safetensors format.
///
/// The first layer has the ink in its first map and the background in its second. The second layer makes of their means, which
/// tell the height h and 1, the logits 2(2ch − c²) for the heights c = 1 to 10: the highest is that of the nearest c, and its
/// neighbours are 2 lower.
pub fn weights() -> Vec<u8> {
    // Ink and background as the network sees them, and what a row of six pixels adds to the mean of a 26×26 map.
    let [ink, background] = [210.0, 0.0].map(|pixel| (pixel / 255.0 - MEAN) / STANDARD_DEVIATION);
    let row = 6.0 / (26.0 * 26.0);
    let mut first = [0.0; 4 * 9];
    first[4] = 1.0;
    first[9 + 4] = -1.0;
    let mut second = [0.0; 10 * 4];
    for (class, weights) in second.chunks_mut(4).enumerate() {
        let height = class as f32 + 1.0;
        weights[0] = 2.0 * (2.0 * height / row - height.powi(2)) / ink;
        weights[1] = 2.0 * height.powi(2) / background;
    }
    let tensor = |shape: [usize; 4], offsets: [usize; 2]| serde_json::json!({ "dtype": "F32", "shape": shape, "data_offsets": offsets });
    let header = serde_json::json!({
        "stages.0.Convolution.convolution.weight": tensor([4, 1, 3, 3], [0, 144]),
        "stages.1.Convolution.convolution.weight": tensor([10, 4, 1, 1], [144, 304]),
    })
    .to_string();
    let values = first.iter().chain(&second);
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.into_bytes());
    file.extend(values.flat_map(|value| value.to_le_bytes()));
    file
}
