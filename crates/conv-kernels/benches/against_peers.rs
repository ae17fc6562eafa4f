//! The training step of networks by the kernels, by Burn's own operators, and by PyTorch, side by side.
//!
//! Run with `cargo bench -p conv-kernels --bench against_peers --profile dev`. `--python …` names a Python that has PyTorch;
//! `--profile dev` uses what `cargo test` has built, and the kernels are as fast there.
//!
//! All train the same network, with the optimizer, the batch size and the dropout of the experiment's recipe. Ours is what a run
//! of the experiment does for a batch. In each round the peers take turns, and so does the measurement of what the machine can
//! do at most; the medians count.
//!
//! Exit codes: 0 for success, 1 for a failure, which is one line on standard error, and 2 for a command line that is
//! not understood.

#![recursion_limit = "256"]

mod peers;

use std::process::ExitCode;

use anyhow::Result;
use benchmarks::roofline::{self, Work};
use benchmarks::{
    Machine, Others, chosen, conditions, count, describe, finish, median, rounded, table,
};
use burn::tensor::Device;
use clap::{Parser, value_parser};
use experiment::Experiment;
use serde_json::{Map, Value, json};

use peers::training::Training;
use peers::{Peer, Round, python, scaling, take_turns};

/// Milliseconds of a training step, and how they compare.
#[derive(Debug, Parser)]
#[command(
    name = "against_peers",
    bin_name = "cargo bench -p conv-kernels --bench against_peers --"
)]
struct Options {
    /// Network: a step (name or number), one of the frontier, `reference`, or a JSON
    /// file of an experiment or run; may be repeated
    /// [default: reference, first and last step, smallest of the frontier]
    #[arg(long = "network", verbatim_doc_comment, value_name = "NAME|FILE")]
    networks: Vec<String>,
    /// Threads of every peer
    #[arg(long, default_value = "2", value_parser = value_parser!(u16).range(1..=256))]
    threads: u16,
    /// How often each peer is measured, in turn with all others; the median counts
    #[arg(long, default_value = "7", value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// A Python that has PyTorch [default: the environment's PYTHON, or python3]
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
    /// Prints instead how the kernels' step grows with batch size and threads
    #[arg(long, conflicts_with_all = ["python", "json"])]
    scaling: bool,
    /// Cargo says so to every benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

fn main() -> ExitCode {
    finish(run(&Options::parse()))
}

fn run(options: &Options) -> Result<String> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.into())
        .build_global()?;
    let experiments = chosen(&options.networks)?;
    if options.scaling {
        let tables = experiments
            .iter()
            .map(|it| scaling::tables(it, options.threads.into(), options.rounds));
        let tables = tables.collect::<Result<Vec<_>>>()?;
        return Ok(format!("{}\n{}", tables.join("\n\n"), describe(&[])));
    }
    let mut others = Others::default();
    let comparisons = experiments.iter();
    let comparisons = comparisons.map(|it| Comparison::measure(it, options, &mut others));
    let comparisons = comparisons.collect::<Result<Vec<_>>>()?;
    others.warn();
    let torch = comparisons.iter().find_map(|it| it.torch.as_deref());
    let torch: Vec<_> = torch
        .map(|version| ("torch", version))
        .into_iter()
        .collect();
    Ok(if options.json {
        let object = conditions(&torch, &others);
        to_json(&comparisons, object, options)?
    } else {
        to_terminal(&comparisons, &torch, options)
    })
}

/// What was measured with one network.
struct Comparison<'a> {
    experiment: &'a Experiment,
    parameters: usize,
    work: Vec<Work>,
    rounds: Vec<Round>,
    /// Name and label of the peers, the kernels first.
    names: Vec<(&'static str, &'static str)>,
    torch: Option<String>,
}

impl<'a> Comparison<'a> {
    fn measure(experiment: &'a Experiment, options: &Options, others: &mut Others) -> Result<Self> {
        let ours = Training::of_workspace(experiment)?;
        let flex = Training::with_modules(experiment, Device::flex())?;
        let mut peers = vec![
            Peer::new("conv_kernels", "Our kernels", ours)?,
            Peer::new("flex", "Burn's flex", flex)?,
        ];
        #[cfg(feature = "ndarray")]
        {
            // Deprecated upstream, and wanted here as one to compare with.
            #[allow(deprecated)]
            let device = Device::ndarray();
            let training = Training::with_modules(experiment, device)?;
            peers.push(Peer::new("ndarray", "Burn's ndarray", training)?);
        }
        let program = options.python.as_deref();
        let (of_torch, torch) = python::peers(program, options.threads, experiment)?;
        peers.extend(of_torch);
        Ok(Self {
            experiment,
            parameters: experiment.architecture.summary()?.totals.parameters,
            work: roofline::work(&experiment.architecture)?,
            rounds: take_turns(&mut peers, options.rounds, others)?,
            names: peers.iter().map(|peer| (peer.name, peer.label)).collect(),
            torch,
        })
    }

