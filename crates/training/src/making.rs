//! A run from its folder to its record.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use evidence::{
    Epoch, Kind, Opened, Origin, Places, Record, ResultsTable, Resumed, RunFolder, RunId,
    SCHEMA_VERSION, Sizes, State, commit_of, is_same_code, sha256, verdict,
};
use experiment::{Experiment, Optimizer};
use mnist::{DataSet, Split};
use model_core::weights;

use crate::backend::Selected;
use crate::checkpoints::Keeper;
use crate::run::{Data, Trained, run_id, train};
use crate::stop::Stop;
use crate::{complain, say};

/// The version that the workspace's manifest pins.
const BURN_VERSION: &str = "0.22.1";

/// A run to make, and where.
pub struct Making<'a> {
    /// What is trained.
    pub experiment: &'a Experiment,
    /// Of which kind a run on the test images is.
    pub kind: Kind,
    /// The run's seed.
    pub seed: u64,
    /// The images.
    pub data: &'a Data,
    /// What computes.
    pub selected: &'a Selected,
    /// Where runs and results lie.
    pub places: &'a Places,
    /// The run's folder, where it is not the usual one.
    pub folder: Option<&'a Path>,
    /// Whether the run begins anew, whatever is there.
    pub fresh: bool,
    /// Whether the run is put among the results.
    pub record: bool,
    /// The commit that this program was built from, where that is known.
    pub built_from: Option<&'a str>,
    /// What stops it.
    pub stop: &'a Stop,
}

/// Makes the run, or goes on with it, or finds it finished; says what comes of it, and records it if that is wanted.
///
/// # Errors
///
/// The folder cannot be used, or the run cannot be made, kept or recorded.
pub fn make(making: &Making) -> Result<()> {
    let Making {
        experiment,
        data,
        selected,
        places,
        ..
    } = making;
    ensure!(
        !making.record || data.data_set == DataSet::mnist(),
        "--record takes runs on MNIST alone, and these files are not MNIST's"
    );
    let run = run_id(making.kind, experiment, making.seed, data, selected);
    let path = match making.folder {
        Some(folder) => folder.to_owned(),
        None => places.run_folder(&run)?,
    };
    let title = &experiment.title;
    let (folder, state, parts) = match RunFolder::open(&path, &run, title, making.fresh)? {
        Opened::Finished(record) => {
            say!(
                "{}: this run is finished; --fresh makes it again",
                run.describe()
            );
            return show(making, &path, &record);
        }
        Opened::New(folder) => (folder, begin(making), Vec::new()),
        Opened::Resumed(resumed) => {
            let Resumed {
                folder,
                mut state,
                parts,
                refused,
            } = *resumed;
            for line in refused {
                complain!("{line}; the run goes on from the one before it");
            }
            let commit = commit_of(places.workspace().root());
            state.origin.resumed_with(commit);
            (folder, state, parts)
        }
    };
    if making.record {
        check_evidence(&state.origin, making.built_from, places)?;
    }
    announce(making, &run, &state, &path);
    let record = finish(making, &run, folder, state, parts)?;
    show(making, &path, &record)
}

/// Checks that a run from here may be recorded.
fn check_evidence(origin: &Origin, built_from: Option<&str>, places: &Places) -> Result<()> {
    if let Some(reason) = origin.reason_against() {
        bail!(
            "the run would be no evidence: {reason}; commit first, and begin it anew with --fresh"
        );
    }
    let commit = origin.commits.first().map(|commit| commit.hash.as_str());
    if let (Some(built_from), Some(commit)) = (built_from, commit) {
        ensure!(
            is_same_code(places.workspace().root(), built_from, commit),
            "the run would be no evidence: the checkout is at commit {commit}, and this program was built from {built_from}; \
             check that out again"
        );
    }
    Ok(())
}

/// The state of a run that begins.
fn begin(making: &Making) -> State {
    State {
        // Before training: a commit that is made meanwhile did not make the run.
        origin: Origin::here(
            making.places.workspace().root(),
            BURN_VERSION,
            &making.selected.device_name,
            rayon::current_num_threads(),
        ),
        teacher_epochs: Vec::new(),
        teacher: None,
        epochs: Vec::new(),
    }
}

fn finish(
    making: &Making,
    run: &RunId,
    mut folder: RunFolder,
    state: State,
    parts: Vec<(String, Vec<u8>)>,
) -> Result<Record> {
    folder.take_room(sizes(run, making.data)?)?;
    let origin = state.origin.clone();
    let keeper = Keeper::new(folder, state, parts);
    let trained = train(
        run,
        making.data,
        making.selected,
        making.stop,
        Some(&keeper),
    )?;
    let weights = weights::to_bytes(&trained.network)?;
    let record = record(
        run,
        &making.experiment.title,
        origin,
        trained,
        sha256(&weights),
    )?;
    record.check()?;
    keeper.into_folder()?.finish(&record, &weights)?;
    Ok(record)
}

