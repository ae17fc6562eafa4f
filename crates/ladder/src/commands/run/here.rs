//! Runs on this machine, each in a process of its own.

use std::collections::VecDeque;
use std::env;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{self, Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use evidence::Places;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use training::signals::{Signal, on_signal};
use training::{complain, say};

use super::{Job, Options, count};

/// How often it is looked whether a run that another program makes is done.
const PAUSE: Duration = Duration::from_millis(200);

/// Makes the runs, so many side by side, and returns the exit code: 1 if any failed, that of the signal if one ended it.
///
/// # Errors
///
/// The runs cannot be begun at all.
pub fn make(
    options: &Options,
    places: &Places,
    jobs: Vec<Job>,
    side_by_side: usize,
) -> Result<ExitCode> {
    let number = jobs.len();
    let outcome = Runner::new(options, places, jobs)?.make(side_by_side)?;
    Ok(outcome.report(number))
}

/// What came of the jobs.
#[derive(Debug, Default)]
struct Outcome {
    made: usize,
    /// Made by another program meanwhile.
    by_others: usize,
    /// What failed, and why.
    failed: Vec<String>,
}

/// What all threads share: each makes one run at a time.
struct Runner<'a> {
    options: &'a Options,
    places: &'a Places,
    display: Display,
    waiting: Mutex<VecDeque<Job>>,
    outcome: Mutex<Outcome>,
    processes: Arc<Processes>,
}

impl<'a> Runner<'a> {
    fn new(options: &'a Options, places: &'a Places, jobs: Vec<Job>) -> Result<Self> {
        let processes = Arc::new(Processes::default());
        let of_signal = processes.clone();
        on_signal(move |signal| of_signal.stop(signal))?;
        Ok(Self {
            options,
            places,
            display: Display::new(&jobs),
            waiting: Mutex::new(jobs.into()),
            outcome: Mutex::default(),
            processes,
        })
    }