    /// The median over the rounds of what `value` makes of each.
    fn over_rounds(&self, value: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(value))
    }

    fn batch(&self) -> usize {
        self.experiment.recipe.batch_size
    }

    fn milliseconds(&self, peer: usize) -> f64 {
        self.over_rounds(|round| round.milliseconds[peer])
    }

    fn images_per_second(&self, peer: usize) -> f64 {
        1e3 * self.batch() as f64 / self.milliseconds(peer)
    }

    /// How many times as long as the kernels a peer takes.
    fn times_as_long(&self, peer: usize) -> f64 {
        self.over_rounds(|round| round.milliseconds[peer] / round.milliseconds[0])
    }

    fn machine(&self) -> Machine {
        Machine::median(self.rounds.iter().map(|round| &round.machine))
    }

    /// Multiply-adds that a step needs for each image.
    fn multiply_adds(&self) -> usize {
        roofline::multiply_adds(self.work.iter().flat_map(Work::training))
    }

    /// What part of the peak these are.
    fn share_of_peak(&self, peer: usize) -> f64 {
        let operations = 2.0 * (self.multiply_adds() * self.batch()) as f64;
        self.over_rounds(|round| {
            let seconds = 1e-3 * round.milliseconds[peer];
            operations / seconds / (round.machine.gigaflops * 1e9)
        })
    }

    /// The least milliseconds that a step could take on a machine.
    fn roofline(&self, machine: &Machine) -> f64 {
        let passes = self.work.iter().flat_map(Work::training);
        1e3 * roofline::seconds(passes, self.batch(), machine)
    }

    fn share_of_roofline(&self, peer: usize) -> f64 {
        self.over_rounds(|round| self.roofline(&round.machine) / round.milliseconds[peer])
    }

    fn by_name(&self, value: impl Fn(usize) -> f64) -> Map<String, Value> {
        let peers = self.names.iter().enumerate();
        peers
            .map(|(peer, (name, _))| (name.to_string(), rounded(value(peer)).into()))
            .collect()
    }

    fn to_json(&self) -> Value {
        let mut ratios = self.by_name(|peer| self.times_as_long(peer));
        ratios.remove(self.names[0].0);
        json!({
            "ms_per_step": self.by_name(|peer| self.milliseconds(peer)),
            "images_per_second": self.by_name(|peer| self.images_per_second(peer)),
            "times_as_long": ratios,
            "share_of_peak": rounded(self.share_of_peak(0)),
            "share_of_roofline": rounded(self.share_of_roofline(0)),
            "roofline_ms": rounded(self.roofline(&self.machine())),
            "batch": self.batch(),
            "parameters": self.parameters,
            "multiply_adds_per_image": self.multiply_adds(),
            "machine": self.machine().to_json(),
        })
    }

    fn to_terminal(&self) -> String {
        let header = [
            "",
            "ms\na step",
            "Images\na second",
            "Ours\n= 1",
            "Of\npeak",
            "Of roof-\nline",
        ];
        let rows = self.names.iter().enumerate().map(|(peer, (_, label))| {
            vec![
                label.to_string(),
                format!("{:.3}", self.milliseconds(peer)),
                format!("{:.0}", self.images_per_second(peer)),
                format!("{:.2}", self.times_as_long(peer)),
                format!("{:.1} %", 100.0 * self.share_of_peak(peer)),
                format!("{:.1} %", 100.0 * self.share_of_roofline(peer)),
            ]
        });
        format!(
            "{}: {} parameters, batches of {}\n{}\nRoofline {:.3} ms\n{}",
            self.experiment.name,
            self.parameters,
            self.batch(),
            table(1, &header, rows),
            self.roofline(&self.machine()),
            self.machine().describe()
        )
    }
}

fn to_json(
    comparisons: &[Comparison],
    conditions: Map<String, Value>,
    options: &Options,
) -> Result<String> {
    let networks = comparisons.iter();
    let networks = networks.map(|it| (it.experiment.name.to_string(), it.to_json()));
    let mut object = conditions;
    object.insert("networks".into(), networks.collect::<Map<_, _>>().into());
    object.insert("threads".into(), options.threads.into());
    object.insert("rounds".into(), options.rounds.into());
    Ok(serde_json::to_string_pretty(&object)?)
}

fn to_terminal(comparisons: &[Comparison], versions: &[(&str, &str)], options: &Options) -> String {
    let tables: Vec<String> = comparisons.iter().map(Comparison::to_terminal).collect();
    format!(
        "{}\n\n{}, median of {}\n{}",
        tables.join("\n\n"),
        count(options.threads, "thread"),
        count(options.rounds, "round"),
        describe(versions)
    )
}
