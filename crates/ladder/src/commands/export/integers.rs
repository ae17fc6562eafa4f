//! `ladder export c` and `ladder export rust`: networks in integers.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use files::write_together;
use pocket_export::{About, IntegerNetwork, c, most_probable, rust};

use ladder::integers::integer_network;

use super::Source;
use super::source::right;

/// Shown below the options of `ladder export c`.
pub const C_NOTES: &str = "\
Writes digit.h, digit.c, example.c and README.md. The README says how much flash and RAM the network takes, and how many of \
the 10,000 test images it gets right.

Weights get a scale for each output channel. Activations get a scale for each layer, from the values that they take on a \
thousand training images. What a network in integers computes is the same on every machine, bit for bit.";

/// Shown below the options of `ladder export rust`.
pub const RUST_NOTES: &str = "\
Writes a crate named digit, and within its folder the crate pocket, which it needs: a firmware depends on digit by its path. \
README.md says how much memory the network takes, and how many of the 10,000 test images it gets right.

The arithmetic is that of `ladder export c`, bit for bit.";

/// What is exported, and where to.
#[derive(Args, Debug)]
pub struct Options {
    #[command(flatten)]
    source: Source,
    /// Write the files into this folder, which is made if need be
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// What the network is written in.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    C,
    Rust,
}

/// Writes the files.
///
/// # Errors
///
/// As [`super::run`].
pub fn run(options: &Options, language: Language, output: &mut dyn Write) -> Result<()> {
    let trained = options.source.trained()?;
    let name = &trained.experiment.name;
    let integers = integer_network(&trained.network, &trained.data.train)
        .with_context(|| format!("{name} has no form in integers"))?;
    let test = &trained.data.test;
    let scores = integers.scores(test.images());
    let about = About {
        name: name.to_string(),
        parameters: trained.parameters,
        weights: trained.weights,
        images: test.len(),
        right_with_integers: right(scores.iter().map(most_probable), test),
        right_with_floats: trained.right,
    };
    let (files, flash) = match language {
        Language::C => (
            c::files(&integers, &about).to_vec(),
            ("weights and tables ", c::flash_bytes(&integers)),
        ),
        Language::Rust => (
            rust::files(&integers, &about).to_vec(),
            ("weights and scales ", integers.numbers_bytes()),
        ),
    };
    let files: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    write_together(&options.out, &files)?;
    print(&about, flash, &integers, output)?;
    writeln!(output, "wrote {}", options.out.display())?;
    Ok(())
}

fn print(
    about: &About,
    (constants, flash): (&str, usize),
    integers: &IntegerNetwork,
    output: &mut dyn Write,
) -> Result<()> {
    writeln!(output, "{}, {}", about.name, about.weights)?;
    for (name, bytes) in [
        (constants, flash),
        ("static buffer      ", integers.memory_bytes()),
    ] {
        writeln!(output, "  {name} {bytes:6} bytes")?;
    }
    for (name, right) in [
        ("with integers      ", about.right_with_integers),
        ("with 32-bit floats ", about.right_with_floats),
    ] {
        let images = about.images;
        let percent = 100.0 * right as f64 / images as f64;
        writeln!(
            output,
            "  {name} {right:6} of {images} right, {percent:.2} %"
        )?;
    }
    Ok(())
}
