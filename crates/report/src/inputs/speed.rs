//! What the benchmarks measured, as their option `--json` prints it.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use anyhow::{Context, Result};
use evidence::Places;
use experiment::{Experiment, check_line, parse_json};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::MAX_TEXT_BYTES;

/// The folder of the recorded measurements, from the root of the workspace.
const FOLDER: &str = "docs/speed";

/// A network that is measured and is no experiment.
const REFERENCE: &str = "reference";

/// One recorded measurement of each benchmark, where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Speed {
    pub(crate) against_peers: Option<Measurement<Comparison>>,
    pub(crate) layers: Option<Measurement<Layers>>,
    pub(crate) epoch: Option<Measurement<EpochTimes>>,
    pub(crate) latency: Option<Measurement<Latency>>,
}

/// What a benchmark prints: figures of each network, and what they depend on.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Measurement<Figures> {
    pub(crate) networks: BTreeMap<String, Figures>,
    /// Where it is one number for all.
    pub(crate) threads: Option<usize>,
    pub(crate) rounds: usize,
    pub(crate) cpu: String,
    pub(crate) instructions: String,
    /// What part of the processors' time others took meanwhile, where that is known.
    pub(crate) others_share: Option<f64>,
    pub(crate) date: String,
    /// None of what is not installed.
    pub(crate) versions: BTreeMap<String, Option<String>>,
    pub(crate) machine: Option<Machine>,
}

/// What the machine can do at most.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Machine {
    pub(crate) peak_gflops: f64,
    pub(crate) gb_per_second: Bandwidth,
}

/// 10⁹ bytes a second.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Bandwidth {
    /// Of data as large as the maps of one layer.
    pub(crate) layer: f64,
    /// Of data as large as the maps of a training step.
    pub(crate) step: f64,
}

/// Of `against_peers`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Comparison {
    pub(crate) parameters: usize,
    pub(crate) batch: usize,
    /// By peer.
    pub(crate) ms_per_step: BTreeMap<String, f64>,
    pub(crate) roofline_ms: f64,
    pub(crate) share_of_peak: f64,
    pub(crate) share_of_roofline: f64,
    pub(crate) machine: Machine,
}

/// Of `layers`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Layers {
    pub(crate) parameters: usize,
    pub(crate) batch: usize,
    pub(crate) layers: Vec<Layer>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Layer {
    pub(crate) layer: String,
    pub(crate) forward: LayerTime,
    pub(crate) with_backward: LayerTime,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LayerTime {
    pub(crate) microseconds: f64,
    pub(crate) share_of_peak: f64,
    pub(crate) share_of_roofline: f64,
}

/// Of `epoch`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct EpochTimes {
    pub(crate) parameters: usize,
    pub(crate) batch: usize,
    /// By number of threads.
    pub(crate) threads: BTreeMap<usize, EpochTime>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct EpochTime {
    pub(crate) bare_steps_s: f64,
    pub(crate) bare_evaluation_s: f64,
    pub(crate) epoch_s: f64,
    pub(crate) epoch_over_bare: f64,
    pub(crate) one_thread_over_this: Option<f64>,
}

/// Of `latency`, by who predicts; no figure of one that is not installed.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Latency {
    pub(crate) one_image_ms: BTreeMap<String, Option<f64>>,
    pub(crate) images_per_second: BTreeMap<String, Option<f64>>,
}

/// Figures of one network, which tell it from another of the same name by its size, where they name that.
pub(crate) trait OfNetwork {
    /// Trainable parameters.
    fn parameters(&self) -> Option<usize>;
}

impl OfNetwork for Comparison {
    fn parameters(&self) -> Option<usize> {
        Some(self.parameters)
    }
}

impl OfNetwork for Layers {
    fn parameters(&self) -> Option<usize> {
        Some(self.parameters)
    }
}

impl OfNetwork for EpochTimes {
    fn parameters(&self) -> Option<usize> {
        Some(self.parameters)
    }
}

impl OfNetwork for Latency {
    fn parameters(&self) -> Option<usize> {
        None
    }
}

impl Speed {
    /// Reads the measurements that there are. Figures of a network that is none of these experiments now, or has another size,
    /// are left out: nobody could measure them again.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or is not what its benchmark prints. Names the file.
    pub(crate) fn read(places: &Places, experiments: &[&Experiment]) -> Result<Self> {
        Ok(Self {
            against_peers: read(places, "against_peers", experiments)?,
            layers: read(places, "layers", experiments)?,
            epoch: read(places, "epoch", experiments)?,
            latency: read(places, "latency", experiments)?,
        })
    }
}

fn read<Figures: DeserializeOwned + OfNetwork>(
    places: &Places,
    benchmark: &str,
    experiments: &[&Experiment],
) -> Result<Option<Measurement<Figures>>> {
    let name = format!("{FOLDER}/{benchmark}.json");
    let path = places.workspace().root().join(&name);
    let text = match files::read_text(&path, MAX_TEXT_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
    };
    let parse = || {
        let mut measurement: Measurement<Figures> = parse_json(&text)?;
        measurement.check()?;
        let networks = &mut measurement.networks;
        networks.retain(|network, figures| is_known(network, figures.parameters(), experiments));
        anyhow::Ok(measurement)
    };
    let measurement =
        parse().with_context(|| format!("{name} is not what the benchmark {benchmark} prints"))?;
    Ok(Some(measurement))
}

impl<Figures> Measurement<Figures> {
    /// Whether what documents show as it is can be shown.
    fn check(&self) -> Result<()> {
        let versions = self.versions.values().flatten();
        let names = self.versions.keys().chain(self.networks.keys());
        let texts = [&self.cpu, &self.instructions, &self.date].into_iter();
        for text in texts.chain(versions).chain(names) {
            check_line("a text of it", text)?;
        }
        Ok(())
    }
}

fn is_known(network: &str, parameters: Option<usize>, experiments: &[&Experiment]) -> bool {
    if network == REFERENCE {
        return true;
    }
    let experiment = experiments.iter().find(|it| it.name == *network);
    let summary = experiment.and_then(|it| it.architecture.summary().ok());
    summary.is_some_and(|it| parameters.is_none_or(|of| of == it.totals.parameters))
}