/// The record of a run.
///
/// # Errors
///
/// The architecture cannot be built.
pub fn record(
    run: &RunId,
    title: &str,
    origin: Origin,
    trained: Trained,
    weights_sha256: String,
) -> Result<Record> {
    Ok(Record {
        schema_version: SCHEMA_VERSION,
        run: run.clone(),
        title: title.into(),
        origin,
        parameters: run.architecture.summary()?.totals.parameters,
        epochs: trained.epochs,
        teacher: trained.teacher,
        train: trained.train,
        confusion: trained.confusion.map(Vec::from).to_vec(),
        misclassified: trained.misclassified,
        disturbed: trained.disturbed,
        weights_sha256: Some(weights_sha256),
    })
}

/// How much the run will write: an estimate from above.
fn sizes(run: &RunId, data: &Data) -> Result<Sizes> {
    /// Of a tensor's name and shape, of an epoch, and of an image that was classified wrong.
    const TENSOR: u64 = 128;
    const EPOCH: u64 = 400;
    const MISCLASSIFIED: u64 = 160;
    /// Whatever else there is, and what a file system rounds up.
    const REST: u64 = 8_192;
    /// A layer has at most five tensors.
    const TENSORS: u64 = 5;

    let recipe = &run.recipe;
    let network = |architecture: &architecture::Architecture| {
        let summary = architecture.summary()?;
        let totals = &summary.totals;
        let values = totals.parameters + totals.non_trainable_parameters;
        anyhow::Ok(4 * values as u64 + TENSOR * TENSORS * summary.rows().len() as u64)
    };
    let weights = network(&run.architecture)?;
    let teacher = recipe.distillation.as_ref();
    let teacher = teacher.map_or(Ok(0), |it| network(&it.teacher))?;
    let moments = match recipe.optimizer {
        Optimizer::Sgd { .. } => 1,
        Optimizer::AdamW { .. } => 2,
    };
    let epochs = EPOCH * recipe.epochs as u64;
    Ok(Sizes {
        state: (1 + moments) * weights.max(teacher) + teacher + epochs + REST,
        // A network that gets more than a twentieth wrong has a longer record: there is some room left.
        finished: weights + epochs + MISCLASSIFIED * (data.evaluation.len() as u64 / 20) + REST,
    })
}

fn announce(making: &Making, run: &RunId, state: &State, path: &Path) {
    let Making { data, selected, .. } = making;
    let recipe = &run.recipe;
    let threads = rayon::current_num_threads();
    let instructions = run.instructions.as_ref();
    let instructions = instructions.map_or_else(String::new, |it| format!("{it}, "));
    say!(
        "{}: backend {} on {} ({instructions}{threads} thread{}), seed {}",
        run.name,
        selected.backend,
        selected.device_name,
        plural(threads),
        run.seed
    );
    say!(
        "{} training images, {} {} images; {} epoch{} in batches of {}",
        data.train.len(),
        data.evaluation.len(),
        match data.split {
            Split::Test => "test",
            Split::Holdout | Split::Swapped => "hold-out",
        },
        recipe.epochs,
        plural(recipe.epochs),
        recipe.batch_size
    );
    let (epochs, of_teacher): (&[Epoch], &str) = match &state.teacher {
        None if !state.teacher_epochs.is_empty() => (&state.teacher_epochs, "the teacher's "),
        _ => (&state.epochs, ""),
    };
    if !epochs.is_empty() || state.teacher.is_some() {
        say!(
            "Goes on after {of_teacher}epoch {} of {}, in {}",
            epochs.len(),
            recipe.epochs,
            path.display()
        );
    }
    if selected.compiles_kernels {
        say!("The first steps compile the device's kernels, which can take a minute.");
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Says what came of the run, and records it if that is wanted.
fn show(making: &Making, path: &Path, record: &Record) -> Result<()> {
    let Making { places, .. } = making;
    let width = tables::width();
    say!("\n{}", tables::wrapped(&verdict(record), width));
    let result = format!("Result and weights: {}", shown(places, path).display());
    say!("{}", tables::wrapped(&result, width));
    if making.record {
        let path = places.put_on_record(path)?;
        say!(
            "Recorded: {} (`cargo ladder report` brings the documents up to date)",
            shown(places, &path).display()
        );
    }
    let steps = match making.kind {
        Kind::Step => places.records(Kind::Step),
        // No step comes before it.
        _ => Ok(Vec::new()),
    };
    match steps {
        Ok(steps) => say!(
            "\n{}",
            ResultsTable::of_step_before(&steps, record).to_terminal(width)
        ),
        // The run is finished and written, whatever lies among the results of others.
        Err(error) => complain!("No table of the recorded results: {error:#}"),
    }
    let rest = "`cargo ladder table` shows all steps.\n`cargo ladder table --runs` shows all runs that were made here.";
    say!("{}", tables::wrapped(rest, width));
    Ok(())
}

/// A path as one would write it in the workspace.
fn shown(places: &Places, path: &Path) -> PathBuf {
    let root = places.workspace().root();
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_name_the_version_of_burn_that_the_manifest_pins() {
        let workspace = files::Workspace::find().unwrap();
        let manifest = std::fs::read_to_string(workspace.root().join("Cargo.toml")).unwrap();
        let pin = format!("\nburn = {{ version = \"={BURN_VERSION}\",");
        assert!(manifest.contains(&pin), "{pin}");
    }
}
