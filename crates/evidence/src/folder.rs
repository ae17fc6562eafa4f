//! The folder of one run.
//!
//! While the run lives its folder is locked. After every epoch it holds a complete state to go on from, and at the end
//! the record and the weights. Whatever the process dies of, and whenever, the folder is as after the last complete step:
//! what counts is what [the manifest](crate::manifest) names, and that is replaced in one step after the files are there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use files::write_whole;
use serde::{Deserialize, Serialize};
use slurm::Claim;

use crate::lock::{Lock, lock};
use crate::manifest::{FileEntry, Finished, MANIFEST, Manifest, StateFiles};
use crate::record::MAX_RECORD_BYTES;
use crate::room::{ROOM, Room};
use crate::{Epoch, Origin, Record, RunId, SCHEMA_VERSION, TeacherRecord, json, sha256};

const RECORD: &str = "result.json";
const WEIGHTS: &str = "model.safetensors";
/// How the name of a file begins that is complete and about to take its place.
const NEXT: &str = ".next-";
/// How the name of a state's file begins.
const STATE: &str = "state-";

/// How many states are kept.
const STATES: usize = 2;

/// Room for a new manifest beside the old one, in bytes.
const MANIFEST_ROOM: u64 = 8_192;

/// A network of the ladder takes some 40 kB.
const MAX_WEIGHTS_BYTES: u64 = 64 << 20;

/// How much a run will write, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// One state.
    pub state: u64,
    /// Record and weights.
    pub finished: u64,
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Where, when and with what it was begun.
    pub origin: Origin,
    /// The finished epochs of the teacher, if there is one.
    pub teacher_epochs: Vec<Epoch>,
    /// The teacher, once it is trained.
    pub teacher: Option<TeacherRecord>,
    /// The finished epochs of the network itself.
    pub epochs: Vec<Epoch>,
}

impl State {
    /// What has been done, for people.
    fn describe(&self) -> String {
        if self.teacher.is_none() && !self.teacher_epochs.is_empty() {
            format!("the teacher's epoch {}", self.teacher_epochs.len())
        } else {
            format!("epoch {}", self.epochs.len())
        }
    }

    /// What its files are called.
    fn stem(&self) -> String {
        let (teacher, network) = (self.teacher_epochs.len(), self.epochs.len());
        format!("{STATE}{teacher:05}-{network:05}")
    }
}

/// A run's folder, locked.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    manifest: Box<Manifest>,
    room: Option<Room>,
    _lock: Lock,
}

/// What a run's folder turns out to be.
#[derive(Debug)]
pub enum Opened {
    /// The run is to be made from its beginning.
    New(RunFolder),
    /// The run goes on.
    Resumed(Box<Resumed>),
    /// The run is finished.
    Finished(Box<Record>),
}

/// What a run goes on from.
#[derive(Debug)]
pub struct Resumed {
    /// Its folder.
    pub folder: RunFolder,
    /// How far it has come.
    pub state: State,
    /// The parts of the state by name.
    pub parts: Vec<(String, Vec<u8>)>,
    /// A line on each newer state, none of which could be used.
    pub refused: Vec<String>,
}

