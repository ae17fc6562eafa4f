//! How long a prediction takes, by us and by ONNX Runtime: one image at a time, many at once, and from a PNG file.
//!
//! Run with `cargo bench -p ladder --profile dev --bench latency`, which uses what `cargo run` has built. `--python` names a
//! Python that has `onnx` and `onnxruntime`.
//!
//! Both have the same weights and the same number of threads, and must find the same probabilities. They take turns, several
//! rounds of all networks; the medians count. Our time begins with an image's 784 bytes and ends with ten probabilities. That of
//! ONNX Runtime begins with floats, and it computes as many images at once as it is fastest with.
//!
//! Exit codes: 0 for success, 1 for a failure, which is one line on standard error, and 2 for a command line that is
//! not understood.

mod onnx;

use std::io::Cursor;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use benchmarks::{
    Others, REFERENCE, chosen, conditions, count, describe, finish, median, rounded, table,
};
use burn::tensor::Device;
use clap::{Parser, value_parser};
use evidence::Places;
use experiment::Experiment;
use files::Workspace;
use image::imageops::{FilterType, invert, resize};
use image::{GrayImage, ImageFormat};
use inference::Model;
use kernels::inference::Shape;
use ladder::steps;
use ladder::subjects::recorded_weights;
use mnist::{CLASSES, IMAGE_SIDE, Mnist, PIXELS};
use model_core::{Network, weights};
use pictures::{decode_picture, prepare};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::{Map, Value, json};

use onnx::{Python, Task};

/// How many images are predicted one at a time in each round.
const SINGLE: usize = 1000;

/// How much larger than a digit of MNIST's the picture of the PNG file is, in each direction.
const SCALE: u32 = 10;

/// Milliseconds and images a second of a prediction.
#[derive(Debug, Parser)]
#[command(
    name = "latency",
    bin_name = "cargo bench -p ladder --bench latency --"
)]
struct Options {
    /// Network beside the first step, the last and the smallest of the frontier: a step (name
    /// or number), one of the frontier, or a JSON file of an experiment or run; may be repeated
    #[arg(long = "network", verbatim_doc_comment, value_name = "NAME|FILE")]
    networks: Vec<String>,
    /// Numbers of threads
    #[arg(long, value_delimiter = ',', default_value = "1", value_parser = value_parser!(u16).range(1..=256))]
    threads: Vec<u16>,
    /// How often each is measured, in turn with all others; the median counts
    #[arg(long, default_value = "9", value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// A Python that has ONNX Runtime [default: the environment's PYTHON, or python3]
    #[arg(long, value_name = "PATH")]
    python: Option<String>,
    /// Prints one JSON object, of one thread
    #[arg(long)]
    json: bool,
    /// Cargo says so to every benchmark
    #[arg(long = "bench", hide = true)]
    _bench: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    finish(run(&options))
}

fn run(options: &Options) -> Result<String> {
    ensure!(
        !options.json || options.threads == [1],
        "--json is of one thread"
    );
    let experiments = networks(&options.networks)?;
    let python = onnx::python(options.python.as_deref())?;
    let places = Places::of(Workspace::find()?);
    let test = Mnist::load_verified(&places.workspace().data())?.test;
    let images = test.images();
    let mut measured = Vec::new();
    for experiment in experiments {
        for &threads in &options.threads {
            let python = python.as_deref();
            let measuring = Measured::new(&experiment, threads, python, &places, images)?;
            measured.push(measuring);
        }
    }
    let file = png(&images[0])?;
    let mut preparations = Vec::new();
    let mut others = Others::default();
    for _ in 0..options.rounds {
        let seconds = times(20, || prepare(&decode_picture(&file)?).map(drop))?;
        preparations.push(median(seconds));
        for measured in &mut measured {
            others.watch();
            measured.measure(images)?;
        }
    }
    others.warn();
    if options.json {
        return to_json(&measured, options.rounds, &others);
    }
    Ok(format!(
        "{}\nReading and preparing a PNG file of {side}×{side} pixels: {:.2} ms\nMedian of {}\n{}",
        to_terminal(&measured),
        1e3 * median(preparations),
        count(options.rounds, "round"),
        describe(&peers(&measured)),
        side = IMAGE_SIDE as u32 * SCALE,
    ))
}

