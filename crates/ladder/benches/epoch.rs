//! What an epoch costs beside its training steps (batch assembly, augmentation, metrics, logging), and what a second thread
//! brings.
//!
//! Run with `cargo bench -p ladder --bench epoch --profile dev`.
//!
//! In turns, on all of MNIST: the bare training steps of an epoch, on batches made before; the bare evaluation, likewise; and a
//! whole epoch through Burn's `Learner`, as `ladder train` does it. With several numbers of threads, each has its turn in every
//! round. The medians count.
//!
//! Exit codes: 0 for success, 1 for a failure, which is one line on standard error, and 2 for a command line that is
//! not understood.

mod rounds;

use std::process::ExitCode;

use anyhow::Result;
use benchmarks::{Others, chosen, conditions, count, describe, finish, median, rounded, table};
use clap::{Parser, value_parser};
use experiment::Experiment;
use ladder::steps;
use serde_json::{Map, Value, json};

use rounds::{Process, Round};

/// Seconds of an epoch, and of its bare training steps and evaluation.
#[derive(Debug, Parser)]
#[command(name = "epoch", bin_name = "cargo bench -p ladder --bench epoch --")]
struct Options {
    /// Network: a step (name or number), one of the frontier, `reference`, or a JSON
    /// file of an experiment or run; may be repeated
    /// [default: the last step]
    #[arg(long = "network", verbatim_doc_comment, value_name = "NAME|FILE")]
    networks: Vec<String>,
    /// Numbers of threads [default: as many as the machine has]
    #[arg(long, value_delimiter = ',', value_parser = value_parser!(u16).range(1..=256))]
    threads: Vec<u16>,
    /// How often each is measured, in turn with all others; the median counts
    #[arg(long, default_value = "7", value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
    /// Measures a round for every line of standard input, for a process of this program that started this one
    #[arg(long, hide = true)]
    answer: bool,
    /// Cargo says so to every benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

fn main() -> ExitCode {
    let mut options = Options::parse();
    if options.answer {
        rounds::answer();
        return ExitCode::SUCCESS;
    }
    if options.threads.is_empty() {
        options.threads = vec![rayon::current_num_threads() as u16];
    }
    finish(run(&options))
}

fn run(options: &Options) -> Result<String> {
    let last = [steps::last().name.to_string()];
    let experiments = chosen(match options.networks.as_slice() {
        [] => &last,
        networks => networks,
    })?;
    let mut others = Others::default();
    let measured = experiments.iter();
    let measured = measured.map(|it| Measured::new(it, options, &mut others));
    let measured = measured.collect::<Result<Vec<_>>>()?;
    others.warn();
    if options.json {
        let networks = measured.iter();
        let networks = networks.map(|it| (it.experiment.name.to_string(), it.to_json()));
        let mut object = conditions(&[], &others);
        object.insert("networks".into(), networks.collect::<Map<_, _>>().into());
        object.insert("rounds".into(), options.rounds.into());
        return Ok(serde_json::to_string_pretty(&object)?);
    }
    let tables: Vec<String> = measured.iter().map(Measured::to_terminal).collect();
    Ok(format!(
        "{}\n\nMedian of {}\n{}",
        tables.join("\n\n"),
        count(options.rounds, "round"),
        describe(&[])
    ))
}

/// An experiment, and what each round took with each number of threads.
struct Measured<'a> {
    experiment: &'a Experiment,
    parameters: usize,
    of_threads: Vec<(u16, Vec<Round>)>,
}

impl<'a> Measured<'a> {
    fn new(experiment: &'a Experiment, options: &Options, others: &mut Others) -> Result<Self> {
        let mut of_threads = Vec::new();
        let mut processes = Vec::new();
        for &threads in &options.threads {
            of_threads.push((threads, Vec::new()));
            processes.push(Process::start(experiment, threads)?);
        }
        for _ in 0..options.rounds {
            for ((_, rounds), process) in of_threads.iter_mut().zip(&mut processes) {
                others.watch();
                rounds.push(process.measure()?);
            }
        }
        Ok(Self {
            experiment,
            parameters: experiment.architecture.summary()?.totals.parameters,
            of_threads,
        })
    }

    /// How many times as long one thread takes for the bare training steps as so many others: the median of the rounds'
    /// ratios, if both were measured.
    fn speed_up(&self, rounds: &[Round]) -> Option<f64> {
        let (_, of_one) = self.of_threads.iter().find(|(threads, _)| *threads == 1)?;
        let both = of_one.iter().zip(rounds);
        Some(median(both.map(|(one, many)| one.steps / many.steps)))
    }

    fn to_json(&self) -> Value {
        let of_threads = self.of_threads.iter().map(|(threads, rounds)| {
            let of = |value: fn(&Round) -> f64| rounded(median(rounds.iter().map(value)));
            let figures = json!({
                "bare_steps_s": of(|it| it.steps),
                "bare_evaluation_s": of(|it| it.evaluation),
                "epoch_s": of(|it| it.epoch),
                "epoch_over_bare": of(over_bare),
                "one_thread_over_this": self.speed_up(rounds).map(rounded),
            });
            (threads.to_string(), figures)
        });
        json!({
            "parameters": self.parameters,
            "batch": self.experiment.recipe.batch_size,
            "threads": of_threads.collect::<Map<_, _>>(),
        })
    }

    fn to_terminal(&self) -> String {
        let header = [
            "Threads",
            "Bare\nsteps (s)",
            "Bare evalu-\nation (s)",
            "Epoch\n(s)",
            "Epoch,\nbare = 1",
            "Steps, 1 thread\nover this",
        ];
        let rows = self.of_threads.iter().map(|(threads, rounds)| {
            let of = |value: fn(&Round) -> f64| median(rounds.iter().map(value));
            let speed_up = self.speed_up(rounds);
            vec![
                threads.to_string(),
                format!("{:.2}", of(|it| it.steps)),
                format!("{:.2}", of(|it| it.evaluation)),
                format!("{:.2}", of(|it| it.epoch)),
                format!("{:.2}", of(over_bare)),
                speed_up.map_or_else(|| "".into(), |ratio| format!("{ratio:.2}")),
            ]
        });
        format!(
            "{}: an epoch in batches of {}\n{}",
            self.experiment.name,
            self.experiment.recipe.batch_size,
            table(0, &header, rows)
        )
    }
}

/// How many times as long an epoch takes as its steps and its evaluation.
fn over_bare(round: &Round) -> f64 {
    round.epoch / (round.steps + round.evaluation)
}
