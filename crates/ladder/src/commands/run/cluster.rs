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
    let limits = options.cluster.limits();
    if options.dry_run {
        let missing = all
            .iter()
            .filter(|job| !options.is_done(&job.run, places))
            .collect::<Vec<_>>();
        let script = array(
            &folder,
            &limits,
            &tasks(&copy_of_program(&folder)?.1, &missing),
        )?;
        write!(io::stdout(), "{script}")?;
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
            remove_copies(&folder);
        }
        let number = submit_tasks(&folder, &limits, places, &missing)?;
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

fn submit_tasks(folder: &Path, limits: &Limits, places: &Places, missing: &[&Job]) -> Result<u64> {
    let (program, copy) = copy_of_program(folder)?;
    if !copy.exists() {
        // What is built tomorrow is not what was submitted today.
        let temporary = folder.join(format!("{}{}", files::TEMPORARY, std::process::id()));
        let context = || format!("cannot copy this program to {}", copy.display());
        fs::create_dir_all(folder).with_context(context)?;
        fs::copy(&program, &temporary).with_context(context)?;
        fs::rename(&temporary, &copy).with_context(context)?;
    }
    let tasks = tasks(&copy, missing);
    let array = Array {
        folder,
        limits,
        tasks: &tasks,
    };
    let submission = Submission {
        array: array.submit()?,
        tasks: missing
            .iter()
            .map(|job| places.run_name(&job.run))
            .collect::<Result<_>>()?,
    };
    submission.write(folder)?;
    Ok(submission.array)
}

fn array(folder: &Path, limits: &Limits, tasks: &[String]) -> Result<String> {
    let array = Array {
        folder,
        limits,
        tasks,
    };
    array.script()
}

/// A command a run.
fn tasks(program: &Path, jobs: &[&Job]) -> Vec<String> {
    let program = shell_word(&program.display().to_string());
    let command = |job: &&Job| format!("{program} {}", job.words());
    jobs.iter().map(command).collect()
}

/// This program's file, and where its copy for the cluster is. Another build has another one.
fn copy_of_program(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let program = env::current_exe().context("cannot find this program's own file")?;
    let built = fs::metadata(&program).and_then(|metadata| metadata.modified());
    let built = built.with_context(|| format!("cannot read {}", program.display()))?;
    let built = built.duration_since(UNIX_EPOCH);
    let built = built.unwrap_or_default().as_millis();
    let copy = folder.join(format!("{COPY}{built:x}"));
    Ok((program, copy))
}

/// Removes the copies that were made for earlier submissions.
fn remove_copies(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with(COPY) {
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
