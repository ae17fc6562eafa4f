//! States to go on from, as Burn's `Learner` saves them.
//!
//! Burn saves a network, an optimiser and a schedule each by itself, on three threads. A [`Keeper`] waits until the three of
//! an epoch are there, adds what the run has measured, and puts all of it into the run's folder in one step.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use burn::train::checkpoint::{
    Checkpoint, Checkpointer, CheckpointerError, CheckpointingAction, CheckpointingStrategy,
};
use burn::train::metric::store::EventStoreClient;
use evidence::{Epoch, LiveState, RunFolder, State, TeacherRecord};
use model_core::Network;

use crate::classifier::Classifier;
use crate::journal::Journal;

/// The parts that Burn saves.
const PARTS: [&str; 3] = [MODEL, OPTIMIZER, SCHEDULE];
pub(crate) const MODEL: &str = "model.bpk";
pub(crate) const OPTIMIZER: &str = "optimizer.bpk";
pub(crate) const SCHEDULE: &str = "schedule.bpk";
/// The trained teacher, which later states hold too.
const TEACHER: &str = "teacher.bpk";

/// The network of a live run as it was when the state was kept.
///
/// # Errors
///
/// The state is gone, or its network cannot be built on this device.
pub fn network_of(state: &LiveState, device: &Device) -> Result<Network> {
    let record: ModuleRecord = parse(state.part(MODEL)?)?;
    let network = Network::new(&state.run.architecture, 0.0, device)?;
    let classifier = Classifier {
        network,
        label_smoothing: 0.0,
        teacher: None,
        statistics: None,
    };
    let loaded = classifier.try_load_record(record);
    Ok(loaded.context("the state is of another network")?.network)
}

/// A state's parts by name.
pub(crate) type Parts = BTreeMap<String, Vec<u8>>;

/// Keeps the states of a run in its folder.
#[derive(Clone)]
pub struct Keeper(Arc<Mutex<Kept>>);

struct Kept {
    folder: RunFolder,
    state: State,
    teacher: Option<Vec<u8>>,
    /// The state that the run goes on from, until the training that it is of begins.
    resumed: Option<Parts>,
    /// What has been saved of an epoch that is not complete.
    incomplete: BTreeMap<usize, BTreeMap<&'static str, Vec<u8>>>,
    failure: Option<anyhow::Error>,
}

impl Keeper {
    /// Goes on from `state`, whose parts are `parts`; from the beginning where there are none.
    pub fn new(folder: RunFolder, state: State, parts: Vec<(String, Vec<u8>)>) -> Self {
        let mut parts: Parts = parts.into_iter().collect();
        let teacher = parts.remove(TEACHER);
        Self(Arc::new(Mutex::new(Kept {
            folder,
            state,
            teacher,
            resumed: (!parts.is_empty()).then_some(parts),
            incomplete: BTreeMap::new(),
            failure: None,
        })))
    }

    /// What the run has done so far.
    pub fn state(&self) -> State {
        self.kept().state.clone()
    }

    /// The parts of the state that a training goes on from; none if it begins.
    pub(crate) fn take_resumed(&self) -> Option<Parts> {
        self.kept().resumed.take()
    }

