//! Predictions with ONNX Runtime, in a process of its own that waits while others take their turns.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use experiment::Experiment;
use kernels::inference::Layer;
use mnist::{CLASSES, MEAN, PIXELS, STANDARD_DEVIATION};
use serde_json::json;
use tempfile::TempDir;

const SCRIPT: &str = include_str!("../onnxruntime_baseline.py");

/// What ONNX Runtime is to predict, and must.
pub struct Task<'a> {
    /// Whose network.
    pub experiment: &'a Experiment,
    /// Its layers, with their weights.
    pub layers: &'a [Layer],
    pub images: &'a [[u8; PIXELS]],
    /// Of the images, by the kernels.
    pub probabilities: &'a [[f32; CLASSES]],
}

/// A Python that predicts.
pub struct Python {
    process: benchmarks::Python,
    /// ONNX Runtime's version.
    pub version: String,
    /// How many images it computes at once.
    pub batch: usize,
}

impl Python {
    /// Starts a Python that has ONNX Runtime.
    ///
    /// # Errors
    ///
    /// It predicts anything else than the kernels.
    pub fn start(python: &str, threads: u16, task: &Task<'_>) -> Result<Self> {
        let folder = TempDir::new()?;
        let write = |name: &str, bytes: Vec<u8>| -> Result<PathBuf> {
            let path = folder.path().join(name);
            fs::write(&path, bytes)?;
            Ok(path)
        };
        let weights = task.layers.iter().flat_map(|layer| match layer {
            Layer::Convolution { weights, bias, .. } | Layer::FullyConnected { weights, bias } => {
                [weights.as_slice(), bias].concat()
            }
            Layer::MaxPool { .. } | Layer::GlobalAveragePool => Vec::new(),
        });
        let request = json!({
            "architecture": task.experiment.architecture,
            "classes": CLASSES,
            "scale": 1.0 / (255.0 * STANDARD_DEVIATION),
            "shift": -MEAN / STANDARD_DEVIATION,
            "weights": write("weights", bytes(weights))?,
            "images": write("images", task.images.as_flattened().to_vec())?,
            "probabilities": write(
                "probabilities",
                bytes(task.probabilities.as_flattened().iter().copied()),
            )?,
        });
        let mut started = Self {
            process: benchmarks::Python::start(python, SCRIPT, threads)?,
            version: String::new(),
            batch: 0,
        };
        // The files are read before the answer comes, and go afterwards.
        let answer = started.ask(&request.to_string())?;
        let (version, batch) = answer.split_once(' ').context("no version")?;
        started.version = version.to_owned();
        started.batch = batch.parse()?;
        Ok(started)
    }

    /// Milliseconds of one image by itself: the median of `count`.
    pub fn one_image(&mut self, count: usize) -> Result<f64> {
        Ok(self.ask(&format!("one {count}"))?.parse()?)
    }

    /// Images a second, all of them at once.
    pub fn images_per_second(&mut self) -> Result<f64> {
        Ok(self.ask("all")?.parse()?)
    }

    fn ask(&mut self, request: &str) -> Result<String> {
        let answer = self.process.ask(request).context("ONNX Runtime")?;
        match answer.strip_prefix("error: ") {
            Some(reason) => bail!("ONNX Runtime: {}", files::shown(reason)),
            None => Ok(answer),
        }
    }
}

/// A Python that has ONNX Runtime: `program`, or else what the environment's PYTHON names, or else `python3`. Where that has
/// none, there is none, and a line on standard error says so.
///
/// # Errors
///
/// `program` has none.
pub fn python(program: Option<&str>) -> Result<Option<String>> {
    let named = program.map(String::from);
    let or_else = || env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let python = named.unwrap_or_else(or_else);
    if can_import(&python) {
        return Ok(Some(python));
    }
    let reason = format!(
        "`{python}` cannot import onnx and onnxruntime; name a Python that can with --python"
    );
    ensure!(program.is_none(), "{reason}");
    eprintln!("ONNX Runtime is left out: {reason}");
    Ok(None)
}

/// Whether there is such a program, and it has what the script needs.
fn can_import(python: &str) -> bool {
    let imports = Command::new(python)
        .args(["-c", "import numpy, onnx, onnxruntime"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    imports.is_ok_and(|status| status.success())
}

fn bytes(values: impl Iterator<Item = f32>) -> Vec<u8> {
    values.flat_map(f32::to_le_bytes).collect()
}
