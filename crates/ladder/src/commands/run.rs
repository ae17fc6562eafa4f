//! `ladder run`: many runs, each in a process of its own.
//!
//! A process makes one run and its files whole or not at all, so nothing has to be kept here about what is done: it is
//! what lies in the folder of results. Whatever ends a `ladder run`, the next one makes what is missing.

use std::io::{self, BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{env, thread};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use experiment::{Experiment, Recipe, read_result, results_directory, run_path};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use ladder::steps;
use training::command_line::{INTERRUPTED, Images};
use training::{Backend, git_commit};

use crate::subjects::{self, Subject};

/// Options of `ladder run`.
#[derive(Args, Debug)]
pub struct Options {
    /// What to run: steps by name or number, networks of the frontier by name or all of them as `frontier`, or JSON files:
    /// experiments or results of runs [default: all steps]
    #[arg(value_name = "STEP", value_parser = subjects::parse_several)]
    subjects: Vec<Subject>,

    /// Seeds of the runs, for example 1-5 or 1,3,11-13
    #[arg(long, default_value = "1-5", value_parser = parse_seeds)]
    seeds: Seeds,

    /// Runs side by side; each has its share of the cores [default: one per core]
    #[arg(long)]
    jobs: Option<NonZeroUsize>,

    /// Backend to train on
    #[arg(long)]
    backend: Option<Backend>,

    #[command(flatten)]
    images: Images,

    /// Put the results among the committed evidence in results/ too, and skip what is there
    #[arg(long)]
    record: bool,

    /// Print the commands instead of running them, for a job scheduler
    #[arg(long)]
    dry_run: bool,
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
    let mut seen = std::collections::HashSet::new();
    seeds.retain(|seed| seen.insert(*seed));
    Ok(Seeds(seeds))
}

/// One run to make.
#[derive(Clone, Debug)]
struct Job {
    /// What the run is called: `step-03-dropout, seed 4`.
    title: String,
    epochs: usize,
    /// Arguments of this program.
    arguments: Vec<String>,
}

/// Makes the runs, and returns the exit code: 1 if any failed, 130 after Ctrl-C.
///
/// # Errors
///
/// The runs cannot be begun at all.
pub fn run(options: &Options) -> Result<ExitCode> {
    let mut experiments: Vec<(String, Experiment)> = Vec::new();
    for subject in &options.subjects {
        experiments.extend(subject.experiments.iter().cloned());
    }
    if options.subjects.is_empty() {
        experiments.extend(steps::experiments().map(|step| (step.name.clone(), step)));
    }
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let side_by_side = options.jobs.map_or(cores, NonZeroUsize::get);
    let threads = (cores / side_by_side).max(1);
    let commit = git_commit();
    if options.record {
        let clean = commit.as_ref().is_some_and(|it| !it.ends_with("-dirty"));
        ensure!(
            options.dry_run || clean,
            "a recorded run names the commit that made it: commit the changes first, or run without --record"
        );
    }

    let mut jobs = Vec::new();
    let mut there = 0;
    for seed in &options.seeds.0 {
        for (word, experiment) in &experiments {
            if options.is_there(experiment, *seed, commit.as_deref()) {
                there += 1;
            } else {
                jobs.push(options.job(word, experiment, *seed, threads));
            }
        }
    }
    if options.dry_run {
        for job in &jobs {
            let words = job.arguments.iter().map(|word| shell_word(word));
            writeln!(
                io::stdout(),
                "cargo ladder {}",
                words.collect::<Vec<_>>().join(" ")
            )?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(
        io::stdout(),
        "{} to make, {there} there already; {} side by side, {threads} thread{} each",
        count(jobs.len(), "run"),
        side_by_side.min(jobs.len()),
        if threads == 1 { "" } else { "s" },
    )?;
    Ok(make(&jobs, side_by_side)?.report(jobs.len()))
}

impl Options {
    /// Whether a run of this experiment lies where it would be put.
    fn is_there(&self, experiment: &Experiment, seed: u64, commit: Option<&str>) -> bool {
        let split = self.images.split();
        let path = run_path(&experiment.name, split, seed);
        let path = if self.record {
            results_directory().join(path).with_extension("json")
        } else {
            Path::new("runs").join(path).join("result.json")
        };
        let recipe = Recipe {
            seed,
            ..experiment.recipe.clone()
        };
        read_result(&path).is_ok_and(|result| {
            let same_code = self.record || result.versions.git_commit.as_deref() == commit;
            result.recipe == recipe
                && result.architecture == experiment.architecture
                && result.split == split
                && same_code
        })
    }

    fn job(&self, word: &str, experiment: &Experiment, seed: u64, threads: usize) -> Job {
        let split = self.images.split();
        let mut arguments = vec!["train".to_owned(), word.to_owned()];
        arguments.extend(["--seed".into(), seed.to_string()]);
        arguments.extend(Images::arguments(split).iter().map(|it| (*it).to_owned()));
        arguments.extend(["--threads".into(), threads.to_string()]);
        if let Some(backend) = self.backend {
            let value = backend.to_possible_value();
            let name = value.as_ref().map(|value| value.get_name().to_owned());
            arguments.extend(["--backend".into(), name.unwrap_or_default()]);
        }
        if self.record {
            arguments.push("--record".into());
        }
        Job {
            title: format!("{}, seed {seed}", experiment.name),
            epochs: experiment.recipe.epochs,
            arguments,
        }
    }
}

/// What came of the jobs.
#[derive(Debug, Default)]
struct Outcome {
    made: usize,
    /// What failed, and why.
    failed: Vec<String>,
    interrupted: bool,
}

impl Outcome {
    fn report(self, jobs: usize) -> ExitCode {
        let made = format!("{} of {} made", self.made, count(jobs, "run"));
        writeln!(io::stdout(), "{made}").unwrap_or_default();
        for failure in &self.failed {
            eprintln!("error: {failure}");
        }
        if self.interrupted {
            eprintln!("interrupted by Ctrl-C; the same command makes what is missing");
            ExitCode::from(INTERRUPTED)
        } else if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Set by Ctrl-C, which the shell sends to the runs as well: they stop by themselves, and no other is begun.
static STOP: AtomicBool = AtomicBool::new(false);

fn make(jobs: &[Job], side_by_side: usize) -> Result<Outcome> {
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed))
        .context("cannot listen for Ctrl-C")?;
    let program = env::current_exe().context("cannot find this program's own file")?;
    let display = Display::new(jobs);
    let waiting = Mutex::new(jobs.iter());
    let outcome = Mutex::new(Outcome::default());
    let work = || {
        while !STOP.load(Ordering::Relaxed) {
            let Some(job) = lock(&waiting).next() else {
                return;
            };
            let bar = display.begin(job);
            let made = job.make(&program, |epoch| display.advance(&bar, epoch));
            let mut outcome = lock(&outcome);
            match made {
                Ok(verdict) => {
                    outcome.made += 1;
                    display.end(&bar, &format!("{}: {verdict}", job.title));
                }
                Err(_) if STOP.load(Ordering::Relaxed) => display.end(&bar, ""),
                Err(error) => {
                    let failure = format!("{}: {error:#}", job.title);
                    display.end(&bar, &failure);
                    outcome.failed.push(failure);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..side_by_side.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    display.overall.finish_and_clear();
    let mut outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.interrupted = STOP.load(Ordering::Relaxed);
    Ok(outcome)
}

impl Job {
    /// Makes the run in a process of its own, tells `epoch` of each epoch's line, and returns the verdict.
    fn make(&self, program: &Path, mut epoch: impl FnMut(&str)) -> Result<String> {
        let mut process = Command::new(program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let errors = process.stderr.take().context("it has no standard error")?;
        // Read while the run goes on, or a full pipe would stop it.
        let errors = thread::spawn(move || io::read_to_string(errors).unwrap_or_default());
        let output = process.stdout.take().context("it has no output")?;
        let mut verdict = None;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.starts_with("epoch ") {
                epoch(&line);
            } else if let Some(words) = line.strip_prefix("Verdict: ") {
                verdict = Some(words.to_owned());
            }
        }
        let status = process.wait().context("cannot wait for the run's end")?;
        let errors = errors.join().unwrap_or_default();
        if !status.success() {
            let error = errors.lines().find_map(|line| line.strip_prefix("error: "));
            bail!(
                "{}",
                error.map_or_else(|| status.to_string(), str::to_owned)
            );
        }
        verdict.context("it printed no verdict")
    }
}

/// How far all runs are: bars on a terminal, one line a finished run elsewhere.
struct Display {
    bars: MultiProgress,
    overall: ProgressBar,
}

impl Display {
    fn new(jobs: &[Job]) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let epochs: usize = jobs.iter().map(|job| job.epochs).sum();
        let overall = bars.add(ProgressBar::new(epochs as u64));
        overall.set_style(style("all runs {wide_bar} {pos}/{len} epochs, {eta} left"));
        Self { bars, overall }
    }

    fn begin(&self, job: &Job) -> ProgressBar {
        let bar = ProgressBar::new(job.epochs as u64).with_prefix(job.title.clone());
        bar.set_style(style("{prefix}: {msg}"));
        self.bars.insert_before(&self.overall, bar)
    }

    fn advance(&self, bar: &ProgressBar, epoch: &str) {
        bar.set_message(epoch.to_owned());
        bar.inc(1);
        self.overall.inc(1);
    }

    /// Takes a run's bar away, with a last word that stays.
    fn end(&self, bar: &ProgressBar, word: &str) {
        // What a failed run has not done is no longer to be waited for.
        let left = bar.length().unwrap_or(0).saturating_sub(bar.position());
        self.overall.dec_length(left);
        bar.finish_and_clear();
        self.bars.remove(bar);
        if !word.is_empty() {
            // The runs go on even if nobody reads any more.
            self.bars
                .suspend(|| writeln!(io::stdout(), "{word}").unwrap_or_default());
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A word as a shell takes it for one.
fn shell_word(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
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