    /// The trained teacher that came with the state.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub(crate) fn teacher(&self) -> Result<Option<ModuleRecord>> {
        let teacher = self.kept().teacher.clone();
        teacher.map(parse).transpose()
    }

    /// Keeps the trained teacher: all states from now on are of the network itself.
    ///
    /// # Errors
    ///
    /// It cannot be made into bytes.
    pub(crate) fn set_teacher(&self, record: TeacherRecord, network: ModuleRecord) -> Result<()> {
        let bytes = network.into_bytes().context("cannot keep the teacher")?;
        let mut kept = self.kept();
        kept.state.teacher = Some(record);
        kept.teacher = Some(bytes.to_vec());
        Ok(())
    }

    /// Why a state could not be kept, if one could not.
    pub(crate) fn take_failure(&self) -> Option<anyhow::Error> {
        self.kept().failure.take()
    }

    /// The folder, once nobody else uses this.
    ///
    /// # Errors
    ///
    /// Somebody does.
    pub fn into_folder(self) -> Result<RunFolder> {
        let kept = Arc::try_unwrap(self.0);
        let kept = kept.map_err(|_| anyhow!("a training still uses the run's folder"))?;
        Ok(kept
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
            .folder)
    }

    /// What saves and restores one part for Burn. `has_teacher` says whether the teacher of this training, if it has one, is
    /// trained.
    pub(crate) fn part<R>(&self, name: &'static str, of: Training) -> Part<R> {
        Part {
            name,
            of,
            keeper: self.clone(),
            record: PhantomData,
        }
    }

    fn add(&self, epoch: usize, name: &'static str, bytes: Vec<u8>, of: &Training) -> Result<()> {
        let mut kept = self.kept();
        let parts = kept.incomplete.entry(epoch).or_default();
        parts.insert(name, bytes);
        if parts.len() < PARTS.len() {
            return Ok(());
        }
        let parts = kept.incomplete.remove(&epoch).unwrap_or_default();
        let mut epochs = of.journal.epochs();
        // The next epoch may be over by now.
        epochs.truncate(epoch);
        kept.keep(epochs, of.is_teacher, &parts)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(
        &mut self,
        epochs: Vec<Epoch>,
        is_teacher: bool,
        parts: &BTreeMap<&'static str, Vec<u8>>,
    ) -> Result<()> {
        if is_teacher {
            self.state.teacher_epochs = epochs;
        } else {
            self.state.epochs = epochs;
        }
        let parts = parts.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
        let teacher = self.teacher.iter().map(|bytes| (TEACHER, bytes.as_slice()));
        let parts: Vec<(&str, &[u8])> = parts.chain(teacher).collect();
        self.folder.add_state(&self.state, &parts)
    }
}

/// The training that a state is of.
#[derive(Clone)]
pub(crate) struct Training {
    pub(crate) journal: Journal,
    /// Whether it is the teacher's.
    pub(crate) is_teacher: bool,
    /// The state that it goes on from.
    pub(crate) resumed: Arc<Parts>,
}

/// Saves and restores one part of a state.
pub(crate) struct Part<R> {
    name: &'static str,
    of: Training,
    keeper: Keeper,
    record: PhantomData<fn() -> R>,
}

impl<R: Checkpoint> Checkpointer<R> for Part<R> {
    fn save(&self, epoch: usize, record: R) -> Result<(), CheckpointerError> {
        let bytes = record
            .checkpoint_into_bytes()
            .map_err(CheckpointerError::Record)?;
        let added = self.keeper.add(epoch, self.name, bytes.to_vec(), &self.of);
        added.map_err(|error| {
            let message = format!("{error:#}");
            self.keeper.kept().failure.get_or_insert(error);
            CheckpointerError::Unknown(message)
        })
    }

    fn delete(&self, _: usize) -> Result<(), CheckpointerError> {
        // The folder keeps as many as it needs.
        Ok(())
    }

    fn restore(&self, _: usize) -> Result<R, CheckpointerError> {
        let bytes = self.of.resumed.get(self.name).cloned().unwrap_or_default();
        R::checkpoint_from_bytes(Bytes::from_bytes_vec(bytes)).map_err(CheckpointerError::Record)
    }
}

/// Saves after every epoch.
pub(crate) struct EveryEpoch;

impl CheckpointingStrategy for EveryEpoch {
    fn checkpointing(&mut self, _: usize, _: &EventStoreClient) -> Vec<CheckpointingAction> {
        vec![CheckpointingAction::Save]
    }
}

/// A record from the bytes of a part.
///
/// # Errors
///
/// It is none.
pub(crate) fn parse<R: Checkpoint>(bytes: Vec<u8>) -> Result<R> {
    R::checkpoint_from_bytes(Bytes::from_bytes_vec(bytes)).context("the state cannot be read")
}
