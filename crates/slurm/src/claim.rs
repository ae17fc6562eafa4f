//! A lock that reaches as far as the files do.
//!
//! File systems that many nodes share differ in whether one node sees another's locks. But of several nodes that give a file
//! the same new name, each of them lets one succeed. So whoever takes a folder puts a file `claim-N.json` there, which says
//! which job has the folder. N is one more than that of the claim before, and a claim stays until the run is finished. So of two that
//! find the same old claim only one gets the next. Whether the job of an old claim still runs is asked of Slurm.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::Job;

const PREFIX: &str = "claim-";
const SUFFIX: &str = ".json";

/// The largest claim that is read, in bytes.
const MAX_BYTES: u64 = 10_000;

/// A folder, taken for a job.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    number: u64,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    job: Job,
    /// The process, which tells two of one job from each other.
    process: u32,
    /// Whether the job has let it go.
    released: bool,
}

/// What comes of asking for a folder.
#[derive(Debug)]
pub enum Held {
    /// It is free, and now claimed where a job asks for it.
    Free(Option<Claim>),
    /// This job has it.
    By(Job),
}

impl Claim {
    /// Takes the folder for `job`. Without a job nothing is claimed, and it is only looked whether a job has the folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be written to, or Slurm cannot be asked whether a job that claimed it still runs.
    pub fn take(folder: &Path, job: Option<Job>) -> Result<Held> {
        Self::take_asking(folder, job, Job::is_running)
    }

    fn take_asking(
        folder: &Path,
        job: Option<Job>,
        is_running: impl Fn(&Job) -> Result<bool>,
    ) -> Result<Held> {
        /// Each time, another one was faster.
        const ATTEMPTS: u32 = 100;
        for _ in 0..ATTEMPTS {
            let newest = newest(folder);
            if let Some(number) = newest {
                let path = path(folder, number);
                let Some(found) = read(&path)? else {
                    // The run was finished meanwhile.
                    continue;
                };
                // A job's own claims of before do not keep it out; two processes of one job are kept apart by the lock.
                let is_own = job.as_ref() == Some(&found.job);
                let asked = || {
                    is_running(&found.job).with_context(|| {
                        format!(
                            "{} was claimed by {}, and whether that still runs cannot be asked; remove {} if it does not",
                            folder.display(),
                            found.job,
                            path.display()
                        )
                    })
                };
                if !found.released && !is_own && asked()? {
                    return Ok(Held::By(found.job));
                }
            }
            let Some(job) = &job else {
                return Ok(Held::Free(None));
            };
            let content = Content {
                job: job.clone(),
                process: std::process::id(),
                released: false,
            };
            let number = newest.unwrap_or(0) + 1;
            if !content.put(folder, number)? {
                continue;
            }
            // From here on it is let go when it is dropped.
            let claim = Self {
                folder: folder.to_owned(),
                number,
                content,
            };
            if self::newest(folder) == Some(number) {
                return Ok(Held::Free(Some(claim)));
            }
        }
        bail!(
            "{} could not be claimed: others are always faster",
            folder.display()
        )
    }

    /// Removes all claims: the run is finished, and nobody needs its folder any more.
    pub fn remove_all(folder: &Path) {
        for number in numbers(folder) {
            let _ = fs::remove_file(path(folder, number));
        }
    }

    /// The job that claimed the folder last and has not let it go; whether it still runs is not asked.
    pub fn holder(folder: &Path) -> Option<Job> {
        let found = read(&path(folder, newest(folder)?)).ok()??;
        (!found.released).then_some(found.job)
    }
}

impl Drop for Claim {
    /// Lets the folder go. The claim stays, so that the next one has another number.
    fn drop(&mut self) {
        let path = path(&self.folder, self.number);
        self.content.released = true;
        // Where this fails, or never comes about, Slurm says that the job is gone.
        if path.exists()
            && let Ok(text) = self.content.text()
        {
            let _ = files::write_whole(&path, text.as_bytes());
        }
    }
}

impl Content {
    /// Puts the claim into the folder, whole; false if another one has this number.
    fn put(&self, folder: &Path, number: u64) -> Result<bool> {
        let context = || format!("cannot claim the run's folder {}", folder.display());
        let mut file = tempfile::Builder::new()
            .prefix(files::TEMPORARY)
            .tempfile_in(folder)
            .with_context(context)?;
        file.write_all(self.text()?.as_bytes())
            .with_context(context)?;
        let path = path(folder, number);
        match file.persist_noclobber(&path) {
            Ok(_) => Ok(true),
            // Where a server's answer was lost, the file there may be this one.
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                Ok(read(&path)?.as_ref() == Some(self))
            }
            Err(error) => Err(error.error).with_context(context),
        }
    }

    fn text(&self) -> Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{PREFIX}{number}{SUFFIX}"))
}

