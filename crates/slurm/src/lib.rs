//! Slurm, as far as runs need it.
//!
//! - [`Job`] is the job that this process belongs to, and knows whether another one still runs.
//! - [`Claim`] locks a run's folder against other nodes, where a lock of the file system may not reach.
//! - [`Array`] is a job array, a task a run: its script, and its submission.
//! - [`Submission`] is what is remembered of one, and [`queue`] is what Slurm says of its tasks.
//!
//! Slurm is asked by its own programs, `sbatch`, `squeue` and `scontrol`. What they complain of is passed on in their words.

mod array;
mod claim;
mod job;
mod program;
mod queue;
mod submission;

pub use array::{Array, Limits};
pub use claim::{Claim, Held};
pub use job::Job;
pub use queue::{Queued, State, queue};
pub use submission::Submission;
