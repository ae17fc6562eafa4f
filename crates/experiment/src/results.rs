//! Reading the result files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use mnist::{Split, workspace_directory};

use crate::RunResult;

/// The folder of the committed results.
pub fn results_directory() -> PathBuf {
    workspace_directory().join("results")
}

/// The folder, below that of the results or of one's own runs, that a run belongs into: `<step>/seed-<n>` for a step on
/// the test images, and `frontier/…` for any other experiment; `search/…` for what was evaluated on the hold-out images,
/// `swapped/…` for [`Split::Swapped`].
pub fn run_path(name: &str, split: Split, seed: u64) -> PathBuf {
    let kind = match split {
        Split::Test if name.starts_with("step-") => "",
        Split::Test => "frontier",
        Split::Holdout => "search",
        Split::Swapped => "swapped",
    };
    Path::new(kind).join(name).join(format!("seed-{seed}"))
}

/// Parses the JSON text of a result and checks that its figures agree with one another.
///
/// # Errors
///
/// What is wrong, in one line.
pub fn parse_result(text: &str) -> Result<RunResult> {
    let result: RunResult = serde_json::from_str(text)?;
    result.check()?;
    Ok(result)
}

/// Reads one result file.
///
/// # Errors
///
/// Names the file and what is wrong with it.
pub fn read_result(path: &Path) -> Result<RunResult> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse_result(&text).with_context(|| format!("{} is not a valid result", path.display()))
}

/// Reads all results below a folder, by step and seed: `<step>/seed-<n>.json` (as committed) or
/// `<step>/seed-<n>/result.json` (as runs leave them).
///
/// # Errors
///
/// The folder cannot be read, or a file in it is no valid result or lies in another step's place.
pub fn read_results(directory: &Path) -> Result<Vec<RunResult>> {
    let mut results = Vec::new();
    for step in children(directory)?
        .into_iter()
        .filter(|path| path.is_dir())
    {
        for entry in children(&step)? {
            if !file_name(&entry).starts_with("seed-") {
                continue;
            }
            let recorded = entry
                .extension()
                .is_some_and(|extension| extension == "json");
            let path = if recorded {
                entry
            } else {
                entry.join("result.json")
            };
            if !path.is_file() {
                continue;
            }
            let result = read_result(&path)?;
            ensure!(
                result.step == file_name(&step),
                "{} is a result of {}, expected one of {}",
                path.display(),
                result.step,
                file_name(&step)
            );
            if recorded {
                let expected = format!("seed-{}.json", result.seed);
                ensure!(
                    file_name(&path) == expected,
                    "{} holds the result of another seed, expected the name {expected}",
                    path.display()
                );
            }
            results.push(result);
        }
    }
    results.sort_by(|a, b| (&a.step, a.seed).cmp(&(&b.step, b.seed)));
    Ok(results)
}

fn children(directory: &Path) -> Result<Vec<PathBuf>> {
    let read = || {
        fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<_>>()
    };
    read().with_context(|| format!("cannot read the folder {}", directory.display()))
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
