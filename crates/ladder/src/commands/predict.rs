//! `ladder predict`: which digit an image shows, by the weights of a recorded run.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use inference::{Model, most_probable};
use mnist::{CLASSES, DISPUTED_TEST_IMAGES, Digits, IMAGE_SIDE, Mnist, PIXELS};
use pictures::read_picture;
use serde::Serialize;
use training::command_line::InWorkspace;
use training::complain;

use ladder::steps;

use ladder::subjects::{Word, recorded_weights};

/// What comes before the index of a test image.
const TEST: &str = "test:";

/// The longest bar, in characters.
const BAR: usize = 40;

/// Shown below the options.
const NOTES: &str = "\
A picture is to show one digit, darker or lighter than its paper, which is to be about evenly lit. It is made to look like \
MNIST: white on black, without specks, cropped, scaled into 20×20 pixels and centred in 28×28 by its mass.

An image that cannot be used is a line on standard error and makes the exit code 1; the others are predicted all the same.

--json prints an object with the fields
  step     the step's name
  weights  the file of the weights
  images   one object for each IMAGE, in order:
    image          as it was given
    prediction     the most probable digit
    probabilities  those of the digits 0 to 9
    label          the digit that a test image is said to show; null for others
    preparation    what was done to a picture, in words; null for test images
    pixels         with --show: the 784 pixels that the network saw, row by row, 0 (background) to 255 (ink)
  or, for an image that cannot be used,
    image          as it was given
    error          why";

/// Options of `ladder predict`.
#[derive(Args, Debug)]
#[command(after_help = NOTES)]
pub struct Options {
    /// PNG, JPEG, BMP or PGM files, or test images by their index (test:0 to test:9999)
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Step whose network predicts, by name or number; a network of the frontier; or a JSON file of an experiment or run
    #[arg(long, default_value = String::from(steps::last().name), value_parser = Word::parse)]
    step: Word,
    /// Weights of the network, 32-bit floats or 8-bit integers [default: those of its recorded run with seed 1]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Print what the network saw as well
    #[arg(long)]
    show: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    project: InWorkspace,
}

/// An image as the network is to see it.
struct Image {
    pixels: [u8; PIXELS],
    /// What was done to a picture.
    preparation: Option<String>,
    label: Option<u8>,
    /// Whether annotators disagreed with the label.
    is_disputed: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    step: &'a str,
    weights: String,
    images: &'a [Entry],
}

/// What came of an argument.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry {
    Predicted(Prediction),
    Refused { image: String, error: String },
}

#[derive(Serialize)]
struct Prediction {
    image: String,
    prediction: usize,
    probabilities: [f32; CLASSES],
    label: Option<u8>,
    #[serde(skip)]
    is_disputed: bool,
    preparation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pixels: Option<Vec<u8>>,
}

