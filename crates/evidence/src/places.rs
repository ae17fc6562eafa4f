//! Where runs and results lie.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use files::{Workspace, write_whole};

use crate::folder::{finished_weights, read_finished};
use crate::lock::is_locked;
use crate::record::MAX_RECORD_BYTES;
use crate::{Kind, Record, RunId, sha256};

/// The folder of the committed evidence, from the root of the workspace.
const RESULTS: &str = "results";
/// The folder of one's own runs, from the root of the workspace.
const RUNS: &str = "runs";
/// The folder of what was submitted to Slurm, from the root of the workspace.
const SUBMISSIONS: &str = "slurm";

/// Extension of recorded weights.
const WEIGHTS: &str = "safetensors";

/// The seed whose weights are recorded.
const SEED_WITH_WEIGHTS: u64 = 1;

/// Where the runs and the results of a workspace lie. No other code makes a path of either.
///
/// ```text
/// runs/<name>/seed-<n>-<hash>/            a run, finished or not
/// slurm/                                  what was submitted to Slurm
/// results/<step>/seed-<n>.json            the recorded runs of a step
/// results/<step>/seed-1.safetensors       the weights of the first
/// results/{without,frontier,search,swapped}/…     the same for other kinds
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    workspace: Workspace,
}

/// A recorded file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvidenceFile {
    /// Path from the folder of the results, with `/`.
    pub path: String,
    /// SHA-256 of the content, in lower-case hexadecimal.
    pub sha256: String,
}

impl Places {
    /// The places of a workspace.
    pub fn of(workspace: Workspace) -> Self {
        Self { workspace }
    }

    /// The workspace.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The folder of a run.
    ///
    /// # Errors
    ///
    /// The id holds a number that JSON has not.
    pub fn run_folder(&self, run: &RunId) -> Result<PathBuf> {
        Ok(self.runs().join(self.run_name(run)?))
    }

    /// The folder of a run, from the folder of all runs: a name that no other run has.
    ///
    /// # Errors
    ///
    /// The id holds a number that JSON has not.
    pub fn run_name(&self, run: &RunId) -> Result<String> {
        Ok(format!("{}/seed-{}-{}", run.name, run.seed, run.hash()?))
    }

    fn runs(&self) -> PathBuf {
        self.workspace.root().join(RUNS)
    }

    /// The folder of what was submitted to Slurm: the program that the jobs run, what they are, and what they print.
    pub fn submissions(&self) -> PathBuf {
        self.workspace.root().join(SUBMISSIONS)
    }

    /// The finished run with this id, where it usually lies.
    ///
    /// # Errors
    ///
    /// There is none. Says why.
    pub fn finished(&self, run: &RunId) -> Result<Record> {
        read_finished(&self.run_folder(run)?)
    }

    /// Whether a live run has the folder of this run.
    ///
    /// # Errors
    ///
    /// The id holds a number that JSON has not.
    pub fn is_live(&self, run: &RunId) -> Result<bool> {
        Ok(is_locked(&self.run_folder(run)?))
    }

