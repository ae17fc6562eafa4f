//! Runs that Slurm makes, a task of a job array each.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;
use evidence::Places;
use slurm::{Array, Limits, Submission};
use training::command_line::shell_word;
use training::{complain, say};

use super::standing::{Cluster, Counts, Standing};
use super::{Job, count};

/// How often Slurm is asked how far the runs are.
const PAUSE: Duration = Duration::from_secs(5);

/// A copy of this program that is as old belongs to no submission that is just being made.
const OLD: Duration = Duration::from_secs(3_600);

/// How the names of copies of this program begin.
const COPY: &str = "ladder-";

/// What is said about a job array.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "On a cluster")]
pub struct Options {
    /// Hand the runs to Slurm, as an array of jobs with a run each, instead of making them here
    #[arg(long, conflicts_with = "jobs")]
    pub slurm: bool,

    /// Partition of the cluster, if not Slurm's default one
    #[arg(long, value_name = "NAME", requires = "slurm")]
    partition: Option<String>,

    /// Time that a run may take, as Slurm writes it (30 is minutes): one that needs more goes back into the queue, and then on where it was
    #[arg(long, requires = "slurm")]
    time: Option<String>,

    /// Most runs at once
    #[arg(long, value_name = "N", requires = "slurm")]
    parallel: Option<NonZeroUsize>,

    /// More options of sbatch, in one word: '--account=mnist --mem=1G'
    #[arg(
        long,
        value_name = "OPTIONS",
        requires = "slurm",
        allow_hyphen_values = true
    )]
    sbatch: Option<String>,

    /// How often a run may go back into the queue
    #[arg(long, value_name = "TIMES", default_value_t = 20, requires = "slurm")]
    requeues: u32,

    /// Wait until all runs are done or have failed
    #[arg(long, requires = "slurm", conflicts_with = "dry_run")]
    wait: bool,
}

impl Options {
    /// What every task is told.
    pub fn of_task(&self) -> Vec<String> {
        ["--threads", "1", "--requeues", &self.requeues.to_string()]
            .map(str::to_owned)
            .into()
    }

    fn limits(&self) -> Limits {
        Limits {
            partition: self.partition.clone(),
            time: self.time.clone(),
            parallel: self.parallel,
            more: self.sbatch.clone(),
        }
    }
}

/// Submits the runs that are neither done nor in the queue.
///
/// # Errors
///
/// There is no Slurm here, or it refuses; in its own words.
pub fn submit(options: &super::Options, places: &Places, all: Vec<Job>) -> Result<ExitCode> {
    let folder = places.submissions();
    let array = |jobs: &[&Job]| -> Result<Array> {
        let copy = shell_word(&copy_of_program(&folder)?.display().to_string());
        let task = |job: &&Job| format!("{copy} {}", job.words());
        Ok(Array {
            folder: folder.clone(),
            limits: options.cluster.limits(),
            tasks: jobs.iter().map(task).collect(),
        })
    };
    if options.dry_run {
        let missing = all.iter().filter(|job| !options.is_done(&job.run, places));
        let missing: Vec<&Job> = missing.collect();
        write!(io::stdout(), "{}", array(&missing)?.script()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let cluster = Cluster::look(places)?;
    let (mut missing, mut done, mut queued) = (Vec::new(), 0, 0);
    for job in &all {
        match cluster.standing(options, places, job)? {
            Standing::Done => done += 1,
            Standing::Running { .. } | Standing::Waiting(_) => queued += 1,
            Standing::Failed(_) | Standing::Interrupted(_) | Standing::Missing => missing.push(job),
        }
    }
    let others = match queued {
        0 => String::new(),
        queued => format!(", {queued} waiting or running"),
    };
    say!(
        "{} to make, {done} there already{others}",
        count(missing.len(), "run")
    );
    if !missing.is_empty() {
        if cluster.is_idle() {
            remove_old_copies(&folder);
        }
        copy_program(&folder)?;
        let names = missing.iter().map(|job| places.run_name(&job.run));
        let tasks = names.collect::<Result<_>>()?;
        let number = array(&missing)?.submit()?;
        Submission {
            array: number,
            tasks,
        }
        .write(&folder)?;
        say!(
            "Slurm job {number}: `squeue --job {number}` shows its tasks, `scancel {number}` ends them"
        );
    }
    if options.cluster.wait {
        say!("Ctrl-C ends the waiting, and leaves the runs to Slurm");
        return wait(options, places, &all);
    }
    say!("The same command with --status instead of --slurm says how far they are");
    Ok(ExitCode::SUCCESS)
}

/// Where the copy of this program is that the cluster runs. Another build has another one.
fn copy_of_program(folder: &Path) -> Result<PathBuf> {
    let program = this_program()?;
    let built = fs::metadata(&program).and_then(|metadata| metadata.modified());
    let built = built.with_context(|| format!("cannot read {}", program.display()))?;
    let built = built.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(folder.join(format!("{COPY}{:x}", built.as_millis())))
}

fn this_program() -> Result<PathBuf> {
    env::current_exe().context("cannot find this program's own file")
}

/// Copies this program, if it is not there yet: what is built tomorrow is not what was submitted today.
fn copy_program(folder: &Path) -> Result<()> {
    let copy = copy_of_program(folder)?;
    if copy.exists() {
        return Ok(());
    }
    let temporary = folder.join(format!("{}{}", files::TEMPORARY, std::process::id()));
    let context = || format!("cannot copy this program to {}", copy.display());
    fs::create_dir_all(folder).with_context(context)?;
    fs::copy(this_program()?, &temporary).with_context(context)?;
    fs::rename(&temporary, &copy).with_context(context)
}

/// Removes copies that were made for earlier submissions, where nothing is in the queue; but not those that somebody else may
/// be about to submit.
fn remove_old_copies(folder: &Path) {
    let is_old = |metadata: fs::Metadata| {
        let age = metadata.modified().ok()?.elapsed().ok()?;
        Some(age > OLD)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let is_copy = entry.file_name().to_string_lossy().starts_with(COPY);
        if is_copy && entry.metadata().ok().and_then(is_old) == Some(true) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Waits until no run is waiting or running any more.
fn wait(options: &super::Options, places: &Places, all: &[Job]) -> Result<ExitCode> {
    let mut last = None;
    loop {
        let cluster = Cluster::look(places)?;
        let standings = cluster.all(options, places, all)?;
        let counts = Counts::of(standings.iter().map(|(_, standing)| standing));
        if last.as_ref() != Some(&counts) {
            say!("{counts}");
        } else if counts.are_at_an_end() {
            // Seen twice: what a node has just written may be seen later here than that its job has ended.
            for (job, standing) in &standings {
                if *standing != Standing::Done {
                    complain!("error: {}: {standing}", job.run.describe());
                }
            }
            return Ok(match counts.are_all_done() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            });
        }
        last = Some(counts);
        thread::sleep(PAUSE);
    }
}