/// The networks that are always measured, which have recorded weights, and those of `words`.
fn networks(words: &[String]) -> Result<Vec<Experiment>> {
    let mut experiments = chosen(&[])?;
    experiments.retain(|experiment| experiment.name != *REFERENCE);
    if !words.is_empty() {
        let mut named = chosen(words)?;
        named.retain(|one| !experiments.iter().any(|known| known.name == one.name));
        experiments.extend(named);
    }
    Ok(experiments)
}

/// A network with a number of threads, and what each round measured.
struct Measured {
    model: Model,
    threads: u16,
    pool: ThreadPool,
    python: Option<Python>,
    rounds: Vec<Round>,
}

/// Figures of one round.
struct Round {
    ours: Figures,
    /// Milliseconds for one image, slower than 99 of 100.
    slow: f64,
    onnxruntime: Option<Figures>,
}

#[derive(Clone, Copy)]
struct Figures {
    one_image_ms: f64,
    images_per_second: f64,
}

impl Measured {
    fn new(
        experiment: &Experiment,
        threads: u16,
        python: Option<&str>,
        places: &Places,
        images: &[[u8; PIXELS]],
    ) -> Result<Self> {
        let device = training::select_device(None)?.device;
        let network = network(experiment, places, &device)?;
        let layers = network.layers(Shape {
            channels: 1,
            height: IMAGE_SIDE,
            width: IMAGE_SIDE,
        });
        let model = Model::new(experiment.clone(), &network, device);
        let task = Task {
            experiment,
            layers: &layers,
            images,
            probabilities: &model.probabilities(images)?,
        };
        Ok(Self {
            python: python
                .map(|python| Python::start(python, threads, &task))
                .transpose()?,
            model,
            threads,
            pool: ThreadPoolBuilder::new()
                .num_threads(threads.into())
                .build()?,
            rounds: Vec::new(),
        })
    }

    /// Measures one round.
    fn measure(&mut self, images: &[[u8; PIXELS]]) -> Result<()> {
        let model = &self.model;
        let (single, all) = self.pool.install(|| {
            // Others have had the caches.
            model.probabilities(&images[..100])?;
            let mut next = images.iter().cycle();
            let single = times(SINGLE, || model.probabilities(next.next()).map(drop))?;
            let all = times(1, || model.probabilities(images).map(drop))?;
            anyhow::Ok((single, all))
        })?;
        let mut slowest = single.clone();
        slowest.sort_unstable_by(f64::total_cmp);
        let onnxruntime = self.python.as_mut().map(|python| {
            anyhow::Ok(Figures {
                one_image_ms: python.one_image(SINGLE)?,
                images_per_second: python.images_per_second()?,
            })
        });
        self.rounds.push(Round {
            ours: Figures {
                one_image_ms: 1e3 * median(single),
                images_per_second: images.len() as f64 / median(all),
            },
            slow: 1e3 * slowest[SINGLE * 99 / 100],
            onnxruntime: onnxruntime.transpose()?,
        });
        Ok(())
    }

    fn ours(&self, value: fn(&Figures) -> f64) -> f64 {
        median(self.rounds.iter().map(|round| value(&round.ours)))
    }

    fn onnxruntime(&self, value: fn(&Figures) -> f64) -> Option<f64> {
        let figures = self.rounds.iter().filter_map(|round| round.onnxruntime);
        self.python
            .as_ref()
            .map(|_| median(figures.map(|it| value(&it))))
    }

    /// Ours over ONNX Runtime's: the median of the rounds' ratios.
    fn ratio(&self, value: fn(&Figures) -> f64) -> Option<f64> {
        let ratios = self.rounds.iter().filter_map(|round| {
            let theirs = round.onnxruntime?;
            Some(value(&round.ours) / value(&theirs))
        });
        self.python.as_ref().map(|_| median(ratios))
    }

