//! What is remembered of a submitted array.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::array::output_file;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

/// How much of a task's output is looked at for its last line, in bytes.
const MAX_OUTPUT: u64 = 10_000;

/// An array that was submitted, as `N.json` in the folder of its output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The array's number.
    pub array: u64,
    /// What each task makes, in words that are the caller's.
    pub tasks: Vec<String>,
}

impl Submission {
    /// Keeps it.
    ///
    /// # Errors
    ///
    /// Names the file.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        files::write_whole(
            &folder.join(format!("{}.json", self.array)),
            text.as_bytes(),
        )
    }

    /// All that are kept in a folder, the first at the front.
    ///
    /// # Errors
    ///
    /// One cannot be read. Names the file.
    pub fn all(folder: &Path) -> Result<Vec<Self>> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Ok(Vec::new());
        };
        let paths = entries.flatten().map(|entry| entry.path());
        let paths = paths.filter(|path| path.extension().is_some_and(|it| it == "json"));
        let mut all = paths
            .map(|path| Self::read(&path))
            .collect::<Result<Vec<_>>>()?;
        all.sort_by_key(|it| it.array);
        Ok(all)
    }

    fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text =
            files::read_text(path, MAX_BYTES).with_context(|| format!("cannot read {shown}"))?;
        serde_json::from_str(&text).with_context(|| format!("{shown} is no submission to Slurm"))
    }

    /// Where a task's output is.
    pub fn output(&self, folder: &Path, task: usize) -> PathBuf {
        output_file(folder, &self.array.to_string(), &task.to_string())
    }

    /// The last line that a task printed; none if it printed nothing.
    pub fn last_line(&self, folder: &Path, task: usize) -> Option<String> {
        let mut file = File::open(self.output(folder, task)).ok()?;
        let length = file.metadata().ok()?.len();
        let start = length.saturating_sub(MAX_OUTPUT);
        file.seek(SeekFrom::Start(start)).ok()?;
        let mut end = Vec::new();
        file.take(MAX_OUTPUT).read_to_end(&mut end).ok()?;
        let end = String::from_utf8_lossy(&end);
        let mut lines = end.lines().rev().map(str::trim);
        let line = lines.find(|line| !line.is_empty())?;
        Some(files::shown(line))
    }
}
