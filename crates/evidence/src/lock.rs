//! What keeps everybody but one out of a run's folder.
//!
//! On one machine that is a file which is locked. Among the nodes of a cluster it is a [claim](slurm::Claim), since not every file
//! system that they share passes on locks.

use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use slurm::{Claim, Held, Job};

use crate::manifest::Manifest;

/// Locked while the run lives. It stays, since a file that goes and comes again could be locked twice.
const LOCK: &str = "lock";

/// What keeps everybody else out of a run's folder for as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    /// None where files cannot be locked.
    _file: Option<File>,
    /// Of a Slurm job, whose nodes may not see each other's locks.
    _claim: Option<Claim>,
}

/// A live run has the folder.
#[derive(Debug, thiserror::Error)]
#[error("{folder} is in use by a live run ({by})")]
pub struct InUse {
    /// The folder.
    folder: String,
    /// Who makes the run.
    by: String,
}

/// Locks a run's folder.
pub(crate) fn lock(folder: &Path) -> Result<Lock> {
    let in_use = |by: String| InUse {
        folder: folder.display().to_string(),
        by,
    };
    let file = match lock_file(folder)? {
        Locked::Here(file) => Some(file),
        Locked::Unknown => None,
        Locked::Elsewhere => {
            let process = || Some(format!("process {}", Manifest::read(folder).ok()??.process));
            let holder = Claim::holder(folder).map(|job| job.to_string());
            let by = holder.or_else(process);
            bail!(in_use(by.unwrap_or_else(|| "that has just begun".into())));
        }
    };
    match Claim::take(folder, Job::this())? {
        Held::Free(claim) => Ok(Lock {
            _file: file,
            _claim: claim,
        }),
        Held::By(job) => bail!(in_use(job.to_string())),
    }
}

/// What comes of locking a file.
enum Locked {
    /// It is locked now.
    Here(File),
    /// Another process has locked it.
    Elsewhere,
    /// The system does not lock files.
    Unknown,
}

fn lock_file(folder: &Path) -> Result<Locked> {
    let path = folder.join(LOCK);
    // Opening a pipe would wait for ever.
    let is_other = fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_file());
    ensure!(!is_other, "{} is not a regular file", path.display());
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot write to the run's folder {}", folder.display()))?;
    // Whoever looks for live runs holds the lock for a moment too, so one moment's failure is no failure.
    for _ in 0..20 {
        match file.try_lock() {
            Ok(()) => return Ok(Locked::Here(file)),
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(_)) => return Ok(Locked::Unknown),
        }
    }
    Ok(Locked::Elsewhere)
}

/// Whether a live run has the folder.
pub(crate) fn is_locked(folder: &Path) -> bool {
    let path = folder.join(LOCK);
    // Opening a pipe waits for a writer, perhaps for ever.
    if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let Ok(lock) = File::open(path) else {
        return false;
    };
    matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
}