    fn to_json(&self) -> Value {
        let by_whom = |value: fn(&Figures) -> f64| {
            let mut figures = json!({ "ours": rounded(self.ours(value)) });
            if let Some(theirs) = self.onnxruntime(value) {
                figures["onnxruntime"] = rounded(theirs).into();
            }
            figures
        };
        let mut figures = json!({
            "one_image_ms": by_whom(|it| it.one_image_ms),
            "images_per_second": by_whom(|it| it.images_per_second),
        });
        let ratios = (
            self.ratio(|it| it.one_image_ms),
            self.ratio(|it| it.images_per_second),
        );
        if let (Some(one), Some(many)) = ratios {
            figures["ours_over_onnxruntime"] = json!({
                "one_image_ms": rounded(one),
                "images_per_second": rounded(many),
            });
        }
        figures
    }
}

/// The network with the weights of its recorded run; with any others where it is none that is recorded, since times do not
/// depend on them.
fn network(experiment: &Experiment, places: &Places, device: &Device) -> Result<Network> {
    experiment.architecture.check(IMAGE_SIDE, 1, CLASSES)?;
    device.seed(1);
    let network = Network::new(&experiment.architecture, 0.0, device)?;
    let mut known = steps::experiments()
        .into_iter()
        .chain(frontier::experiments());
    let recorded = known.find(|known| {
        known.name == experiment.name && known.architecture == experiment.architecture
    });
    match recorded {
        Some(recorded) => Ok(weights::load(
            network,
            &recorded_weights(&recorded, places)?,
        )?),
        None => Ok(network),
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

/// The versions of what was compared with.
fn peers(measured: &[Measured]) -> Vec<(&str, &str)> {
    let mut pythons = measured.iter().filter_map(|it| it.python.as_ref());
    let version = pythons.next().map(|python| python.version.as_str());
    version.map(|it| ("onnxruntime", it)).into_iter().collect()
}

fn to_json(measured: &[Measured], rounds: u16, others: &Others) -> Result<String> {
    let networks = measured.iter();
    let networks = networks.map(|it| (it.model.experiment().name.to_string(), it.to_json()));
    let mut object = conditions(&peers(measured), others);
    object.insert("networks".into(), networks.collect::<Map<_, _>>().into());
    object.insert("threads".into(), 1.into());
    object.insert("rounds".into(), rounds.into());
    Ok(serde_json::to_string_pretty(&object)?)
}

fn to_terminal(measured: &[Measured]) -> String {
    let header = [
        "Network",
        "Threads",
        "By",
        "One image\n(ms)",
        "99 of 100\nwithin (ms)",
        "Images a second,\n10,000 at once",
        "Time of one,\nONNX Runtime = 1",
        "Images a second,\nONNX Runtime = 1",
    ];
    let rows = measured.iter().flat_map(|it| {
        let name = it.model.experiment().name.to_string();
        let cell = |ratio: Option<f64>| ratio.map_or_else(String::new, |it| format!("{it:.2}"));
        let ours = vec![
            name.clone(),
            it.threads.to_string(),
            "us".into(),
            format!("{:.4}", it.ours(|it| it.one_image_ms)),
            format!("{:.4}", median(it.rounds.iter().map(|round| round.slow))),
            format!("{:.0}", it.ours(|it| it.images_per_second)),
            cell(it.ratio(|it| it.one_image_ms)),
            cell(it.ratio(|it| it.images_per_second)),
        ];
        let theirs = it.onnxruntime(|it| it.one_image_ms).zip(
            it.onnxruntime(|it| it.images_per_second)
                .zip(it.python.as_ref()),
        );
        let theirs = theirs.map(|(one, (many, python))| {
            vec![
                name,
                it.threads.to_string(),
                format!("ONNX Runtime, {} at once", python.batch),
                format!("{one:.4}"),
                String::new(),
                format!("{many:.0}"),
                String::new(),
                String::new(),
            ]
        });
        [ours].into_iter().chain(theirs)
    });
    table(1, &header, rows).to_string()
}
