//! Everything that the documents are made from.

pub(crate) mod microcontroller;
pub(crate) mod speed;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use evidence::{EvidenceFile, Kind, Places, Record};
use experiment::Experiment;
use mnist::{DataSet, Digits, Mnist, Split};

use speed::Speed;

/// Path of the README from the root of the workspace.
pub(crate) const README: &str = "README.md";

/// Path of the page on the evidence from the root of the workspace.
pub(crate) const EVIDENCE: &str = "docs/evidence.md";

/// Path of the page on the design of the experiment from the root of the workspace.
pub(crate) const DESIGN: &str = "docs/design-of-the-experiment.md";

/// Path of the page on the network from the root of the workspace.
pub(crate) const NETWORK: &str = "docs/network.md";

/// Path of the page on microcontrollers from the root of the workspace.
pub(crate) const MICROCONTROLLER: &str = "docs/microcontroller.md";

/// Path of the page on speed from the root of the workspace.
pub(crate) const SPEED: &str = "docs/speed.md";

/// Where the doc comment on what is left out is, from the root of the workspace.
pub(crate) const WITHOUT: &str = "experiments/without/src/lib.rs";

/// Where the frontier's doc comment is, from the root of the workspace.
pub(crate) const FRONTIER: &str = "experiments/frontier/src/lib.rs";

/// The largest text that is read, in bytes.
const MAX_TEXT_BYTES: u64 = 16 << 20;

/// The experiments that are part of the code.
#[derive(Clone, Copy, Debug)]
pub struct Experiments<'a> {
    /// The steps, first to last.
    pub steps: &'a [Experiment],
    /// The last step without one of its ingredients each.
    pub without: &'a [Experiment],
    /// The networks of the frontier, smallest first.
    pub frontier: &'a [Experiment],
}

/// Everything that the documents are made from, read and found to belong together.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// The steps, first to last.
    pub experiments: &'a [Experiment],
    /// The last step without one of its ingredients each.
    pub without: &'a [Experiment],
    /// The networks of the frontier, smallest first.
    pub frontier: &'a [Experiment],
    /// The training images.
    pub train: &'a Digits,
    /// The test images.
    pub test: &'a Digits,
    /// The recorded runs of the steps, by step and seed.
    pub step_runs: Vec<Record>,
    /// The recorded runs of the last step without one of its ingredients, by name and seed.
    pub without_runs: Vec<Record>,
    /// The recorded runs of the frontier, by network and seed.
    pub frontier_runs: Vec<Record>,
    /// The recorded runs of steps with test and hold-out images swapped, by step and seed.
    pub swapped_runs: Vec<Record>,
    /// The recorded runs on the hold-out images, by name and seed.
    pub search_runs: Vec<Record>,
    /// The files with generated parts as they are, by path.
    texts: BTreeMap<String, String>,
    /// What networks take on a microcontroller, smallest first.
    pub(crate) microcontroller: Vec<(String, microcontroller::Taken)>,
    /// What the benchmarks measured.
    pub(crate) speed: Speed,
    /// Checksums of the recorded files, by path.
    pub evidence: Vec<EvidenceFile>,
}

