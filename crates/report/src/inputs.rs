//! Everything that the documents are made from.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use experiment::{Experiment, Recipe, RunResult, read_results};
use mnist::{Digits, Split};

use crate::checksums::{self, Evidence};
use crate::result_section::source_path;
use crate::{readme, text};

/// Everything that the documents are made from, read and found to belong together.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    /// The steps, first to last.
    pub experiments: &'a [Experiment],
    /// The test images.
    pub test: &'a Digits,
    /// The recorded runs, by step and seed.
    pub results: Vec<RunResult>,
    /// `README.md` as it is.
    pub readme: String,
    /// `src/lib.rs` of each step as it is, in the order of the experiments.
    pub step_sources: Vec<String>,
    /// Checksums of the recorded files, by path.
    pub evidence: Vec<Evidence>,
}

impl<'a> Inputs<'a> {
    /// Reads the results and the documents as they are from the workspace at `root`.
    ///
    /// # Errors
    ///
    /// A file cannot be read; a result is not valid, is of no step in `experiments`, or was run with another recipe
    /// or network than that step has now. Names the file.
    pub fn read(root: &Path, experiments: &'a [Experiment], test: &'a Digits) -> Result<Self> {
        let directory = root.join("results");
        let results = if directory.is_dir() {
            read_results(&directory)?
        } else {
            Vec::new()
        };
        for result in &results {
            let path = format!("results/{}/seed-{}.json", result.step, result.seed);
            belongs(result, experiments).with_context(|| format!("{path} is stale"))?;
        }
        let evidence = checksums::read(&directory)?;
        let recorded = evidence
            .iter()
            .filter(|file| file.path.ends_with(".json"))
            .count();
        ensure!(
            recorded == results.len(),
            "{} holds a run directory; record a run as <step>/seed-<n>.json",
            directory.display()
        );
        let source = |experiment: &Experiment| text(root.join(source_path(experiment)));
        Ok(Self {
            experiments,
            test,
            results,
            readme: text(root.join(readme::PATH))?,
            step_sources: experiments.iter().map(source).collect::<Result<_>>()?,
            evidence,
        })
    }

    /// The recorded runs of a step, by seed.
    pub(crate) fn runs(&self, experiment: &Experiment) -> Vec<&RunResult> {
        self.results
            .iter()
            .filter(|result| result.step == experiment.name)
            .collect()
    }
}

/// Whether a result is one of a step as it is now, evaluated on the test images.
fn belongs(result: &RunResult, experiments: &[Experiment]) -> Result<()> {
    let step = &result.step;
    let experiment = experiments
        .iter()
        .find(|experiment| experiment.name == *step);
    let experiment = experiment.with_context(|| format!("there is no step {step}"))?;
    let recipe = Recipe {
        seed: result.seed,
        ..experiment.recipe.clone()
    };
    ensure!(
        result.recipe == recipe,
        "{step} has another recipe now: run it again, or take the old recipe back"
    );
    ensure!(
        result.architecture == experiment.architecture,
        "{step} has another network now: run it again, or take the old network back"
    );
    ensure!(
        result.split == Split::Test,
        "it was evaluated on the hold-out images, not on the test images"
    );
    Ok(())
}
