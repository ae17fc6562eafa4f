//! How long a prediction takes: one image at a time, many at once, and from a PNG file.
//!
//! Run with `cargo bench -p ladder --bench latency`. With `--profile dev` it uses what `cargo run` has built; the
//! kernels are as fast there.
//!
//! Each step's network is measured with each number of threads in turn, several rounds of all; the medians count. An image
//! is 784 bytes in memory when its time begins, and ten probabilities when it ends.

use std::io::Cursor;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, value_parser};
use comfy_table::{CellAlignment, Table, presets};
use evidence::{Kind, Places};
use experiment::Experiment;
use files::Workspace;
use image::imageops::{FilterType, invert, resize};
use image::{GrayImage, ImageFormat};
use inference::Model;
use ladder::steps;
use mnist::{IMAGE_SIDE, Mnist, PIXELS};
use pictures::{decode_picture, prepare};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How many images are predicted one at a time in each round.
const SINGLE: usize = 500;

/// How much larger than a digit of MNIST's the picture of the PNG file is, in each direction.
const SCALE: u32 = 10;

/// Milliseconds and images a second of a prediction.
#[derive(Debug, Parser)]
#[command(
    name = "latency",
    bin_name = "cargo bench -p ladder --bench latency --"
)]
struct Options {
    /// Steps to measure, by name or number [default: step 6 and the last]
    #[arg(value_name = "STEP", value_parser = steps::parse)]
    steps: Vec<Experiment>,
    /// Numbers of threads
    #[arg(long, value_delimiter = ',', default_value = "1,2", value_parser = value_parser!(u16).range(1..))]
    threads: Vec<u16>,
    /// How often each is measured, in turn with all others
    #[arg(long, default_value = "9", value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// Cargo says so to every benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<()> {
    let steps = match options.steps.as_slice() {
        [] => vec![
            steps::parse("6").map_err(anyhow::Error::msg)?,
            steps::last(),
        ],
        steps => steps.to_vec(),
    };
    let places = Places::of(Workspace::find()?);
    let test = Mnist::load_verified(&places.workspace().data())?.test;
    let images = test.images().to_vec();
    let mut measured = Vec::new();
    for step in steps {
        for threads in &options.threads {
            measured.push(Measured::new(&step, usize::from(*threads), &places)?);
        }
    }
    let file = png(&images[0])?;
    let mut preparations = Vec::new();
    for _ in 0..options.rounds {
        preparations.push(median(&mut times(20, || {
            prepare(&decode_picture(&file)?).map(drop)
        })?));
        for measured in &mut measured {
            measured.measure(&images)?;
        }
    }
    println!("{}", table(&mut measured));
    println!(
        "reading and preparing a PNG file of {0}×{0} pixels: {1:.2} ms; medians of {2} rounds",
        IMAGE_SIDE as u32 * SCALE,
        1e3 * median(&mut preparations),
        options.rounds
    );
    Ok(())
}

/// A network with a number of threads, and the seconds that it took in each round.
struct Measured {
    model: Model,
    pool: ThreadPool,
    /// For one image.
    single: Vec<f64>,
    /// For one image, slower than 99 of 100.
    slow: Vec<f64>,
    /// For all test images.
    all: Vec<f64>,
}

impl Measured {
    fn new(step: &Experiment, threads: usize, places: &Places) -> Result<Self> {
        let device = training::select_device(None)?.device;
        Ok(Self {
            model: Model::from_file(
                step.clone(),
                &places.weights(Kind::Step, &step.name),
                device,
            )?,
            pool: ThreadPoolBuilder::new().num_threads(threads).build()?,
            single: Vec::new(),
            slow: Vec::new(),
            all: Vec::new(),
        })
    }

    /// Measures one round.
    fn measure(&mut self, images: &[[u8; PIXELS]]) -> Result<()> {
        let model = &self.model;
        let (mut single, all) = self.pool.install(|| {
            // Others have had the caches.
            model.probabilities(&images[..100])?;
            let mut next = images.iter().cycle();
            let single = times(SINGLE, || model.probabilities(next.next()).map(drop))?;
            let all = times(1, || model.probabilities(images).map(drop))?;
            Ok::<_, anyhow::Error>((single, all))
        })?;
        self.single.push(median(&mut single));
        self.slow.push(single[SINGLE * 99 / 100]);
        self.all.extend(all);
        Ok(())
    }
}

/// Seconds of each of several calls.
fn times(calls: usize, mut call: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    (0..calls)
        .map(|_| {
            let start = Instant::now();
            call()?;
            Ok(start.elapsed().as_secs_f64())
        })
        .collect()
}

/// The value in the middle. Sorts them.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A digit in black on white as a PNG file.
fn png(pixels: &[u8; PIXELS]) -> Result<Vec<u8>> {
    let side = IMAGE_SIDE as u32;
    let mut digit = GrayImage::from_raw(side, side, pixels.to_vec()).context("28×28 pixels")?;
    invert(&mut digit);
    let mut file = Cursor::new(Vec::new());
    resize(&digit, side * SCALE, side * SCALE, FilterType::CatmullRom)
        .write_to(&mut file, ImageFormat::Png)?;
    Ok(file.into_inner())
}

fn table(measured: &mut [Measured]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "Network",
        "Threads",
        "One image (ms)",
        "99 of 100 within (ms)",
        "Images a second, 10,000 at once",
    ]);
    for row in measured {
        table.add_row([
            row.model.experiment().name.to_string(),
            row.pool.current_num_threads().to_string(),
            format!("{:.2}", 1e3 * median(&mut row.single)),
            format!("{:.2}", 1e3 * median(&mut row.slow)),
            format!("{:.0}", 10_000.0 / median(&mut row.all)),
        ]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