impl<'a> Inputs<'a> {
    /// Reads the records, and the documents as they are.
    ///
    /// # Errors
    ///
    /// A file cannot be read; a record is not valid, is of no experiment of these, was run with another recipe or network
    /// than that has now, on other images than its place is for or the test images are, on another data set than MNIST, or
    /// not with one commit; weights are not those that the record beside them names. Names the file.
    pub fn read(places: &Places, experiments: Experiments<'a>, digits: &'a Mnist) -> Result<Self> {
        let Mnist { train, test, .. } = digits;
        let Experiments {
            steps,
            without,
            frontier,
        } = experiments;
        let records = |kind, known: Option<&[Experiment]>| {
            let records = places.records(kind)?;
            for record in &records {
                belongs(record, known, test).with_context(|| {
                    let path = Places::record_file(kind, record.name(), record.seed());
                    format!("{path} cannot be used")
                })?;
            }
            anyhow::Ok(records)
        };
        let step_runs = records(Kind::Step, Some(steps))?;
        let without_runs = records(Kind::Without, Some(without))?;
        let frontier_runs = records(Kind::Frontier, Some(frontier))?;
        let swapped_runs = records(Kind::Swapped, Some(steps))?;
        let search_runs = records(Kind::Search, None)?;
        let known: Vec<_> = steps.iter().chain(frontier).collect();
        let mut texts = BTreeMap::new();
        let pages = [
            README,
            DESIGN,
            EVIDENCE,
            NETWORK,
            MICROCONTROLLER,
            SPEED,
            WITHOUT,
            FRONTIER,
        ]
        .map(str::to_owned);
        for path in pages.into_iter().chain(steps.iter().map(step_source)) {
            let full = places.workspace().root().join(&path);
            let text = files::read_text(&full, MAX_TEXT_BYTES);
            let text = text.with_context(|| format!("cannot read {}", full.display()))?;
            texts.insert(path, text);
        }
        Ok(Self {
            experiments: steps,
            without,
            frontier,
            train,
            test,
            step_runs,
            without_runs,
            frontier_runs,
            swapped_runs,
            search_runs,
            texts,
            microcontroller: microcontroller::read(places, &known)?,
            speed: Speed::read(places, &known)?,
            evidence: places.evidence_files()?,
        })
    }

    /// The file at this path, which is one of those with generated parts.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.texts.get(path).map_or("", String::as_str)
    }

    /// The recorded runs of a step, by seed.
    pub(crate) fn runs(&self, experiment: &Experiment) -> Vec<&Record> {
        runs_of(&self.step_runs, experiment)
    }

    /// The recorded runs of the last step, by seed.
    pub(crate) fn last_runs(&self) -> Vec<&Record> {
        let last = self.experiments.last();
        last.map(|last| self.runs(last)).unwrap_or_default()
    }
}

/// Those of some runs that are of an experiment.
pub(crate) fn runs_of<'a>(runs: &'a [Record], experiment: &Experiment) -> Vec<&'a Record> {
    let of_experiment = runs.iter().filter(|run| run.run.name == experiment.name);
    of_experiment.collect()
}

/// Where a step's doc comment is, from the root of the workspace.
pub(crate) fn step_source(experiment: &Experiment) -> String {
    format!("experiments/{}/src/lib.rs", experiment.name)
}

/// Whether a record is evidence: of MNIST, evaluated on the images of its kind, made with one commit, and of one of the
/// `known` experiments as it is now. Where none are known, a record itself says what it is of.
fn belongs(record: &Record, known: Option<&[Experiment]>, test: &Digits) -> Result<()> {
    let run = &record.run;
    let mnist = DataSet::mnist();
    ensure!(
        run.data_set == mnist,
        "it is of the data set {}, expected {}",
        run.data_set.name,
        mnist.name
    );
    let split = split_of(run.kind);
    ensure!(
        run.split == split,
        "it was evaluated on the {} images, expected the {} images",
        images(run.split),
        images(split)
    );
    let evaluated = record.last().test_total;
    ensure!(
        split != Split::Test || evaluated == test.len(),
        "it was evaluated on {evaluated} images, but there are {} test images",
        test.len()
    );
    if let Some(reason) = record.origin.reason_against() {
        anyhow::bail!("{reason}");
    }
    known.map_or(Ok(()), |known| is_of_one(record, known))
}

/// Whether a record is of one of these experiments as it is now.
fn is_of_one(record: &Record, known: &[Experiment]) -> Result<()> {
    let run = &record.run;
    let experiment = known.iter().find(|known| known.name == run.name);
    let experiment =
        experiment.with_context(|| format!("there is no experiment {} now", run.name))?;
    let other = match run.architecture == experiment.architecture {
        true => "recipe",
        false => "network",
    };
    ensure!(
        run.is_of(experiment),
        "{} has another {other} now: run it again, or take the old {other} back",
        run.name
    );
    Ok(())
}

/// The images that runs of a kind are evaluated on.
fn split_of(kind: Kind) -> Split {
    match kind {
        Kind::Step | Kind::Without | Kind::Frontier | Kind::Own => Split::Test,
        Kind::Search => Split::Holdout,
        Kind::Swapped => Split::Swapped,
    }
}

fn images(split: Split) -> &'static str {
    match split {
        Split::Test => "test",
        Split::Holdout => "hold-out",
        Split::Swapped => "swapped",
    }
}
