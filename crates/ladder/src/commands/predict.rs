//! `ladder predict`: which digit an image shows, by the weights of a recorded run.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use experiment::Experiment;
use inference::{CLASSES, Model, most_probable, read_png};
use mnist::{Digits, Mnist, PIXELS};

use ladder::steps;

/// Options of `ladder predict`.
#[derive(Args, Debug)]
pub struct Options {
    /// PNG files, or indices of test images (0 to 9999)
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Name or number of the step whose network predicts
    #[arg(long, default_value = "8", value_parser = steps::parse)]
    step: Experiment,
    /// Weights of the step's network [default: those of its recorded run with seed 1]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
}

/// An image as the network is to see it.
struct Image {
    name: String,
    pixels: [u8; PIXELS],
    /// What it shows, where that is known.
    label: Option<u8>,
}

/// Prints each image's digit and the probabilities of all ten.
///
/// # Errors
///
/// The weights or an image cannot be read.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let images = read_images(&options.images, output)?;
    let device = training::select_device(None)?.device;
    let model = match &options.weights {
        Some(path) => Model::from_file(options.step.clone(), path, device)?,
        None => Model::recorded(options.step.clone(), device)?,
    };
    let probabilities = model.probabilities(images.iter().map(|image| &image.pixels))?;
    writeln!(output, "{}", table(&images, &probabilities))?;
    Ok(())
}

/// Reads all images, saying what is done to each file.
fn read_images(arguments: &[PathBuf], output: &mut dyn Write) -> Result<Vec<Image>> {
    let mut test = None;
    let mut images = Vec::new();
    for argument in arguments {
        images.push(match index(argument) {
            Some(text) => {
                let test = match &test {
                    Some(test) => test,
                    None => test.insert(Mnist::load_bundled()?.test),
                };
                test_image(text, test)?
            }
            None => {
                let prepared = read_png(argument)?;
                let name = argument.display().to_string();
                writeln!(output, "{name}: {}", prepared.steps)?;
                Image {
                    name,
                    pixels: prepared.pixels,
                    label: None,
                }
            }
        });
    }
    Ok(images)
}

/// The argument, if it is the index of a test image rather than a file.
fn index(argument: &Path) -> Option<&str> {
    let text = argument.to_str()?;
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(text)
}

fn test_image(index: &str, test: &Digits) -> Result<Image> {
    let parsed = index
        .parse::<usize>()
        .ok()
        .filter(|index| *index < test.len());
    let parsed = parsed.with_context(|| {
        format!(
            "there is no test image {index}; their indices are 0 to {}",
            test.len() - 1
        )
    })?;
    Ok(Image {
        name: format!("test image {index}"),
        pixels: *test.image(parsed),
        label: Some(test.label(parsed)),
    })
}

fn table(images: &[Image], probabilities: &[[f32; CLASSES]]) -> Table {
    let labelled = images.iter().any(|image| image.label.is_some());
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let mut header = vec!["Image".to_owned(), "Predicted".into()];
    header.extend(labelled.then(|| "True".into()));
    header.extend((0..CLASSES).map(|class| format!("{class} (%)")));
    table.set_header(header);
    for (image, row) in images.iter().zip(probabilities) {
        let mut cells = vec![image.name.clone(), most_probable(row).to_string()];
        cells.extend(labelled.then(|| {
            image
                .label
                .map_or_else(String::new, |label| label.to_string())
        }));
        cells.extend(
            row.iter()
                .map(|probability| format!("{:.1}", 100.0 * probability)),
        );
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
