//! `ladder quantize`: a network's weights as integers of 8 bits and of 4.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use evidence::weights_belong;
use files::write_whole;
use inference::{Model, most_probable};
use mnist::{CLASSES, Digits, IMAGE_SIDE, Mnist};
use model_core::quantization::{Bits, Granularity, QuantizedWeights};
use model_core::{Network, weights};
use tables::Table;

use ladder::steps;
use training::command_line::InWorkspace;

use ladder::subjects::{Word, recorded_weights};

/// Shown below the options.
const NOTES: &str = "\
Batch normalisation is folded into the convolutions. Then, symmetrically: weight = value * scale, with values of -127 to \
127 and a 32-bit float as the scale of each output channel. Biases and the maps between layers stay 32-bit floats.

The file is a safetensors file. For layer n, counted from 0 as in `cargo ladder architecture`, it has
  stages.<n>.weight  I8, [out_channels, in_channels / groups, kernel, kernel], or [out_features, in_features]
  stages.<n>.scale   F32, [out_channels]
  stages.<n>.bias    F32, [out_channels]; not where a layer has none
A pixel of 0 to 255 goes in as (pixel / 255 - 0.1307) / 0.3081. `predict --weights` takes the file.";

/// Options of `ladder quantize`.
#[derive(Args, Debug)]
#[command(after_help = NOTES)]
pub struct Options {
    /// Step whose network it is, by name or number; a network of the frontier; or a JSON file of an experiment or run
    #[arg(long, default_value = String::from(steps::last().name), value_parser = Word::parse)]
    step: Word,
    /// Weights of the network in 32-bit floats [default: those of its recorded run with seed 1]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Write the 8-bit weights to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    project: InWorkspace,
}

/// Writes weights of 8 bits if wanted, and prints how they do on the test images, beside those of 4 and of 32 bits.
///
/// # Errors
///
/// The weights or the test images cannot be read, or the file cannot be written.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let step = &options.step.experiment()?;
    let places = options.project.places()?;
    step.architecture.check(IMAGE_SIDE, 1, CLASSES)?;
    let weights = match &options.weights {
        Some(path) => path.clone(),
        None => recorded_weights(step, &places)?,
    };
    weights_belong(&weights)?;
    let device = training::select_device(None)?.device;
    let network = Network::new(&step.architecture, 0.0, &device)?;
    let network = weights::load(network, &weights)?;
    let test = Mnist::load_verified(&places.workspace().data())?.test;
    let per_channel = QuantizedWeights::new(&network, Granularity::OutputChannel, Bits::Eight);
    let file = per_channel.to_safetensors()?;
    if let Some(path) = &options.out {
        write_whole(path, &file)?;
    }
    let classify = |network: &Network| {
        let model = Model::new(step.clone(), network, device.clone());
        let probabilities = model.probabilities(test.images())?;
        let digits = probabilities.iter().map(most_probable);
        Ok::<Vec<usize>, anyhow::Error>(digits.collect())
    };
    let floats = classify(&network)?;
    let mut table = new_table(&test);
    table.add_row(row(
        "32-bit floats",
        float_bytes(&per_channel),
        &floats,
        &floats,
        &test,
    ));
    let per_layer = QuantizedWeights::new(&network, Granularity::Tensor, Bits::Eight);
    let of_four_bits = QuantizedWeights::new(&network, Granularity::OutputChannel, Bits::Four);
    for (name, quantized) in [
        ("8-bit integers, a scale for each layer", per_layer),
        (
            "8-bit integers, a scale for each output channel",
            per_channel,
        ),
        (
            "4-bit integers, a scale for each output channel",
            of_four_bits,
        ),
    ] {
        let digits = classify(&quantized.dequantize(&network))?;
        table.add_row(row(name, quantized.bytes(), &digits, &floats, &test));
    }
    let root = places.workspace().root();
    let weights = weights.strip_prefix(root).unwrap_or(&weights).display();
    let (width, introduction) = (tables::width(), format!("{}, {weights}", step.name));
    writeln!(output, "{}", tables::wrapped(&introduction, width))?;
    writeln!(output, "{}", tables::fitting(&[table], width))?;
    if let Some(path) = &options.out {
        let (path, bytes) = (path.display(), file.len());
        writeln!(
            output,
            "wrote {path}: {bytes} bytes, a scale for each output channel"
        )?;
    }
    Ok(())
}

fn new_table(test: &Digits) -> Table {
    Table::new([
        "Weights".to_owned(),
        "Bytes".into(),
        format!("Right of {}", test.len()),
        "Accuracy".into(),
        "Another digit than with floats".into(),
    ])
}

fn row(name: &str, bytes: usize, digits: &[usize], floats: &[usize], test: &Digits) -> Vec<String> {
    let labels = test.labels().iter().map(|label| usize::from(*label));
    let right = digits
        .iter()
        .zip(labels)
        .filter(|(digit, label)| **digit == *label);
    let right = right.count();
    let other = digits
        .iter()
        .zip(floats)
        .filter(|(digit, float)| digit != float);
    vec![
        name.to_owned(),
        bytes.to_string(),
        right.to_string(),
        format!("{:.2} %", 100.0 * right as f64 / test.len() as f64),
        other.count().to_string(),
    ]
}

/// Bytes of the same weights and biases in 32-bit floats.
fn float_bytes(weights: &QuantizedWeights) -> usize {
    let layers = weights.layers.iter();
    let values = layers.map(|layer| layer.values.len() + layer.bias.as_ref().map_or(0, Vec::len));
    size_of::<f32>() * values.sum::<usize>()
}
