//! Each layer of the networks by itself, on one thread: how long it takes, and how much of the machine's peak that is.
//!
//! Run with `cargo bench -p conv-kernels --bench layers`. With `--profile dev` it uses what `cargo test` has built;
//! the kernels are as fast there.

mod common;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Distribution, Tensor};
use clap::{Parser, value_parser};
use conv_kernels::{BlockOptions, Dropout, ImageBlocks, InstructionSet};

use common::layer::{Layer, REFERENCE};
use common::{Result, count, cpu_model, finish, median, peak, table};

/// The convolutions with batch normalisation of the ladder's networks.
const LADDER: [Layer; 6] = [
    Layer::new(1, 6, 28),
    Layer::new(6, 8, 26).pooled(),
    Layer::new(8, 12, 12),
    Layer::new(12, 14, 10),
    Layer::new(14, 16, 8),
    Layer::new(16, 16, 6),
];

/// How long a layer is measured in each round.
const ROUND: Duration = Duration::from_millis(40);

/// Microseconds and share of the peak of every layer, forward and forward with backward, on one thread.
#[derive(Debug, Parser)]
#[command(
    name = "layers",
    bin_name = "cargo bench -p conv-kernels --bench layers --"
)]
struct Options {
    /// Images in a batch
    #[arg(long, default_value = "128", value_parser = value_parser!(u16).range(1..))]
    batch: u16,
    /// How often each layer is measured, in turn with all others; the median counts
    #[arg(long, default_value = "7", value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
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
    let batch = options.batch.into();
    let device = Device::flex().autodiff();
    let networks = [("reference", REFERENCE.as_slice()), ("ladder", &LADDER)];
    let mut measured: Vec<Measured> = networks
        .into_iter()
        .flat_map(|(network, layers)| {
            let layers = layers.iter().enumerate();
            layers.map(move |(index, layer)| (network, *layer, index == 0))
        })
        .map(|(network, layer, is_first)| Measured::new(network, layer, is_first, batch, &device))
        .collect();
    let mut peaks = Vec::new();
    for _ in 0..options.rounds {
        peaks.push(peak::gigaflops());
        for layer in &mut measured {
            layer.measure();
        }
    }
    let peak = median(peaks);
    let header = [
        "Network",
        "Layer",
        "Forward µs",
        "GFLOP/s",
        "of peak",
        "With backward µs",
        "GFLOP/s",
        "of peak",
    ];
    let rows = measured.iter().map(|layer| layer.row(batch, peak));
    Ok(format!(
        "{}\n{}, one thread, {}: peak {peak:.1} GFLOP/s; batches of {batch}, median of {}",
        table(2, &header, rows),
        cpu_model(),
        InstructionSet::current(),
        count(options.rounds, "round"),
    ))
}

/// A layer with what it computes on, and the seconds that it took in each round.
struct Measured {
    network: &'static str,
    layer: Layer,
    is_first: bool,
    images: Tensor<4>,
    weights: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    forward: Vec<f64>,
    with_backward: Vec<f64>,
}

impl Measured {
    fn new(
        network: &'static str,
        layer: Layer,
        is_first: bool,
        batch: usize,
        device: &Device,
    ) -> Self {
        let Layer {
            in_channels,
            out_channels,
            kernel,
            size,
            ..
        } = layer;
        let normal = Distribution::Normal(0.0, 1.0);
        let images = Tensor::random([batch, in_channels, size, size], normal, device);
        let weights = Tensor::random([out_channels, in_channels, kernel, kernel], normal, device);
        Self {
            network,
            layer,
            is_first,
            images: if is_first {
                images
            } else {
                images.require_grad()
            },
            weights: weights.require_grad(),
            gamma: Tensor::ones([out_channels], device).require_grad(),
            beta: Tensor::zeros([out_channels], device).require_grad(),
            forward: Vec::new(),
            with_backward: Vec::new(),
        }
    }

    /// Measures the layer for one round.
    fn measure(&mut self) {
        // Other layers have had the caches.
        self.step();
        let (mut forward, mut with_backward, mut steps) = (0.0, 0.0, 0);
        let start = Instant::now();
        while start.elapsed() < ROUND {
            let [of_forward, of_both] = self.step();
            forward += of_forward;
            with_backward += of_both;
            steps += 1;
        }
        self.forward.push(forward / f64::from(steps));
        self.with_backward.push(with_backward / f64::from(steps));
    }

    /// Seconds of a forward pass, and of that and its backward pass. There is none without the other: what a forward
    /// pass leaves for its backward pass stays in memory until that has come.
    fn step(&self) -> [f64; 2] {
        let maps = ImageBlocks::new(self.images.clone());
        let (output, forward) = timed(|| self.output(maps));
        let (_gradients, backward) = timed(|| output.means().sum().backward());
        if self.is_first {
            return [forward, forward + backward];
        }
        // Inside a network a gradient goes from layer to layer as it is. Here it went back to the order of the images,
        // which is not the layer's work.
        let maps = ImageBlocks::new(self.images.clone().detach());
        let (_images, conversion) = timed(|| maps.into_images());
        [forward, forward + backward - conversion]
    }

    fn output(&self, maps: ImageBlocks) -> ImageBlocks {
        let options = BlockOptions {
            stride: 1,
            padding: self.layer.padding,
            groups: 1,
            relu: true,
            dropout: Dropout::NONE,
            max_pool: self.layer.max_pool,
        };
        let (gamma, beta) = (self.gamma.clone(), self.beta.clone());
        maps.normalised_block(self.weights.clone(), gamma, beta, 1e-5, options)
            .output
    }

    fn row(&self, batch: usize, peak: f64) -> Vec<String> {
        let mut row = vec![self.network.into(), self.layer.to_string()];
        for (seconds, multiply_adds) in [
            (&self.forward, self.layer.multiply_adds()),
            (
                &self.with_backward,
                self.layer.training_multiply_adds(self.is_first),
            ),
        ] {
            let seconds = median(seconds.iter().copied());
            let gigaflops = 2.0 * (batch * multiply_adds) as f64 / seconds / 1e9;
            row.extend([
                format!("{:.0}", 1e6 * seconds),
                format!("{gigaflops:.1}"),
                format!("{:.0} %", 100.0 * gigaflops / peak),
            ]);
        }
        row
    }
}

/// What `work` returns, so that freeing it does not count, and the seconds that it took.
fn timed<Output>(work: impl FnOnce() -> Output) -> (Output, f64) {
    let start = Instant::now();
    let output = work();
    (output, start.elapsed().as_secs_f64())
}