/// A claim; none where it is no longer there.
fn read(path: &Path) -> Result<Option<Content>> {
    let text = match files::read_text(path, MAX_BYTES) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let content = serde_json::from_str(&text);
    content.with_context(|| format!("{} is no claim of a Slurm job", path.display()))
}

fn newest(folder: &Path) -> Option<u64> {
    numbers(folder).into_iter().max()
}

fn numbers(folder: &Path) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let number = |name: &str| {
        let number = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
        // No run has so many claims that there would be none left.
        number.parse::<u32>().ok().map(u64::from)
    };
    names.filter_map(|name| number(name.to_str()?)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Barrier, Mutex};
    use std::thread;

    use super::*;

    fn job(number: u64) -> Job {
        Job {
            number,
            name: number.to_string(),
            restarts: 0,
            node: format!("n{number}"),
        }
    }

    fn take(folder: &Path, job: Option<Job>, running: &[Job]) -> Held {
        Claim::take_asking(folder, job, |job| Ok(running.contains(job))).unwrap()
    }

    #[test]
    fn a_folder_is_one_jobs_until_that_lets_it_go_or_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let first = take(folder, Some(job(1)), &[]);
        assert!(matches!(first, Held::Free(Some(_))), "{first:?}");
        assert_eq!(Claim::holder(folder), Some(job(1)));
        let running = [job(1)];
        for asks in [Some(job(2)), None] {
            let second = take(folder, asks, &running);
            assert!(
                matches!(&second, Held::By(it) if *it == job(1)),
                "{second:?}"
            );
        }
        // Put back into the queue, the same job is another.
        let restarted = Job {
            restarts: 1,
            ..job(1)
        };
        let third = take(folder, Some(restarted.clone()), &[restarted]);
        assert!(matches!(third, Held::Free(Some(_))), "{third:?}");
        drop((first, third));
        assert_eq!(Claim::holder(folder), None);
        // Its job still runs, but has let it go.
        let fourth = take(folder, Some(job(2)), &running);
        assert!(matches!(fourth, Held::Free(Some(_))), "{fourth:?}");
        Claim::remove_all(folder);
        drop(fourth);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_claim_is_named_or_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        fs::write(folder.join(format!("claim-{}.json", u64::MAX)), "").unwrap();
        fs::write(folder.join("claim-x.json"), "").unwrap();
        assert!(matches!(take(folder, None, &[]), Held::Free(None)));
        fs::write(folder.join("claim-3.json"), "{}").unwrap();
        let error = Claim::take(folder, None).unwrap_err();
        assert!(
            format!("{error:#}").contains("claim-3.json is no claim of a Slurm job"),
            "{error:#}"
        );
    }

    #[test]
    fn without_an_answer_from_slurm_nobody_takes_what_a_job_has() {
        let folder = tempfile::tempdir().unwrap();
        let _first = take(folder.path(), Some(job(1)), &[]);
        let second = Claim::take_asking(folder.path(), Some(job(2)), |_| bail!("no Slurm here"));
        let error = format!("{:#}", second.unwrap_err());
        assert!(
            error.contains("Slurm job 1 on n1") && error.ends_with("no Slurm here"),
            "{error}"
        );
    }

    #[test]
    fn of_many_that_find_an_old_claim_one_takes_the_folder() {
        const JOBS: u64 = 16;
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            // Of a job that is gone.
            std::mem::forget(take(folder.path(), Some(job(1)), &[]));
            let (barrier, holders) = (Barrier::new(JOBS as usize), AtomicUsize::new(0));
            let claims = Mutex::new(Vec::new());
            thread::scope(|scope| {
                for number in 2..2 + JOBS {
                    let (barrier, holders, claims) = (&barrier, &holders, &claims);
                    let folder = folder.path();
                    scope.spawn(move || {
                        barrier.wait();
                        let asked =
                            Claim::take_asking(folder, Some(job(number)), |it| Ok(it.number != 1));
                        if let Held::Free(claim) = asked.unwrap() {
                            holders.fetch_add(1, Ordering::Relaxed);
                            claims.lock().unwrap().push(claim);
                        }
                    });
                }
            });
            assert_eq!(holders.load(Ordering::Relaxed), 1);
        }
    }
}
