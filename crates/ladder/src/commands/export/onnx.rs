//! `ladder export onnx`: a network for onnxruntime and whatever else reads ONNX.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use evidence::Record;
use files::write_whole;
use onnx_export::{About, file};
use pocket_export::IMAGE;

use super::Source;
use super::source::Trained;

/// Shown below the options.
pub const NOTES: &str = "\
The input `pixels` is [batch, 1, 28, 28], bytes as in MNIST: 0 is background, 255 is full ink. The output `probabilities` is \
[batch, 10], 32-bit floats. Batch normalisation is folded into the convolutions. Opset 18.

The metadata say which step it is, its parameters, its accuracy on the test images, the file of weights, the commit that \
trained them, and the licence.";

/// What is exported, and where to.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    source: Source,
    /// Write the network to this file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the file.
///
/// # Errors
///
/// As [`super::run`].
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let trained = options.source.trained()?;
    let (name, weights) = (&trained.experiment.name, &trained.weights);
    let content = file(&trained.network.layers(IMAGE), &about(&trained)?);
    write_whole(&options.out, &content)?;
    let (right, images) = (trained.right, trained.data.test.len());
    let percent = 100.0 * right as f64 / images as f64;
    writeln!(output, "{name}, {weights}")?;
    writeln!(output, "  {right} of {images} right, {percent:.2} %")?;
    let path = options.out.display();
    writeln!(output, "wrote {path}: {} bytes", content.len())?;
    Ok(())
}

fn about(trained: &Trained) -> Result<About> {
    let (name, parameters) = (&trained.experiment.name, trained.parameters);
    let accuracy = trained.right as f64 / trained.data.test.len() as f64;
    let mut metadata = vec![
        ("step", name.to_string()),
        ("parameters", parameters.to_string()),
        ("accuracy", accuracy.to_string()),
        ("weights", trained.weights.clone()),
    ];
    if let Some(commit) = commit(&trained.path)? {
        metadata.push(("commit", commit));
    }
    metadata.push(("licence", env!("CARGO_PKG_LICENSE").into()));
    let metadata = metadata.into_iter();
    Ok(About {
        name: name.to_string(),
        description: format!(
            "{name} of mnist-ladder: reads a handwritten digit with {parameters} parameters."
        ),
        metadata: metadata
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    })
}

/// The commit that trained these weights, if a record beside them says so.
fn commit(weights: &Path) -> Result<Option<String>> {
    let record = weights.with_extension("json");
    if !Record::is_at(&record) {
        return Ok(None);
    }
    let commits = Record::read(&record)?.origin.commits;
    Ok(commits.into_iter().last().map(|commit| commit.hash))
}
