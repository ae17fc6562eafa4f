//! What a run's folder holds: `manifest.json`, which names the files that count and their checksums.
//!
//! A file that the manifest does not name does not count, whatever it is called. So the folder changes in one step: when
//! a new manifest takes the place of the old one.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use experiment::{check_line, parse_json};
use files::write_whole;
use serde::{Deserialize, Serialize};

use crate::{RunId, SCHEMA_VERSION, json, sha256};

/// Name of the manifest.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The largest manifest that is read, in bytes.
const MAX_MANIFEST_BYTES: u64 = 1_000_000;

/// The largest file of a state that is read, in bytes.
const MAX_STATE_BYTES: u64 = 64 << 20;

/// What a run's folder holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// [`SCHEMA_VERSION`] of the program that wrote it.
    pub(crate) schema_version: u32,
    /// The run that is made here, or was.
    pub(crate) run: RunId,
    /// What the step adds.
    pub(crate) title: String,
    /// The process that makes it, or made it last.
    pub(crate) process: u32,
    /// States that the run can go on from, the newest first; two at most.
    pub(crate) states: Vec<StateFiles>,
    /// A finished run's record and weights: this run's, or another's that this one is to replace.
    pub(crate) finished: Option<Finished>,
}

/// The files of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateFiles {
    /// What the state is called in messages: `epoch 7`, or `the teacher's epoch 7`.
    pub(crate) title: String,
    /// How far the run has come.
    pub(crate) history: FileEntry,
    /// What else belongs to it, such as weights.
    pub(crate) parts: Vec<FileEntry>,
}

impl StateFiles {
    /// All its files.
    pub(crate) fn files(&self) -> impl Iterator<Item = &FileEntry> {
        [&self.history].into_iter().chain(&self.parts)
    }
}

/// The files of a finished run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finished {
    pub(crate) record: FileEntry,
    pub(crate) weights: FileEntry,
}

/// A file and its content's checksum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileEntry {
    /// Name, without a folder.
    pub(crate) name: String,
    /// SHA-256 in hexadecimal.
    pub(crate) sha256: String,
}

impl FileEntry {
    /// The entry of a file with this content.
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        Self {
            name: name.into(),
            sha256: sha256(content),
        }
    }

    /// The file's content, from `folder`.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is not what it was. Names the file.
    pub(crate) fn read(&self, folder: &Path) -> Result<Vec<u8>> {
        let path = folder.join(&self.name);
        let content = files::read(&path, MAX_STATE_BYTES)
            .with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(
            sha256(&content) == self.sha256,
            "{} is damaged: its checksum is not that in {MANIFEST}",
            path.display()
        );
        Ok(content)
    }

    /// Whether the name leads out of the folder.
    fn leads_elsewhere(&self) -> bool {
        Path::new(&self.name).file_name() != Some(self.name.as_ref())
    }
}

impl Manifest {
    /// Reads the manifest of a folder; none if it has none.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no manifest. Names the file.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(MANIFEST);
        let text = match files::read_text(&path, MAX_MANIFEST_BYTES) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
            Ok(text) => text,
        };
        let parse = || {
            let manifest: Self = parse_json(&text)?;
            ensure!(
                manifest.schema_version == SCHEMA_VERSION,
                "its schema_version is {}, expected {SCHEMA_VERSION}",
                manifest.schema_version
            );
            check_line("the title", &manifest.title)?;
            for state in &manifest.states {
                check_line("a state's title", &state.title)?;
            }
            manifest.run.check()?;
            let states = manifest.states.iter().flat_map(StateFiles::files);
            let finished = manifest.finished.iter();
            let finished = finished.flat_map(|finished| [&finished.record, &finished.weights]);
            if let Some(file) = states.chain(finished).find(|file| file.leads_elsewhere()) {
                anyhow::bail!(
                    "it names the file {:?}, which leads elsewhere",
                    files::shown(&file.name)
                );
            }
            Ok(manifest)
        };
        let manifest = parse().with_context(|| format!("cannot use {}", path.display()))?;
        Ok(Some(manifest))
    }

    /// Puts the manifest in the place of the one in `folder`, in one step.
    ///
    /// # Errors
    ///
    /// It cannot be written; the one before counts.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        write_whole(&folder.join(MANIFEST), json::to_string(self)?.as_bytes())
    }
}