    fn make(self, side_by_side: usize) -> Result<FinalOutcome> {
        let program = env::current_exe().context("cannot find this program's own file")?;
        let threads = side_by_side.min(lock(&self.waiting).len());
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work(&program));
            }
        });
        self.display.overall.finish_and_clear();
        let outcome = self.outcome.into_inner();
        Ok(FinalOutcome {
            outcome: outcome.unwrap_or_else(PoisonError::into_inner),
            signal: self.processes.signal(),
        })
    }

    fn work(&self, program: &Path) {
        while self.processes.signal().is_none() {
            let Some(job) = lock(&self.waiting).pop_front() else {
                return;
            };
            if self.is_live(&job) {
                lock(&self.waiting).push_back(job);
                thread::sleep(PAUSE);
                continue;
            }
            if self.options.is_done(&job.run, self.places) {
                lock(&self.outcome).by_others += 1;
                self.display.skip(&job);
                continue;
            }
            let bar = self.display.begin(&job);
            let made = self.make_one(&job, program, &bar);
            match made {
                Ok(verdict) => {
                    lock(&self.outcome).made += 1;
                    self.display
                        .end(&bar, &format!("{}: {verdict}", job.run.describe()));
                }
                Err(_) if self.processes.signal().is_some() => self.display.end(&bar, ""),
                // Another program was faster.
                Err(_) if self.is_live(&job) => {
                    self.display.end(&bar, "");
                    lock(&self.waiting).push_back(job);
                }
                Err(error) => {
                    let failure = format!("{}: {error:#}", job.run.describe());
                    self.display.end(&bar, &failure);
                    lock(&self.outcome).failed.push(failure);
                }
            }
        }
    }

    fn is_live(&self, job: &Job) -> bool {
        self.places.is_live(&job.run).unwrap_or(false)
    }

    /// Makes the run in a process of its own, and returns the verdict.
    fn make_one(&self, job: &Job, program: &Path, bar: &ProgressBar) -> Result<String> {
        let mut process = Command::new(program)
            .args(&job.arguments)
            .arg("--until-input-closes")
            // What it prints is read here, line by line.
            .env_remove("COLUMNS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .in_a_group_of_its_own()
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let errors = process.stderr.take().context("it has no standard error")?;
        // Read while the run goes on, or a full pipe would stop it.
        let errors = thread::spawn(move || io::read_to_string(errors).unwrap_or_default());
        let output = process.stdout.take().context("it has no output")?;
        let input = process.stdin.take().context("it has no input")?;
        let place = self.processes.add(process, input);
        let mut verdict = None;
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.starts_with("epoch ") {
                self.display.advance(bar, &line);
            } else if let Some(words) = line.strip_prefix("Verdict: ") {
                verdict = Some(words.to_owned());
            }
        }
        let status = self.processes.wait(place)?;
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

trait InAGroupOfItsOwn {
    /// The terminal sends Ctrl-C to a whole group: a run would get it twice, from there and from here.
    fn in_a_group_of_its_own(&mut self) -> &mut Self;
}

impl InAGroupOfItsOwn for Command {
    fn in_a_group_of_its_own(&mut self) -> &mut Self {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(self, 0);
        self
    }
}

/// The processes of the runs, and what ends them.
#[derive(Debug, Default)]
struct Processes(Mutex<Running>);

#[derive(Debug, Default)]
struct Running {
    /// Each with its standard input, whose end tells it to stop. The system closes it, too, when this program is killed.
    processes: Vec<(Option<Child>, Option<ChildStdin>)>,
    signal: Option<Signal>,
}

impl Processes {
    fn add(&self, process: Child, input: ChildStdin) -> usize {
        let mut running = lock(&self.0);
        // A signal may have come while it was started.
        let input = running.signal.is_none().then_some(input);
        running.processes.push((Some(process), input));
        running.processes.len() - 1
    }

    /// Waits for the end of a process whose output is closed.
    fn wait(&self, place: usize) -> Result<process::ExitStatus> {
        let process = lock(&self.0).processes[place].0.take();
        let mut process = process.context("the run was waited for already")?;
        let status = process.wait().context("cannot wait for the run's end")?;
        lock(&self.0).processes[place].1 = None;
        Ok(status)
    }

    /// Tells all processes to stop after their batch; the second time, kills them and ends this one.
    fn stop(&self, signal: Signal) {
        let mut running = lock(&self.0);
        let is_second = running.signal.replace(signal).is_some();
        for (process, input) in &mut running.processes {
            *input = None;
            if is_second && let Some(process) = process {
                let _ = process.kill();
            }
        }
        if is_second {
            process::exit(signal.exit_code().into());
        }
    }

    fn signal(&self) -> Option<Signal> {
        lock(&self.0).signal
    }
}

/// What came of the jobs, and the signal that ended them, if one did.
struct FinalOutcome {
    outcome: Outcome,
    signal: Option<Signal>,
}

impl FinalOutcome {
    fn report(self, jobs: usize) -> ExitCode {
        let Outcome {
            made,
            by_others,
            failed,
        } = self.outcome;
        let others = match by_others {
            0 => String::new(),
            number => format!(", {number} by another program"),
        };
        say!("{made} of {} made{others}", count(jobs, "run"));
        for failure in &failed {
            complain!("error: {failure}");
        }
        match self.signal {
            Some(signal) => {
                complain!("ended by {}; the same command goes on", signal.name());
                ExitCode::from(signal.exit_code())
            }
            None if failed.is_empty() => ExitCode::SUCCESS,
            None => ExitCode::FAILURE,
        }
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
        let epochs: usize = jobs.iter().map(Job::epochs).sum();
        let overall = bars.add(ProgressBar::new(epochs as u64));
        overall.set_style(style("all runs {wide_bar} {pos}/{len} epochs, {eta} left"));
        Self { bars, overall }
    }

    fn begin(&self, job: &Job) -> ProgressBar {
        let bar = ProgressBar::new(job.epochs() as u64).with_prefix(job.run.describe());
        bar.set_style(style("{prefix}: {msg}"));
        let bar = self.bars.insert_before(&self.overall, bar);
        // An epoch takes seconds, and nothing is drawn before something is said.
        bar.set_message("the first epoch is being trained");
        self.overall.tick();
        bar
    }

    fn advance(&self, bar: &ProgressBar, epoch: &str) {
        bar.set_message(epoch.to_owned());
        bar.inc(1);
        self.overall.inc(1);
    }

    /// A run that is not to be made any more.
    fn skip(&self, job: &Job) {
        self.overall.dec_length(job.epochs() as u64);
    }

    /// Takes a run's bar away, with a last word that stays.
    fn end(&self, bar: &ProgressBar, word: &str) {
        // What a failed run has not done, or a resumed one had done before, is no longer to be waited for.
        let left = bar.length().unwrap_or(0).saturating_sub(bar.position());
        self.overall.dec_length(left);
        bar.finish_and_clear();
        self.bars.remove(bar);
        if !word.is_empty() {
            self.bars.suspend(|| say!("{word}"));
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
