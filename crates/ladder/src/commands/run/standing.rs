//! How far each run is: done, running, waiting, failed.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use evidence::{Glance, Places};
use slurm::{Queued, Submission, queue};
use training::say;

use super::{Job, Options, count};

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is finished, and recorded if that is wanted.
    Done,
    /// It is being made.
    Running {
        /// By whom, in words.
        by: String,
        /// What was finished last: `epoch 7`.
        after: Option<String>,
        epochs: usize,
    },
    /// Slurm has it in the queue, for this reason.
    Waiting(String),
    /// Slurm has it no more, and it is not finished: what it said last.
    Failed(String),
    /// Nobody makes it, and it can be gone on with after this.
    Interrupted(String),
    /// It has not come to the end of an epoch.
    Missing,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Running {
                by,
                after: None,
                epochs,
            } => write!(f, "running ({by}), in the first of {epochs} epochs"),
            Self::Running {
                by,
                after: Some(after),
                epochs,
            } => write!(f, "running ({by}), after {after} of {epochs}"),
            Self::Waiting(reason) => write!(f, "waiting ({reason})"),
            Self::Failed(line) => write!(f, "failed: {line}"),
            Self::Interrupted(after) => write!(f, "interrupted after {after}"),
            Self::Missing => f.write_str("not begun"),
        }
    }
}

/// How many runs there are of each standing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    done: usize,
    running: usize,
    waiting: usize,
    failed: usize,
    /// Interrupted, or not begun.
    left: usize,
}

impl Counts {
    /// Counts them.
    pub fn of<'a>(standings: impl Iterator<Item = &'a Standing>) -> Self {
        let mut counts = Self::default();
        for standing in standings {
            *match standing {
                Standing::Done => &mut counts.done,
                Standing::Running { .. } => &mut counts.running,
                Standing::Waiting(_) => &mut counts.waiting,
                Standing::Failed(_) => &mut counts.failed,
                Standing::Interrupted(_) | Standing::Missing => &mut counts.left,
            } += 1;
        }
        counts
    }

    /// Whether nothing more will come of them by itself.
    pub fn are_at_an_end(&self) -> bool {
        (self.running, self.waiting) == (0, 0)
    }

    /// Whether all are done.
    pub fn are_all_done(&self) -> bool {
        self.are_at_an_end() && (self.failed, self.left) == (0, 0)
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self {
            done,
            running,
            waiting,
            failed,
            left,
        } = self;
        let all = done + running + waiting + failed + left;
        write!(f, "{done} of {} done", count(all, "run"))?;
        for (number, word) in [
            (running, "running"),
            (waiting, "waiting"),
            (failed, "failed"),
            (left, "not being made"),
        ] {
            if *number > 0 {
                write!(f, ", {number} {word}")?;
            }
        }
        Ok(())
    }
}

/// What was submitted to Slurm, and what it says of that. Without a submission it is not asked.
pub struct Cluster {
    folder: PathBuf,
    submissions: Vec<Submission>,
    /// By the array's number and the task's.
    queue: HashMap<(u64, usize), slurm::State>,
}

impl Cluster {
    /// Asks Slurm.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub fn look(places: &Places) -> Result<Self> {
        let folder = places.submissions();
        let submissions = Submission::all(&folder)?;
        let queue = match submissions.is_empty() {
            true => Vec::new(),
            false => queue()?,
        };
        let of_task = |Queued { array, task, state }| ((array, task), state);
        Ok(Self {
            folder,
            submissions,
            queue: queue.into_iter().map(of_task).collect(),
        })
    }

    /// Whether Slurm has nothing of what was submitted.
    pub fn is_idle(&self) -> bool {
        let is_known = |array: &u64| self.submissions.iter().any(|it| it.array == *array);
        !self.queue.keys().any(|(array, _)| is_known(array))
    }

    /// How far each of the runs is.
    ///
    /// # Errors
    ///
    /// As [`standing`](Self::standing).
    pub fn all<'a>(
        &self,
        options: &Options,
        places: &Places,
        jobs: &'a [Job],
    ) -> Result<Vec<(&'a Job, Standing)>> {
        let standing = |job| Ok((job, self.standing(options, places, job)?));
        jobs.iter().map(standing).collect()
    }

    /// How far the run is.
    ///
    /// # Errors
    ///
    /// Slurm does not answer.
    pub fn standing(&self, options: &Options, places: &Places, job: &Job) -> Result<Standing> {
        let Glance {
            is_locked,
            process,
            claimed_by,
            after,
        } = places.glance(&job.run)?;
        let name = places.run_name(&job.run)?;
        let tasks = || {
            let submissions = self.submissions.iter().rev();
            submissions.flat_map(|submission| {
                let tasks = submission.tasks.iter().enumerate();
                let of_run = tasks.filter(|(_, task)| **task == name);
                of_run.map(move |(task, _)| (submission, task))
            })
        };
        let in_queue = || tasks().filter_map(|(it, task)| self.queue.get(&(it.array, task)));
        let running = |by: String| Standing::Running {
            by,
            after: after.clone(),
            epochs: job.epochs(),
        };
        if options.is_done(&job.run, places) {
            return Ok(Standing::Done);
        }
        if is_locked {
            let process = process.map(|process| format!("process {process}"));
            let by = claimed_by.map(|job| job.to_string()).or(process);
            return Ok(running(by.unwrap_or_else(|| "just begun".into())));
        }
        if let Some(holder) = claimed_by
            && holder.is_running()?
        {
            return Ok(running(holder.to_string()));
        }
        let node = |state: &slurm::State| match state {
            slurm::State::Running(node) => Some(node.clone()),
            slurm::State::Waiting(_) => None,
        };
        if let Some(node) = in_queue().find_map(node) {
            return Ok(running(node));
        }
        if let Some(slurm::State::Waiting(reason)) = in_queue().next() {
            return Ok(Standing::Waiting(reason.clone()));
        }
        if let Some((submission, task)) = tasks().next() {
            let line = submission.last_line(&self.folder, task);
            return Ok(Standing::Failed(line.unwrap_or_else(|| {
                format!(
                    "Slurm ended {}_{task} before it said anything",
                    submission.array
                )
            })));
        }
        Ok(match after {
            Some(after) => Standing::Interrupted(after),
            None => Standing::Missing,
        })
    }
}

/// Says how far each run is.
///
/// # Errors
///
/// Slurm does not answer.
pub fn print(options: &Options, places: &Places, jobs: &[Job]) -> Result<ExitCode> {
    let cluster = Cluster::look(places)?;
    let standings = cluster.all(options, places, jobs)?;
    let width = tables::width();
    for (job, standing) in &standings {
        let line = format!("{}: {standing}", job.run.describe());
        say!("{}", tables::wrapped(&line, width));
    }
    say!(
        "{}",
        Counts::of(standings.iter().map(|(_, standing)| standing))
    );
    Ok(ExitCode::SUCCESS)
}
