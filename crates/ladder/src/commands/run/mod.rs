//! `ladder run`: many runs, each in a process of its own.
//!
//! Nothing is kept here about what is done: a run that is finished, or has come some way, lies in its folder. Whatever ends
//! a `ladder run`, the next one makes what is missing and goes on with what was begun. Two at a time share the work, since a
//! live run's folder is locked.

mod cluster;
mod here;
mod standing;

use std::collections::HashSet;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread;

use anyhow::{Context, Result, ensure};
use clap::Args;
use evidence::{Commit, Places, RunId, commit_of};
use ladder::steps;
use training::command_line::{EXIT_CODES, Surroundings, shell_word};
use training::output::check_output;
use training::{run_id, say};

use ladder::subjects::{self, Subject, Word};

/// Options of `ladder run`.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct Options {
    /// What to run: steps by name or number, `without` (the last step without one ingredient each), `frontier`, one of
    /// their experiments by name, or JSON files:
    /// experiments or records of runs [default: all steps]
    #[arg(value_name = "EXPERIMENT", value_parser = Word::parse_several)]
    words: Vec<Word>,

    /// Seeds of the runs, for example 1-5 or 1,3,11-13
    #[arg(long, default_value = "1-5", value_parser = parse_seeds)]
    seeds: Seeds,

    /// Runs side by side; each has its share of the cores [default: one per core]
    #[arg(long)]
    jobs: Option<NonZeroUsize>,

    #[command(flatten)]
    surroundings: Surroundings,

    /// Put the results among the committed evidence in results/ too, and skip what is there
    #[arg(long)]
    record: bool,

    /// Print the commands instead of running them, for a job scheduler; with --slurm, the script
    #[arg(long)]
    dry_run: bool,

    /// Say how far each run is, and make none
    #[arg(long, conflicts_with_all = ["dry_run", "slurm"])]
    status: bool,

    #[command(flatten)]
    cluster: cluster::Options,
}

/// Seeds of runs, in the order they were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seeds(Vec<u64>);

/// Most seeds that one command runs.
const MOST_SEEDS: usize = 10_000;

fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let expected = || "expected seeds such as 1-5 or 1,3,11-13".to_owned();
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| expected());
    let mut seeds = Vec::new();
    for part in text.split(',') {
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (number(first)?, number(last)?),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(format!("{first}-{last} is empty; {}", expected()));
        }
        if (last - first) as usize >= MOST_SEEDS - seeds.len() {
            return Err(format!("these are more than {MOST_SEEDS} seeds"));
        }
        seeds.extend(first..=last);
    }
    let mut seen = HashSet::new();
    seeds.retain(|seed| seen.insert(*seed));
    Ok(Seeds(seeds))
}

/// One run to make.
#[derive(Clone, Debug)]
struct Job {
    run: RunId,
    /// Arguments of this program.
    arguments: Vec<String>,
}

impl Job {
    fn epochs(&self) -> usize {
        self.run.recipe.epochs
    }

    /// The arguments, as a shell takes them.
    fn words(&self) -> String {
        let words: Vec<String> = self.arguments.iter().map(|word| shell_word(word)).collect();
        words.join(" ")
    }
}

