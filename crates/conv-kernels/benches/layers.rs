//! Each layer of networks by itself, on one thread: how long it takes, how much of the machine's peak that is, and how much of
//! what the roofline model allows.
//!
//! Run with `cargo bench -p conv-kernels --bench layers --profile dev`. `--profile dev` uses what `cargo test` has built; the
//! kernels are as fast there.
//!
//! Exit codes: 0 for success, 1 for a failure, which is one line on standard error, and 2 for a command line that is
//! not understood.

mod times;

use std::process::ExitCode;

use anyhow::Result;
use benchmarks::roofline::{self, Pass, Work};
use benchmarks::{
    Machine, Others, chosen, conditions, count, describe, finish, median, rounded, table,
};
use clap::{Parser, value_parser};
use experiment::Experiment;
use serde_json::{Map, Value, json};

use times::{LayerTimes, Seconds};

/// Microseconds of every layer, forward and with its backward pass, on one thread, with their shares of the machine's peak and of
/// the roofline.
#[derive(Debug, Parser)]
#[command(
    name = "layers",
    bin_name = "cargo bench -p conv-kernels --bench layers --"
)]
struct Options {
    /// Network: a step (name or number), one of the frontier, `reference`, or a JSON
    /// file of an experiment or run; may be repeated
    /// [default: reference, first and last step, smallest of the frontier]
    #[arg(long = "network", verbatim_doc_comment, value_name = "NAME|FILE")]
    networks: Vec<String>,
    /// How often each layer is measured, in turn with all others; the median counts
    #[arg(long, default_value = "7", value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
    /// Cargo says so to every benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Result<String> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()?;
    let experiments = chosen(&options.networks)?;
    let networks = experiments.iter().map(Measured::new);
    let mut networks = networks.collect::<Result<Vec<_>>>()?;
    let mut machines = Vec::new();
    let mut others = Others::default();
    for _ in 0..options.rounds {
        others.watch();
        machines.push(Machine::measure());
        for network in &mut networks {
            network.rounds.push(network.times.measure());
        }
    }
    others.warn();
    let machine = Machine::median(machines.iter());
    let rounds = options.rounds;
    if options.json {
        let networks = networks.iter().map(|network| {
            let name = network.experiment.name.to_string();
            (name, network.to_json(&machine))
        });
        let mut object = conditions(&[], &others);
        object.insert("networks".into(), networks.collect::<Map<_, _>>().into());
        object.insert("threads".into(), 1.into());
        object.insert("rounds".into(), rounds.into());
        object.insert("machine".into(), machine.to_json());
        return Ok(serde_json::to_string_pretty(&object)?);
    }
    let tables = networks.iter().map(|network| network.to_terminal(&machine));
    Ok(format!(
        "{}\n\nBoth: forward and backward. Roof: the roofline. One thread, median of {}\n{}\n{}",
        tables.collect::<Vec<_>>().join("\n\n"),
        count(rounds, "round"),
        machine.describe(),
        describe(&[])
    ))
}

/// A network, and the seconds that each of its layers took in each round.
struct Measured<'a> {
    experiment: &'a Experiment,
    parameters: usize,
    work: Vec<Work>,
    times: LayerTimes,
    rounds: Vec<Vec<Option<Seconds>>>,
}

/// What is said of a layer.
struct Row<'a> {
    label: &'a str,
    forward: Figures,
    with_backward: Figures,
}

struct Figures {
    seconds: f64,
    share_of_peak: f64,
    share_of_roofline: f64,
}

impl<'a> Measured<'a> {
    fn new(experiment: &'a Experiment) -> Result<Self> {
        let work = roofline::work(&experiment.architecture)?;
        Ok(Self {
            experiment,
            parameters: experiment.architecture.summary()?.totals.parameters,
            times: LayerTimes::new(experiment, &work),
            work,
            rounds: Vec::new(),
        })
    }

    /// A row for each layer that was measured.
    fn rows(&self, machine: &Machine) -> Vec<Row<'_>> {
        let images = self.experiment.recipe.batch_size;
        let rows = self.work.iter().enumerate().filter_map(|(index, work)| {
            let rounds = self.rounds.iter().map(|round| round[index]);
            let rounds: Vec<Seconds> = rounds.collect::<Option<_>>()?;
            let forward = median(rounds.iter().map(|it| it.forward));
            let with_backward = median(rounds.iter().map(|it| it.with_backward));
            let training: Vec<Pass> = work.training().copied().collect();
            Some(Row {
                label: &work.label,
                forward: Figures::new(forward, &work.forward, images, machine),
                with_backward: Figures::new(with_backward, &training, images, machine),
            })
        });
        rows.collect()
    }

    fn to_json(&self, machine: &Machine) -> Value {
        let rows = self.rows(machine);
        let layers = rows.iter().map(|row| {
            json!({
                "layer": row.label,
                "forward": row.forward.to_json(),
                "with_backward": row.with_backward.to_json(),
            })
        });
        json!({
            "parameters": self.parameters,
            "batch": self.experiment.recipe.batch_size,
            "layers": layers.collect::<Vec<_>>(),
        })
    }

    fn to_terminal(&self, machine: &Machine) -> String {
        let header = [
            "Layer",
            "Forward\nµs",
            "% of\npeak",
            "% of\nroof",
            "Both\nµs",
            "% of\npeak",
            "% of\nroof",
        ];
        let rows = self.rows(machine);
        let rows = rows.iter().map(|row| {
            let figures = [&row.forward, &row.with_backward];
            let words = figures.into_iter().flat_map(Figures::to_words);
            [row.label.to_owned()].into_iter().chain(words).collect()
        });
        format!(
            "{}: batches of {}\n{}",
            self.experiment.name,
            self.experiment.recipe.batch_size,
            table(1, &header, rows)
        )
    }
}

impl Figures {
    fn new(seconds: f64, passes: &[Pass], images: usize, machine: &Machine) -> Self {
        let operations = 2.0 * (roofline::multiply_adds(passes) * images) as f64;
        Self {
            seconds,
            share_of_peak: operations / seconds / (machine.gigaflops * 1e9),
            share_of_roofline: roofline::seconds(passes, images, machine) / seconds,
        }
    }

    fn to_words(&self) -> [String; 3] {
        [
            format!("{:.0}", 1e6 * self.seconds),
            format!("{:.0}", 100.0 * self.share_of_peak),
            format!("{:.0}", 100.0 * self.share_of_roofline),
        ]
    }

    fn to_json(&self) -> Value {
        json!({
            "microseconds": rounded(1e6 * self.seconds),
            "share_of_peak": rounded(self.share_of_peak),
            "share_of_roofline": rounded(self.share_of_roofline),
        })
    }
}