/// Prints each image's digit and the probabilities of all ten. Returns the exit code: failure if an image cannot be used.
///
/// # Errors
///
/// The weights or the test images cannot be read.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<ExitCode> {
    let step = options.step.experiment()?;
    let device = training::select_device(None)?.device;
    let weights = match &options.weights {
        Some(path) => path.clone(),
        None => recorded_weights(&step, &options.project.places()?)?,
    };
    let model = Model::from_file(step, &weights, device)?;
    let entries = predict(&model, options)?;
    if options.json {
        let document = Document {
            step: &model.experiment().name,
            weights: weights.display().to_string(),
            images: &entries,
        };
        writeln!(output, "{}", serde_json::to_string_pretty(&document)?)?;
    } else {
        let mut separator = "";
        for entry in &entries {
            if let Entry::Predicted(prediction) = entry {
                write!(output, "{separator}")?;
                print(prediction, output)?;
                separator = "\n";
            }
        }
    }
    output.flush()?;
    let all_used = entries
        .iter()
        .all(|entry| matches!(entry, Entry::Predicted(_)));
    Ok(if all_used {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Predicts all images at once, and says on standard error which cannot be used.
fn predict(model: &Model, options: &Options) -> Result<Vec<Entry>> {
    let images = read_images(options)?;
    let digits = images.iter().flatten().map(|image| &image.pixels);
    let mut probabilities = model.probabilities(digits)?.into_iter();
    let entries = options.images.iter().zip(images).map(|(argument, image)| {
        let name = argument.display().to_string();
        Ok(match image {
            Ok(image) => {
                let probabilities = probabilities.next().context("an image has no prediction")?;
                Entry::Predicted(Prediction {
                    image: name,
                    prediction: most_probable(&probabilities),
                    probabilities,
                    label: image.label,
                    is_disputed: image.is_disputed,
                    preparation: image.preparation,
                    pixels: options.show.then(|| image.pixels.to_vec()),
                })
            }
            Err(error) => {
                let error = format!("{error:#}");
                complain!("error: {error}");
                Entry::Refused { image: name, error }
            }
        })
    });
    entries.collect()
}

/// Reads all images; those that cannot be used say why.
///
/// # Errors
///
/// The test images are wanted and cannot be read.
fn read_images(options: &Options) -> Result<Vec<Result<Image>>> {
    let arguments = &options.images;
    let indices = arguments.iter().map(|argument| test_index(argument));
    let indices: Vec<Option<&str>> = indices.collect();
    let test = match indices.iter().any(Option::is_some) {
        true => {
            let data = options.project.places()?.workspace().data();
            Some(Mnist::load_verified(&data)?.test)
        }
        false => None,
    };
    let images = arguments
        .iter()
        .zip(indices)
        .map(|(argument, index)| match (index, &test) {
            (Some(index), Some(test)) => test_image(index, test),
            _ => picture(argument),
        });
    Ok(images.collect())
}

/// What follows `test:`, if the argument is a test image rather than a file.
fn test_index(argument: &Path) -> Option<&str> {
    argument.to_str()?.strip_prefix(TEST)
}

fn test_image(index: &str, test: &Digits) -> Result<Image> {
    let parsed = index
        .parse::<usize>()
        .ok()
        .filter(|index| *index < test.len());
    let parsed = parsed.with_context(|| {
        let last = test.len() - 1;
        format!("there is no test image {TEST}{index}; they are {TEST}0 to {TEST}{last}")
    })?;
    Ok(Image {
        pixels: *test.image(parsed),
        preparation: None,
        label: Some(test.label(parsed)),
        is_disputed: DISPUTED_TEST_IMAGES.contains(&parsed),
    })
}

fn picture(path: &Path) -> Result<Image> {
    let prepared = read_picture(path).map_err(|error| {
        let name = path.display().to_string();
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
        // A test image went by its bare index once, and elsewhere still does.
        if is_number && !path.exists() {
            anyhow!("{error:#}; a test image is written {TEST}{name}")
        } else {
            error
        }
    })?;
    Ok(Image {
        pixels: prepared.pixels,
        preparation: Some(prepared.steps),
        label: None,
        is_disputed: false,
    })
}

/// Prints a prediction for people.
fn print(prediction: &Prediction, output: &mut dyn Write) -> Result<()> {
    let Prediction {
        image,
        prediction: digit,
        probabilities,
        ..
    } = prediction;
    let certainty = percent(probabilities[*digit]);
    write!(output, "{image}: {digit}, {certainty}")?;
    if let Some(label) = prediction.label {
        let is_right = usize::from(label) == *digit;
        let verdict = if is_right { "right" } else { "wrong" };
        let dispute = if prediction.is_disputed {
            ", which is disputed"
        } else {
            ""
        };
        write!(output, " ({verdict}: its label is {label}{dispute})")?;
    }
    writeln!(output)?;
    if let Some(preparation) = &prediction.preparation {
        writeln!(output, "  {preparation}")?;
    }
    for row in prediction
        .pixels
        .iter()
        .flat_map(|pixels| pixels.chunks(IMAGE_SIDE))
    {
        let row: String = row.iter().map(|pixel| shade(*pixel)).collect();
        writeln!(output, "{}", format!("  {row}").trim_end())?;
    }
    for (digit, probability) in probabilities.iter().enumerate() {
        let (bar, percent) = (bar(*probability), percent(*probability));
        writeln!(output, "  {digit} {bar:BAR$} {percent:>8}")?;
    }
    Ok(())
}

/// A probability in percent. A network is never quite certain, and the page says so in the same words.
fn percent(probability: f32) -> String {
    match format!("{:.1} %", 100.0 * probability) {
        text if text == "100.0 %" => "> 99.9 %".into(),
        text => text,
    }
}

/// A pixel in five shades, twice as wide as a character, for these are twice as high as wide.
fn shade(pixel: u8) -> &'static str {
    ["  ", "░░", "▒▒", "▓▓", "██"][usize::from(pixel) * 5 / 256]
}

/// A bar as long as the probability says, to an eighth of a character.
fn bar(probability: f32) -> String {
    let eighths = (probability * (8 * BAR) as f32).round() as usize;
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
    "█".repeat(eighths / 8) + rest
}
