//! `ladder export`: a network for programs elsewhere.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use evidence::weights_belong;
use experiment::Experiment;
use files::write_together;
use inference::{Model, most_probable};
use mnist::{CLASSES, Digits, IMAGE_SIDE, Mnist};
use model_core::{Network, weights};
use pocket_export::c::{self, About};
use pocket_export::{IntegerNetwork, most_probable as highest};
use training::command_line::InWorkspace;

use ladder::integers::integer_network;
use ladder::steps;
use ladder::subjects::{Word, recorded_weights};

/// Options of `ladder export`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    /// C99 for a microcontroller: 8-bit weights and activations, integers alone, no allocation
    #[command(after_help = C_NOTES)]
    C(Source),
}

/// Shown below the options of `ladder export c`.
const C_NOTES: &str = "\
Writes digit.h, digit.c, example.c and README.md. The README says how much flash and RAM the network takes, and how many of
the 10,000 test images it gets right.

Weights get a scale for each output channel. Activations get a scale for each layer, from the values that they take on a
thousand training images. What a network in integers computes is the same on every machine, bit for bit.";

/// What is exported, and where to.
#[derive(Args, Debug)]
struct Source {
    /// Step whose network it is, by name or number; a network of the frontier; or a JSON file of an experiment or run
    #[arg(default_value = String::from(steps::last().name), value_parser = Word::parse)]
    step: Word,
    /// Weights of the network in 32-bit floats [default: those of its recorded run with seed 1]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Write the files into this folder, which is made if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    project: InWorkspace,
}

/// Writes the files of an export, and prints what it takes and how it does on the test images.
///
/// # Errors
///
/// The weights or the data set cannot be read, integers cannot express the network, or the files cannot be written.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let Format::C(source) = &options.format;
    let step = &source.step.experiment()?;
    let places = source.project.places()?;
    step.architecture.check(IMAGE_SIDE, 1, CLASSES)?;
    let path = match &source.weights {
        Some(path) => path.clone(),
        None => recorded_weights(step, &places)?,
    };
    weights_belong(&path)?;
    let device = training::select_device(None)?.device;
    let network = Network::new(&step.architecture, 0.0, &device)?;
    let network = weights::load(network, &path)?;
    let Mnist { train, test, .. } = Mnist::load_verified(&places.workspace().data())?;
    let integers = integer_network(&network, &train)
        .with_context(|| format!("{} has no form in integers", step.name))?;
    let model = Model::new(step.clone(), &network, device);
    let root = places.workspace().root();
    let about = About {
        name: step.name.to_string(),
        parameters: step.architecture.summary()?.totals.parameters,
        // As it is in a checkout, and not where that lies.
        weights: path
            .strip_prefix(root)
            .unwrap_or(&path)
            .display()
            .to_string(),
        images: test.len(),
        right_with_integers: right_with_integers(&integers, &test),
        right_with_floats: right_with_floats(&model, &test)?,
    };
    let files = c::files(&integers, &about);
    let files = files
        .each_ref()
        .map(|(name, text)| (*name, text.as_bytes()));
    write_together(&source.out, &files)?;
    print(&about, &integers, step, output)?;
    writeln!(output, "wrote {}", source.out.display())?;
    Ok(())
}

fn print(
    about: &About,
    integers: &IntegerNetwork,
    step: &Experiment,
    output: &mut dyn Write,
) -> Result<()> {
    let percent = |right: usize| 100.0 * right as f64 / about.images as f64;
    writeln!(output, "{}, {}", step.name, about.weights)?;
    writeln!(
        output,
        "  weights and tables  {:6} bytes",
        c::flash_bytes(integers)
    )?;
    writeln!(
        output,
        "  static buffer       {:6} bytes",
        integers.memory_bytes()
    )?;
    writeln!(
        output,
        "  with integers       {:6} of {} right, {:.2} %",
        about.right_with_integers,
        about.images,
        percent(about.right_with_integers)
    )?;
    writeln!(
        output,
        "  with 32-bit floats  {:6} of {} right, {:.2} %",
        about.right_with_floats,
        about.images,
        percent(about.right_with_floats)
    )?;
    Ok(())
}

fn right_with_integers(network: &IntegerNetwork, test: &Digits) -> usize {
    let scores = network.scores(test.images());
    right(scores.iter().map(highest), test)
}

fn right_with_floats(model: &Model, test: &Digits) -> Result<usize> {
    let probabilities = model.probabilities(test.images())?;
    Ok(right(probabilities.iter().map(most_probable), test))
}

fn right(digits: impl Iterator<Item = usize>, test: &Digits) -> usize {
    let labels = test.labels().iter().map(|label| usize::from(*label));
    digits
        .zip(labels)
        .filter(|(digit, label)| digit == label)
        .count()
}