    /// The folders of all runs, by name.
    pub(crate) fn run_folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for experiment in folders_in(&self.runs()) {
            folders.extend(folders_in(&experiment));
        }
        folders
    }

    /// All finished runs, by name and seed, and a line on each that cannot be read.
    pub fn finished_runs(&self) -> (Vec<Record>, Vec<String>) {
        let (mut records, mut problems) = (Vec::new(), Vec::new());
        for folder in self.run_folders() {
            match finished_in(&folder) {
                Ok(record) => records.extend(record),
                Err(error) => problems.push(format!("{error:#}")),
            }
        }
        sort(&mut records);
        (records, problems)
    }

    /// Path of a file that lies directly among the results, from the root of the workspace, with `/`.
    pub fn result_file(name: &str) -> String {
        format!("{RESULTS}/{name}")
    }

    /// The folder of the results, where charts lie.
    pub fn results(&self) -> PathBuf {
        self.workspace.root().join(RESULTS)
    }

    /// Path of a file that lies beside the records of a kind, from the root of the workspace, with `/`.
    pub fn file_of(kind: Kind, name: &str) -> String {
        Self::result_file(&format!("{}{name}", folder_of(kind)))
    }

    /// Path of a recorded run, from the root of the workspace, with `/`.
    pub fn record_file(kind: Kind, name: &str, seed: u64) -> String {
        Self::file_of(kind, &format!("{name}/seed-{seed}.json"))
    }

    fn record_path(&self, kind: Kind, name: &str, seed: u64) -> PathBuf {
        self.workspace
            .root()
            .join(Self::record_file(kind, name, seed))
    }

    /// The recorded run with this seed.
    ///
    /// # Errors
    ///
    /// There is none, or it cannot be read. Names the file.
    pub fn record(&self, kind: Kind, name: &str, seed: u64) -> Result<Record> {
        Record::read(&self.record_path(kind, name, seed))
    }

    /// The recorded runs of a kind, by name and seed.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or is no record, or that of a run that belongs elsewhere.
    pub fn records(&self, kind: Kind) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        for folder in self.record_folders(kind)? {
            for path in children(&folder)? {
                if !is_record(&path) {
                    continue;
                }
                let record = Record::read(&path)?;
                let expected = self.record_path(record.run.kind, record.name(), record.seed());
                ensure!(
                    path == expected && record.run.kind == kind,
                    "{} holds the run {} of another place, expected it at {}",
                    path.display(),
                    record.run.describe(),
                    expected.display()
                );
                records.push(record);
            }
        }
        sort(&mut records);
        Ok(records)
    }

    /// The folders of the recorded experiments of a kind.
    fn record_folders(&self, kind: Kind) -> Result<Vec<PathBuf>> {
        let root = self.results().join(folder_of(kind));
        if !root.is_dir() {
            return Ok(Vec::new());
        }
        let other_kinds = Kind::ALL.map(|kind| folder_of(kind).trim_end_matches('/'));
        let folders = children(&root)?.into_iter();
        let folders = folders.filter(|path| path.is_dir());
        Ok(folders
            .filter(|path| kind != Kind::Step || !other_kinds.contains(&file_name(path).as_str()))
            .collect())
    }

    /// Where the recorded weights of an experiment are.
    pub fn weights(&self, kind: Kind, name: &str) -> PathBuf {
        let record = self.record_path(kind, name, SEED_WITH_WEIGHTS);
        record.with_extension(WEIGHTS)
    }

    /// Puts the finished run in `folder` among the results: the record, and the weights of seed 1 on the test images.
    /// Returns the record's path.
    ///
    /// # Errors
    ///
    /// The run is no evidence, or a file cannot be written.
    pub fn put_on_record(&self, folder: &Path) -> Result<PathBuf> {
        let record = read_finished(folder)?;
        if let Some(reason) = record.origin.reason_against() {
            anyhow::bail!(
                "{} cannot be recorded: {reason}. Commit, and make it again with --fresh",
                record.run.describe()
            );
        }
        let path = self.record_path(record.run.kind, record.name(), record.seed());
        // Of what is part of the code, the code says which run belongs there; a name of the search is anybody's.
        if record.run.kind == Kind::Search && path.exists() {
            let recorded = Record::read(&path)?;
            ensure!(
                recorded.run == record.run,
                "{} records another run of this name and seed: give the experiment another name",
                path.display()
            );
        }
        if keeps_weights(&record.run) {
            write_whole(&path.with_extension(WEIGHTS), &finished_weights(folder)?)?;
        }
        write_whole(&path, record.to_json()?.as_bytes())?;
        Ok(path)
    }

    /// Checksums of all recorded runs and weights, by path. Weights must be those that the record beside them names.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or weights do not belong to the record beside them. Names the file.
    pub fn evidence_files(&self) -> Result<Vec<EvidenceFile>> {
        let results = self.results();
        let mut evidence = Vec::new();
        for kind in Kind::ALL {
            for folder in self.record_folders(kind)? {
                for path in children(&folder)? {
                    let is_weights = path.extension() == Some(WEIGHTS.as_ref());
                    if !(is_weights || is_record(&path)) {
                        continue;
                    }
                    let content = files::read(&path, MAX_RECORD_BYTES)
                        .with_context(|| format!("cannot read {}", path.display()))?;
                    let sha256 = sha256(&content);
                    if is_weights {
                        check_weights(&path, &sha256)?;
                    }
                    let path = path.strip_prefix(&results).unwrap_or(&path);
                    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
                    evidence.push(EvidenceFile {
                        path: parts.join("/"),
                        sha256,
                    });
                }
            }
        }
        evidence.sort();
        Ok(evidence)
    }
}

/// Whether a file among the records has the name of one.
fn is_record(path: &Path) -> bool {
    let name = file_name(path);
    name.starts_with("seed-") && name.ends_with(".json")
}

/// Checks that recorded weights are those that the record beside them names.
fn check_weights(weights: &Path, sha256: &str) -> Result<()> {
    let record = Record::read(&weights.with_extension("json"))?;
    let expected = record.weights_sha256.as_deref().unwrap_or("none");
    ensure!(
        sha256 == expected,
        "{} does not belong to the record beside it: its SHA-256 is {sha256}, that in the record is {expected}",
        weights.display()
    );
    Ok(())
}

/// Whether the weights of a run are recorded too.
fn keeps_weights(run: &RunId) -> bool {
    run.seed == SEED_WITH_WEIGHTS && matches!(run.kind, Kind::Step | Kind::Frontier)
}

/// The folder of a kind's records among the results.
fn folder_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Step => "",
        Kind::Without => "without/",
        Kind::Frontier => "frontier/",
        Kind::Search => "search/",
        Kind::Swapped => "swapped/",
        Kind::Own => "own/",
    }
}

/// The finished run in a folder; none where the run is still to be finished.
pub(crate) fn finished_in(folder: &Path) -> Result<Option<Record>> {
    let manifest = crate::manifest::Manifest::read(folder)?;
    match manifest.and_then(|manifest| manifest.finished) {
        Some(_) => read_finished(folder).map(Some),
        None => Ok(None),
    }
}

/// The folders in a folder, by name; none where it cannot be read. Links are not followed.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

fn children(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || {
        let entries = fs::read_dir(folder)?;
        let paths = entries.map(|entry| Ok(entry?.path()));
        paths.collect::<std::io::Result<Vec<_>>>()
    };
    let mut paths =
        read().with_context(|| format!("cannot read the folder {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn sort(records: &mut [Record]) {
    records.sort_by(|a, b| (a.name(), a.seed()).cmp(&(b.name(), b.seed())));
}
