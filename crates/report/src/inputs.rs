//! Everything that the documents are made from.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use experiment::{Experiment, Recipe, RunResult, read_results};
use inference::CLASSES;
use mnist::{Digits, Split};

use crate::checksums::{self, Evidence};
use crate::result_section::source_path;
use crate::{frontier, mistakes, readme, text};

/// Everything that the documents are made from, read and found to belong together.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// The steps, first to last.
    pub experiments: &'a [Experiment],
    /// The networks of the frontier, smallest first.
    pub frontier: &'a [Experiment],
    /// The test images.
    pub test: &'a Digits,
    /// The recorded runs of the steps, by step and seed.
    pub results: Vec<RunResult>,
    /// What the recorded weights of the last step say of each test image that any of its runs gets wrong: the probabilities of
    /// all digits, by index of the image.
    pub probabilities: BTreeMap<usize, [f32; CLASSES]>,
    /// The recorded runs of the frontier, by network and seed.
    pub frontier_results: Vec<RunResult>,
    /// The recorded runs of steps with test and held-out images swapped, by step and seed.
    pub swapped: Vec<RunResult>,
    /// The recorded runs on the hold-out images, by name and seed.
    pub search: Vec<RunResult>,
    /// `README.md` as it is.
    pub readme: String,
    /// `src/lib.rs` of each step as it is, in the order of the experiments.
    pub step_sources: Vec<String>,
    /// `src/lib.rs` of the frontier as it is, if there is any network on it.
    pub frontier_source: Option<String>,
    /// Checksums of the recorded files, by path.
    pub evidence: Vec<Evidence>,
}

impl<'a> Inputs<'a> {
    /// Reads the results and the documents as they are from the workspace at `root`.
    ///
    /// # Errors
    ///
    /// A file cannot be read; a result is not valid, is of no experiment of these, was run with another recipe or network
    /// than that has now, on other images than its folder is for or the test images are, or with uncommitted changes; the
    /// weights of the last step are missing, or are not those of its run. Names the file.
    pub fn read(
        root: &Path,
        experiments: &'a [Experiment],
        frontier: &'a [Experiment],
        test: &'a Digits,
        device: &Device,
    ) -> Result<Self> {
        let directory = root.join("results");
        let read = |kind: &str, split, known: Option<&[Experiment]>| {
            let folder = directory.join(kind);
            let results = if folder.is_dir() {
                read_results(&folder)?
            } else {
                Vec::new()
            };
            for result in &results {
                let name = format!("{}/seed-{}.json", result.step, result.seed);
                let path = Path::new("results").join(kind).join(name);
                belongs(result, split, known, test)
                    .with_context(|| format!("{} is stale", path.display()))?;
            }
            anyhow::Ok(results)
        };
        let results = read("", Split::Test, Some(experiments))?;
        let frontier_results = read("frontier", Split::Test, Some(frontier))?;
        let swapped = read("swapped", Split::Swapped, Some(experiments))?;
        let search = read("search", Split::Holdout, None)?;
        let evidence = checksums::read(&directory)?;
        let recorded = evidence
            .iter()
            .filter(|file| file.path.ends_with(".json"))
            .count();
        ensure!(
            recorded == results.len() + frontier_results.len() + swapped.len() + search.len(),
            "{} holds a run directory; record a run as <step>/seed-<n>.json",
            directory.display()
        );
        let source = |experiment: &Experiment| text(root.join(source_path(experiment)));
        let frontier_source = || text(root.join(frontier::SOURCE));
        let probabilities = match experiments.last() {
            Some(last) => {
                mistakes::probabilities(root, last, &runs_of(&results, last), test, device)?
            }
            None => BTreeMap::new(),
        };
        Ok(Self {
            experiments,
            frontier,
            test,
            results,
            probabilities,
            frontier_results,
            swapped,
            search,
            readme: text(root.join(readme::PATH))?,
            step_sources: experiments.iter().map(source).collect::<Result<_>>()?,
            frontier_source: (!frontier.is_empty()).then(frontier_source).transpose()?,
            evidence,
        })
    }

    /// The recorded runs of a step, by seed.
    pub(crate) fn runs(&self, experiment: &Experiment) -> Vec<&RunResult> {
        runs_of(&self.results, experiment)
    }
}

/// Those of `results` that are of an experiment.
pub(crate) fn runs_of<'a>(results: &'a [RunResult], experiment: &Experiment) -> Vec<&'a RunResult> {
    results
        .iter()
        .filter(|result| result.step == experiment.name)
        .collect()
}

/// Whether a result is evidence: evaluated on these images, of committed code, and of one of the `known` experiments as it
/// is now. Where none are known, results tell themselves what they are of.
fn belongs(
    result: &RunResult,
    split: Split,
    known: Option<&[Experiment]>,
    test: &Digits,
) -> Result<()> {
    let name = &result.step;
    ensure!(
        result.split == split,
        "it was evaluated on the {} images, not on the {} images",
        images(result.split),
        images(split)
    );
    let evaluated = result.last().test_total;
    ensure!(
        split != Split::Test || evaluated == test.len(),
        "it was evaluated on {evaluated} images, but there are {} test images",
        test.len()
    );
    let Some(known) = known else {
        return Ok(());
    };
    let experiment = known.iter().find(|experiment| experiment.name == *name);
    let experiment = experiment.with_context(|| format!("there is no step {name}"))?;
    let recipe = Recipe {
        seed: result.seed,
        ..experiment.recipe.clone()
    };
    ensure!(
        result.recipe == recipe,
        "{name} has another recipe now: run it again, or take the old recipe back"
    );
    ensure!(
        result.architecture == experiment.architecture,
        "{name} has another network now: run it again, or take the old network back"
    );
    let commit = result.versions.git_commit.as_deref();
    ensure!(
        !commit.is_some_and(|commit| commit.ends_with("-dirty")),
        "it was run with uncommitted changes"
    );
    Ok(())
}

fn images(split: Split) -> &'static str {
    match split {
        Split::Test => "test",
        Split::Holdout => "hold-out",
        Split::Swapped => "swapped",
    }
}