/// Makes the runs, and returns the exit code: 1 if any failed, that of the signal if one ended it.
///
/// # Errors
///
/// The runs cannot be begun at all.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut subjects = Vec::new();
    for word in &options.words {
        subjects.extend(word.subjects()?);
    }
    if subjects.is_empty() {
        subjects = subjects::of_code(steps::experiments());
    }
    let places = options.surroundings.places()?;
    let commit = options.commit(&places)?;
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let side_by_side = options.jobs.map_or(cores, NonZeroUsize::get);
    let threads = (cores / side_by_side).max(1);
    let all = options.all_jobs(&subjects, threads, commit.as_ref(), &places)?;
    let code = if options.status {
        standing::print(options, &places, &all)?
    } else if options.cluster.slurm {
        cluster::submit(options, &places, all)?
    } else {
        let count_of_all = all.len();
        let is_missing = |job: &Job| !options.is_done(&job.run, &places);
        let jobs: Vec<Job> = all.into_iter().filter(is_missing).collect();
        if options.dry_run {
            for job in &jobs {
                writeln!(io::stdout(), "cargo ladder {}", job.words())?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        say!(
            "{} to make, {} there already; {} side by side, {threads} thread{} each",
            count(jobs.len(), "run"),
            count_of_all - jobs.len(),
            side_by_side.min(jobs.len()),
            if threads == 1 { "" } else { "s" },
        );
        here::make(options, &places, jobs, side_by_side)?
    };
    check_output()?;
    Ok(code)
}

impl Options {
    /// The commit that recorded runs are of; none where none is recorded.
    ///
    /// # Errors
    ///
    /// The code is not as it is in any commit.
    fn commit(&self, places: &Places) -> Result<Option<Commit>> {
        if !self.record || self.dry_run || self.status {
            return Ok(None);
        }
        let commit = commit_of(places.workspace().root());
        let commit = commit.filter(|commit| commit.clean).context(
            "a recorded run names the commit that made it: commit the changes first, or run without --record",
        )?;
        Ok(Some(commit))
    }

    /// All runs that are asked for, done or not.
    ///
    /// # Errors
    ///
    /// The images cannot be read, or two different runs would be recorded in the same place.
    fn all_jobs(
        &self,
        subjects: &[Subject],
        threads: usize,
        commit: Option<&Commit>,
        places: &Places,
    ) -> Result<Vec<Job>> {
        let selected = self.surroundings.select()?;
        let data = self.surroundings.data(places, None)?;
        let mut jobs: Vec<Job> = Vec::new();
        for &seed in &self.seeds.0 {
            for Subject { word, experiment } in subjects {
                let kind = subjects::kind(experiment);
                let run = run_id(kind, experiment, seed, &data, &selected);
                if jobs.iter().any(|job| job.run == run) {
                    continue;
                }
                let same_place = |job: &&Job| (&job.run.name, job.run.seed) == (&run.name, seed);
                ensure!(
                    !self.record || !jobs.iter().any(|job| same_place(&job)),
                    "two experiments are called {}: only one of them can be recorded",
                    run.name
                );
                let mut arguments = vec!["train".to_owned(), word.clone()];
                arguments.extend(["--seed".into(), seed.to_string()]);
                if self.cluster.slurm {
                    arguments.extend(self.cluster.of_task());
                    arguments.extend(self.surroundings.arguments_with(&selected));
                } else {
                    arguments.extend(["--threads".into(), threads.to_string()]);
                    arguments.extend(self.surroundings.arguments());
                }
                if self.record {
                    arguments.push("--record".into());
                }
                if let Some(commit) = commit {
                    arguments.extend(["--built-from".into(), commit.hash.clone()]);
                }
                jobs.push(Job { run, arguments });
            }
        }
        Ok(jobs)
    }

    /// Whether the run is finished, and recorded if that is wanted.
    fn is_done(&self, run: &RunId, places: &Places) -> bool {
        if self.record {
            let record = places.record(run.kind, &run.name, run.seed);
            record.is_ok_and(|record| record.run == *run)
        } else {
            places.finished(run).is_ok()
        }
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_ranges_and_numbers_each_once() {
        let seeds = |text: &str| parse_seeds(text).map(|seeds| seeds.0);
        assert_eq!(seeds("1-5"), Ok(vec![1, 2, 3, 4, 5]));
        assert_eq!(seeds("7,1-3, 2"), Ok(vec![7, 1, 2, 3]));
        for wrong in ["", "x", "3-1", "1-", "-2", "1,,2", "0-18446744073709551615"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_word_for_the_shell_is_quoted_where_it_must_be() {
        for (word, quoted) in [
            ("step-03-dropout", "step-03-dropout"),
            ("my runs/a.json", "'my runs/a.json'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(word), quoted);
        }
    }
}