impl RunFolder {
    /// Locks the folder at `path` for a run, making it if need be, and looks what is there. With `fresh` the run begins anew;
    /// a finished run there stays until this one is finished.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to, is in use by a live run, holds another run, or none of its states can be used.
    pub fn open(path: &Path, run: &RunId, title: &str, fresh: bool) -> Result<Opened> {
        let shown = path.display();
        fs::create_dir_all(path)
            .with_context(|| format!("cannot make the run's folder {shown}"))?;
        let lock = lock(path)?;
        let found = match Manifest::read(path) {
            Ok(found) => found,
            Err(_) if fresh => None,
            Err(error) => bail!("{error:#}; --fresh begins the run anew"),
        };
        if let Some(found) = &found {
            finish_renaming(path, found);
        }
        if let Some(found) = found.as_ref().filter(|_| !fresh) {
            ensure!(
                found.run == *run,
                "{shown} holds another run ({}, {}): name another folder with --out, or replace it with --fresh",
                found.run.describe(),
                found.run.hash()?,
            );
        }
        let states = found.as_ref().filter(|_| !fresh);
        let states = states.map_or_else(Vec::new, |found| found.states.clone());
        let (newest, refused) = newest_state(path, &states)?;
        let mut folder = Self {
            path: path.to_owned(),
            manifest: Box::new(Manifest {
                schema_version: SCHEMA_VERSION,
                run: run.clone(),
                title: title.into(),
                process: std::process::id(),
                // The one that could be read, and those before it.
                states: states[refused.len()..].to_vec(),
                finished: found.and_then(|found| found.finished),
            }),
            room: None,
            _lock: lock,
        };
        if folder.manifest.finished.is_some() && !fresh {
            Claim::remove_all(path);
            folder.remove_what_does_not_count()?;
            return Ok(Opened::Finished(Box::new(read_finished(path)?)));
        }
        // In this order: what the manifest in the folder names must be there.
        folder.write_manifest()?;
        folder.remove_what_does_not_count()?;
        Ok(match newest {
            None => Opened::New(folder),
            Some((state, parts)) => Opened::Resumed(Box::new(Resumed {
                folder,
                state,
                parts,
                refused,
            })),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the room on the disk that the run will need.
    ///
    /// # Errors
    ///
    /// There is no room. Names the folder.
    pub fn take_room(&mut self, sizes: Sizes) -> Result<()> {
        // One more than is kept: a state is complete before another one goes.
        let missing = (STATES + 1 - self.manifest.states.len()) as u64;
        let size = missing * sizes.state + sizes.finished + MANIFEST_ROOM;
        self.room = Some(Room::take(&self.path, size)?);
        Ok(())
    }

    /// Adds a state, with its parts by name. The two newest are kept.
    ///
    /// # Errors
    ///
    /// A file cannot be written; the states before are as they were.
    pub fn add_state(&mut self, state: &State, parts: &[(&str, &[u8])]) -> Result<()> {
        let stem = state.stem();
        let history = json::to_string(state)?;
        let named = |part: &str| format!("{stem}-{part}");
        let mut files = vec![(named("history.json"), history.as_bytes())];
        files.extend(parts.iter().map(|(name, content)| (named(name), *content)));
        for (name, content) in &files {
            if let Err(error) = self.write(name, content) {
                // What is there of this state would only take up room.
                let _ = self.remove_what_does_not_count();
                return Err(error);
            }
        }
        let mut entries = files
            .iter()
            .map(|(name, content)| FileEntry::new(name, content));
        let newest = StateFiles {
            title: state.describe(),
            history: entries.next().context("a state has a history")?,
            parts: entries.collect(),
        };
        let before = self.manifest.states.clone();
        self.manifest.states.insert(0, newest);
        self.manifest.states.truncate(STATES);
        if let Err(error) = self.write_manifest() {
            self.manifest.states = before;
            return Err(error);
        }
        let freed = self.remove_what_does_not_count()?;
        if let Some(room) = &mut self.room {
            room.take_again(freed);
        }
        Ok(())
    }

    /// Makes the run a finished one, in one step; its states go. A finished run that was there is replaced.
    ///
    /// # Errors
    ///
    /// A file cannot be written; the folder is as it was.
    pub fn finish(mut self, record: &Record, weights: &[u8]) -> Result<()> {
        ensure!(
            record.weights_sha256 == Some(sha256(weights)),
            "the record is of other weights"
        );
        let text = record.to_json()?;
        let files = [(RECORD, text.as_bytes()), (WEIGHTS, weights)];
        for (name, content) in files {
            self.write(&format!("{NEXT}{name}"), content)?;
        }
        let [record, weights] = files.map(|(name, content)| FileEntry::new(name, content));
        self.manifest.states = Vec::new();
        self.manifest.finished = Some(Finished { record, weights });
        self.write_manifest()?;
        // From here on it is finished: a reader finds the files under either name.
        finish_renaming(&self.path, &self.manifest);
        Claim::remove_all(&self.path);
        self.remove_what_does_not_count()?;
        Ok(())
    }

    fn write(&mut self, name: &str, content: &[u8]) -> Result<()> {
        if let Some(room) = &mut self.room {
            room.give(content.len() as u64);
        }
        write_whole(&self.path.join(name), content)
    }

    fn write_manifest(&mut self) -> Result<()> {
        if let Some(room) = &mut self.room {
            room.give(MANIFEST_ROOM);
        }
        self.manifest.write(&self.path)?;
        if let Some(room) = &mut self.room {
            room.take_again(MANIFEST_ROOM);
        }
        Ok(())
    }

    /// Removes files of states that the manifest does not name, and what killed processes left. Returns their sizes.
    fn remove_what_does_not_count(&self) -> Result<u64> {
        let states = self.manifest.states.iter().flat_map(StateFiles::files);
        let kept: Vec<&str> = states.map(|file| file.name.as_str()).collect();
        let mut freed = 0;
        let shown = self.path.display();
        let entries = fs::read_dir(&self.path).with_context(|| format!("cannot read {shown}"))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_left_over = [STATE, NEXT, files::TEMPORARY]
                .iter()
                .any(|prefix| name.starts_with(prefix))
                || name == ROOM && self.room.is_none();
            if is_left_over && !kept.contains(&name.as_str()) {
                let size = entry.metadata().map_or(0, |metadata| metadata.len());
                if fs::remove_file(entry.path()).is_ok() {
                    freed += size;
                }
            }
        }
        Ok(freed)
    }
}

/// A state with its parts by name.
type Usable = (State, Vec<(String, Vec<u8>)>);

/// The newest state that can be used, and a line on each newer one, which cannot.
///
/// # Errors
///
/// There are states, and none can be used.
fn newest_state(folder: &Path, states: &[StateFiles]) -> Result<(Option<Usable>, Vec<String>)> {
    let mut refused = Vec::new();
    for files in states {
        match read_state(folder, files) {
            Ok(state) => return Ok((Some(state), refused)),
            Err(error) => refused.push(format!(
                "the state after {} is refused: {error:#}",
                files.title
            )),
        }
    }
    if !refused.is_empty() {
        bail!("{}; --fresh begins the run anew", refused.join("; "));
    }
    Ok((None, refused))
}

fn read_state(folder: &Path, files: &StateFiles) -> Result<Usable> {
    let history = files.history.read(folder)?;
    let state: State = serde_json::from_slice(&history)
        .with_context(|| format!("{} is no state", files.history.name))?;
    let prefix = format!("{}-", state.stem());
    let parts = files.parts.iter().map(|file| {
        let name = file.name.strip_prefix(&prefix);
        let name = name.with_context(|| format!("{} is of another state", file.name))?;
        Ok((name.to_owned(), file.read(folder)?))
    });
    Ok((state, parts.collect::<Result<_>>()?))
}

/// Gives the files of a finished run their names, where a process died before it could.
fn finish_renaming(folder: &Path, manifest: &Manifest) {
    let finished = manifest.finished.iter();
    for file in finished.flat_map(|finished| [&finished.record, &finished.weights]) {
        let next = folder.join(format!("{NEXT}{}", file.name));
        if content_is(&next, file) {
            // Where this fails, readers find it under the name that it has.
            let _ = fs::rename(next, folder.join(&file.name));
        }
    }
}

/// The record of the finished run in a folder, whose weights are there too.
///
/// # Errors
///
/// There is none, or record and weights are not those that belong together. Names the file.
pub fn read_finished(folder: &Path) -> Result<Record> {
    let shown = folder.display();
    let manifest = Manifest::read(folder)?.with_context(|| format!("{shown} has no {MANIFEST}"))?;
    let finished = manifest
        .finished
        .with_context(|| format!("the run in {shown} is not finished"))?;
    let record = find(folder, &finished.record)?;
    let weights = find(folder, &finished.weights)?;
    let text = files::read_text(&record, MAX_RECORD_BYTES)?;
    let record = Record::from_json(&text)
        .with_context(|| format!("cannot use the record {}", record.display()))?;
    ensure!(
        record.weights_sha256.as_deref() == Some(&finished.weights.sha256),
        "{} does not belong to the record beside it",
        weights.display()
    );
    Ok(record)
}

/// The weights of the finished run in a folder.
///
/// # Errors
///
/// As [`read_finished`].
pub(crate) fn finished_weights(folder: &Path) -> Result<Vec<u8>> {
    let shown = folder.display();
    let manifest = Manifest::read(folder)?.with_context(|| format!("{shown} has no {MANIFEST}"))?;
    let finished = manifest
        .finished
        .with_context(|| format!("the run in {shown} is not finished"))?;
    Ok(files::read(
        &find(folder, &finished.weights)?,
        MAX_WEIGHTS_BYTES,
    )?)
}

/// Where a finished run's file is: under its name, or about to get it.
fn find(folder: &Path, file: &FileEntry) -> Result<PathBuf> {
    let path = folder.join(&file.name);
    let next = folder.join(format!("{NEXT}{}", file.name));
    let found = [path.clone(), next]
        .into_iter()
        .find(|path| content_is(path, file));
    found.with_context(|| {
        format!(
            "{} is missing or is not the one that {MANIFEST} names: it does not belong to this run",
            path.display()
        )
    })
}

fn content_is(path: &Path, file: &FileEntry) -> bool {
    files::read(path, MAX_RECORD_BYTES).is_ok_and(|content| sha256(&content) == file.sha256)
}

/// Checks that a file of weights may be used: in a run's folder, and beside a record, it must be the one that the record is
/// of. Anywhere else it is free.
///
/// # Errors
///
/// It is not. Names the file.
pub fn weights_belong(weights: &Path) -> Result<()> {
    let Some(expected) = expected_beside(weights)? else {
        return Ok(());
    };
    if let Err(error) = fs::metadata(weights)
        && error.kind() == ErrorKind::NotFound
    {
        // Whoever reads it says so.
        return Ok(());
    }
    let content = files::read(weights, MAX_WEIGHTS_BYTES);
    ensure!(
        content.is_ok_and(|content| sha256(&content) == expected),
        "{} does not belong to the record beside it: its SHA-256 is not the one that is named there",
        weights.display()
    );
    Ok(())
}

/// The checksum of the weights that belong where `weights` is; none where any may be.
fn expected_beside(weights: &Path) -> Result<Option<String>> {
    let beside = weights.with_extension("json");
    if Record::is_at(&beside) {
        return Ok(Record::read(&beside)?.weights_sha256);
    }
    let manifest = weights.parent().map(Manifest::read);
    let finished = manifest.and_then(Result::ok).flatten();
    let expected = finished.and_then(|manifest| manifest.finished);
    let expected = expected.map(|finished| finished.weights);
    let name = weights.file_name().and_then(|name| name.to_str());
    Ok(expected
        .filter(|file| Some(file.name.as_str()) == name)
        .map(|file| file.sha256))
}
