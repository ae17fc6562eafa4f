//! Where a run's result and weights go.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use experiment::{RunResult, results_directory, run_path, write_whole};
use mnist::Split;
use model_core::{Network, weights};

/// Name of the file of weights in a run's folder.
const WEIGHTS: &str = "model.safetensors";

/// Makes sure that files can be written to `directory`, before hours of training are spent.
///
/// # Errors
///
/// Names the folder.
pub fn prepare(directory: &Path) -> Result<()> {
    let prepare = || {
        fs::create_dir_all(directory)?;
        tempfile::tempfile_in(directory).map(drop)
    };
    prepare().with_context(|| format!("cannot write to the run's folder {}", directory.display()))
}

/// Writes `model.safetensors`, then `result.json`: a folder with a result is complete.
///
/// # Errors
///
/// Names the file that could not be written.
pub fn write(directory: &Path, result: &RunResult, network: &Network) -> Result<()> {
    weights::save(network, &directory.join(WEIGHTS))?;
    write_whole(&directory.join("result.json"), json(result)?.as_bytes())
}

/// Puts what [`write`] left in `directory` among the committed evidence: the result, and the weights if it is
/// seed 1 on the test images.
/// Returns the recorded result's path.
///
/// # Errors
///
/// Names the file that could not be written.
pub fn record(directory: &Path, result: &RunResult) -> Result<PathBuf> {
    let recorded = results_directory().join(run_path(&result.step, result.split, result.seed));
    if result.seed == 1 && result.split == Split::Test {
        let weights = directory.join(WEIGHTS);
        let content =
            fs::read(&weights).with_context(|| format!("cannot read {}", weights.display()))?;
        write_whole(&recorded.with_extension("safetensors"), &content)?;
    }
    let path = recorded.with_extension("json");
    let text = match result.split {
        // A search has many runs, which nobody reads one by one.
        Split::Holdout => serde_json::to_string(result)? + "\n",
        Split::Test | Split::Swapped => json(result)?,
    };
    write_whole(&path, text.as_bytes())?;
    Ok(path)
}

fn json(result: &RunResult) -> Result<String> {
    Ok(serde_json::to_string_pretty(result)? + "\n")
}
