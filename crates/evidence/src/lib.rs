//! The evidence that a run leaves: what the run is, where it lies, what it recorded, and what it needs to go on.
//!
//! - [`RunId`] says what a run is. Two runs are the same if and only if their ids are.
//! - [`Places`] turns an id into a path. No other crate spells a path of the results or of the runs.
//! - [`Record`] is what a finished run leaves beside its weights.
//! - [`RunFolder`] is the folder of one run: locked while the run lives, with the states to resume from, and at the end
//!   with record and weights, both or none.
//! - [`live_runs`] are the runs that are being made at the moment; [`Watched`] says what became of them too.
//! - [`verdict`] says whether a run held the target accuracy.
//! - [`ResultsTable`] sets records side by side.
//!
//! Training writes all this, and reports, the page and the command line read it. Nothing here knows a backend.

mod folder;
mod json;
mod live;
mod lock;
mod manifest;
mod origin;
mod places;
mod record;
mod room;
mod run_id;
mod table;
mod verdict;

pub use folder::{Opened, Resumed, RunFolder, Sizes, State, read_finished, weights_belong};
pub use live::{Glance, LiveState, Progress, Watched, live_runs, live_states};
pub use lock::InUse;
pub use origin::{Commit, Origin, commit_of, is_same_code};
pub use places::{EvidenceFile, Places};
pub use record::{
    Disturbed, Epoch, Evaluation, LAST_EPOCHS, Misclassified, Record, SCHEMA_VERSION,
    TARGET_ACCURACY, TeacherRecord,
};
pub use run_id::{Kind, RunId};
pub use table::ResultsTable;
pub use verdict::verdict;

use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
