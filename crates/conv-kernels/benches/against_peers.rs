//! The training step of the reference network by the kernels, by Burn's own operators, and by PyTorch, side by side.
//!
//! Run with `cargo bench -p conv-kernels --bench against_peers -- --python …`, which names a Python that has PyTorch.
//! With `--profile dev` it uses what `cargo test` has built; the kernels are as fast there.
//!
//! Exit codes: 0 for success, 1 for a failure, which is one line on standard error, and 2 for a command line that is
//! not understood.

#![recursion_limit = "256"]

mod common;
mod peers;

use std::cell::RefCell;
use std::fs;
use std::process::ExitCode;
use std::rc::Rc;

use burn::tensor::Device;
use clap::{Parser, value_parser};
use conv_kernels::InstructionSet;
use serde_json::{Map, Value, json};

use common::{Result, count, cpu_model, finish, median, table};
use peers::network::training_multiply_adds;
use peers::python::{Layout, Python};
use peers::training::Training;
use peers::{Peer, Round, scaling, take_turns};

/// Milliseconds of a training step of the reference network, and how they compare.
#[derive(Debug, Parser)]
#[command(
    name = "against_peers",
    bin_name = "cargo bench -p conv-kernels --bench against_peers --"
)]
struct Options {
    /// Threads of every peer
    #[arg(long, default_value = "2", value_parser = value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Images in a batch
    #[arg(long, default_value = "128", value_parser = value_parser!(u16).range(1..))]
    batch: u16,
    /// How often each peer is measured, in turn with all others; the median counts
    #[arg(long, default_value = "7", value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// A Python that has PyTorch [default: the environment's PYTHON, or python3]
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
    /// Prints instead how the kernels' step grows with batch size, width and threads
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
    if options.scaling {
        let (threads, batch) = (options.threads.into(), options.batch.into());
        let tables = scaling::tables(threads, batch, options.rounds)?;
        return Ok(format!("{tables}\n{}", conditions(options)));
    }
    let comparison = Comparison::measure(options)?;
    Ok(if options.json {
        comparison.to_json(options)
    } else {
        comparison.to_terminal(options)
    })
}

/// What was measured.
struct Comparison {
    rounds: Vec<Round>,
    /// The peers, the kernels first.
    names: Vec<&'static str>,
    batch: usize,
    peak_memory_bytes: Option<u64>,
    torch: Option<String>,
}

impl Comparison {
    fn measure(options: &Options) -> Result<Self> {
        let batch = options.batch.into();
        let mut peers = vec![Peer::new("conv_kernels", Training::with_kernels(1, batch))?];
        // Before anyone else needs memory.
        let peak_memory_bytes = peak_memory_bytes();
        let flex = Training::with_modules(batch, Device::flex());
        peers.push(Peer::new("flex", flex)?);
        #[cfg(feature = "ndarray")]
        {
            // Deprecated upstream, and wanted here as one to compare with.
            #[allow(deprecated)]
            let device = Device::ndarray();
            peers.push(Peer::new("ndarray", Training::with_modules(batch, device))?);
        }
        let mut torch = None;
        if let Some(python) =
            Python::find(options.python.as_deref(), options.threads, options.batch)
        {
            torch = Some(python.torch.clone());
            let python = Rc::new(RefCell::new(python));
            for (name, layout) in [
                ("pytorch_default", "default"),
                ("pytorch_channels_last", "channels_last"),
            ] {
                let python = python.clone();
                peers.push(Peer::new(name, Layout { python, layout })?);
            }
        }
        Ok(Self {
            rounds: take_turns(&mut peers, options.rounds)?,
            names: peers.iter().map(|peer| peer.name).collect(),
            batch,
            peak_memory_bytes,
            torch,
        })
    }

    /// The median over the rounds of what `value` makes of each.
    fn over_rounds(&self, value: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(value))
    }

    fn milliseconds(&self, peer: usize) -> f64 {
        self.over_rounds(|round| round.milliseconds[peer])
    }

    fn images_per_second(&self, peer: usize) -> f64 {
        1e3 * self.batch as f64 / self.milliseconds(peer)
    }

    fn peak(&self) -> f64 {
        self.over_rounds(|round| round.peak)
    }

    /// What part of the peak the multiply-adds that the step needs are.
    fn share_of_peak(&self, peer: usize) -> f64 {
        let operations = 2.0 * (training_multiply_adds(1) * self.batch) as f64;
        operations / (self.milliseconds(peer) * 1e-3) / (self.peak() * 1e9)
    }

    fn by_name(&self, value: impl Fn(usize) -> f64) -> Map<String, Value> {
        let peers = self.names.iter().enumerate();
        peers
            .map(|(peer, name)| (name.to_string(), value(peer).into()))
            .collect()
    }

    fn to_json(&self, options: &Options) -> String {
        let mut ratios = self.by_name(|peer| {
            self.over_rounds(|round| round.milliseconds[0] / round.milliseconds[peer])
        });
        ratios.remove(self.names[0]);
        let object = json!({
            "ms_per_step": self.by_name(|peer| self.milliseconds(peer)),
            "images_per_second": self.by_name(|peer| self.images_per_second(peer)),
            "ratios": ratios,
            "share_of_peak": self.share_of_peak(0),
            "peak_gflops": self.peak(),
            "peak_memory_bytes": self.peak_memory_bytes,
            "threads": options.threads,
            "batch": self.batch,
            "rounds": options.rounds,
            "cpu": cpu_model(),
            "versions": { "burn": burn_version(), "torch": self.torch },
        });
        object.to_string()
    }

    fn to_terminal(&self, options: &Options) -> String {
        let header = [
            "",
            "ms a step",
            "Images a second",
            "Time, conv_kernels = 1",
            "of peak",
        ];
        let rows = self.names.iter().enumerate().map(|(peer, name)| {
            let slower = self.over_rounds(|round| round.milliseconds[peer] / round.milliseconds[0]);
            vec![
                name.to_string(),
                format!("{:.2}", self.milliseconds(peer)),
                format!("{:.0}", self.images_per_second(peer)),
                format!("{slower:.2}"),
                format!("{:.1} %", 100.0 * self.share_of_peak(peer)),
            ]
        });
        let table = table(1, &header, rows);
        let torch = self
            .torch
            .as_ref()
            .map(|torch| format!(", PyTorch {torch}"));
        format!(
            "{table}\n{}{}; batches of {}, peak {:.1} GFLOP/s",
            conditions(options),
            torch.unwrap_or_default(),
            self.batch,
            self.peak()
        )
    }
}

/// What the results depend on.
fn conditions(options: &Options) -> String {
    format!(
        "{}, {}, {}, median of {}; Burn {}",
        cpu_model(),
        count(options.threads, "thread"),
        InstructionSet::current(),
        count(options.rounds, "round"),
        burn_version()
    )
}

/// The version that the workspace's manifest pins.
fn burn_version() -> &'static str {
    let manifest = include_str!("../../../Cargo.toml");
    let pinned = manifest.split_once("\nburn = { version = \"=");
    let version = pinned.and_then(|(_, rest)| rest.split('"').next());
    version.unwrap_or("unknown")
}

/// The most memory that this process has had at once, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
