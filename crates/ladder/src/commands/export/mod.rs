//! `ladder export`: a network for programs elsewhere, and the page for a host elsewhere.

mod integers;
mod onnx;
mod page;
mod source;

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};

use integers::Language;
use source::Source;

/// Options of `ladder export`.
#[derive(Args, Debug)]
pub struct Options {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    /// ONNX, for programs in any language: 32-bit floats, pixels in, probabilities out
    #[command(after_help = onnx::NOTES)]
    Onnx(onnx::Options),
    /// C99 for a microcontroller: 8-bit weights and activations, integers alone, no allocation
    #[command(after_help = integers::C_NOTES)]
    C(integers::Options),
    /// A Rust crate for a microcontroller, with the same arithmetic as in C: no standard library, no unsafe code
    #[command(after_help = integers::RUST_NOTES)]
    Rust(integers::Options),
    /// The page of `ladder serve` as files for any host: the networks of all steps, computed in the browser
    #[command(after_help = page::NOTES)]
    Page(page::Options),
}

/// Writes the files of an export, and prints what it takes and how it does on the test images.
///
/// # Errors
///
/// The weights, the data set or the records cannot be read, the format cannot express the network, or the files cannot be written.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    match &options.format {
        Format::Onnx(options) => onnx::run(options, output),
        Format::C(options) => integers::run(options, Language::C, output),
        Format::Rust(options) => integers::run(options, Language::Rust, output),
        Format::Page(options) => page::run(options, output),
    }
}
