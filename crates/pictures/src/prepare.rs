//! Any picture of a digit, made into what the network was trained on.
//!
//! MNIST's digits are white on black, scaled into 20×20 pixels with their aspect ratio kept, and placed in 28×28 with
//! their centre of mass in the middle (Y. LeCun et al., "Gradient-based learning applied to document recognition",
//! 1998). A network sees little sense in anything else, so [`prepare`] does the same to other pictures, and says what it
//! did: a wrong prediction is often a wrong preparation.

use std::path::Path;

use anyhow::{Context, Result};
use image::imageops::{self, FilterType, crop_imm, resize, thumbnail};
use image::{DynamicImage, GrayImage, Luma};
use mnist::{IMAGE_SIDE, PIXELS};

use crate::ink::{Ink, find_ink};
use crate::picture::{decode_picture, read_file};

/// Height and width of the square that a digit is scaled into.
const DIGIT_SIDE: u32 = 20;

/// A scaled digit with less ink in each of its pixels has strokes too thin to be recognised.
const FAINT: u8 = 160;

/// Larger pictures are shrunk to this height or width first: a digit has far more pixels than it needs in them.
const WORKING_SIDE: u32 = 2048;

/// Where MNIST's digits have their centre of mass, in both directions: in the middle of pixel 14 of 0 to 27.
const MIDDLE: f64 = 14.5;

const SIDE: u32 = IMAGE_SIDE as u32;

/// A picture as the network is to see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// The pixels `[28 × 28]`, row by row: 0 is background, 255 is full ink.
    pub pixels: [u8; PIXELS],
    /// What was done to the picture, for people.
    pub steps: String,
    /// What part of the picture the pixels show.
    pub frame: Frame,
}

/// The rectangle of a picture that a prepared digit's 28×28 pixels show, in the picture's pixels from its left upper corner.
/// It may reach beyond the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Its left edge.
    pub left: f64,
    /// Its upper edge.
    pub top: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// Reads and prepares a PNG, JPEG, BMP or PGM file; see [`decode_picture`] and [`prepare`].
///
/// # Errors
///
/// The file cannot be read, is no such picture, too large, cut short, broken, or blank. Names the file, in one line.
pub fn read_picture(path: &Path) -> Result<Prepared> {
    let bytes = read_file(path)?;
    let name = path.display();
    let picture = decode_picture(&bytes).with_context(|| format!("cannot use {name}"))?;
    drop(bytes);
    prepare(&picture).with_context(|| format!("cannot use {name}"))
}

/// Makes a picture into a digit like MNIST's: grey, white on black, cropped, scaled and centred. A picture that is such
/// a digit already is taken as it is, inverted where need be.
///
/// # Errors
///
/// The picture is blank.
pub fn prepare(picture: &DynamicImage) -> Result<Prepared> {
    let (picture_width, picture_height) = (picture.width(), picture.height());
    let (grey, ink) =
        grey_and_ink(picture).context("it is blank: no ink stands out from the paper")?;
    let mut steps = vec![format!("{picture_width}×{picture_height}")];
    if ink.dark {
        steps.push("inverted".into());
    }
    if is_like_mnist(&ink) {
        let mut grey = grey;
        if ink.dark {
            imageops::invert(&mut grey);
            steps.push("otherwise as it is".into());
        } else {
            steps.push("taken as it is".into());
        }
        return Ok(Prepared {
            pixels: pixels(&grey)?,
            steps: steps.join(", "),
            frame: Frame {
                left: 0.0,
                top: 0.0,
                width: f64::from(SIDE),
                height: f64::from(SIDE),
            },
        });
    }
    match ink.specks {
        0 => {}
        1 => steps.push("a speck removed".into()),
        specks => steps.push(format!("{specks} specks removed")),
    }
    if ink.is_several {
        steps.push("more than one digit, it seems, and one is expected".into());
    }
    let (x, y, width, height) = ink.bounds;
    steps.push(format!("cropped to {width}×{height}"));
    let cropped = crop_imm(&ink.amounts, x, y, width, height).to_image();
    let mut digit = scaled(&cropped);
    if is_faint(&digit) {
        digit = scaled(&thickened(&cropped));
        steps.push("thickened".into());
    }
    steps.push(format!("scaled to {}×{}", digit.width(), digit.height()));
    steps.push(format!("centred in {SIDE}×{SIDE}"));
    let (placed, (left, top)) = centred(&digit);
    // How much of the picture, which may have been shrunk, a pixel shows.
    let across = f64::from(width) / f64::from(digit.width());
    let down = f64::from(height) / f64::from(digit.height());
    let shrunk_across = f64::from(picture_width) / f64::from(grey.width());
    let shrunk_down = f64::from(picture_height) / f64::from(grey.height());
    let frame = Frame {
        left: (f64::from(x) - left as f64 * across) * shrunk_across,
        top: (f64::from(y) - top as f64 * down) * shrunk_down,
        width: f64::from(SIDE) * across * shrunk_across,
        height: f64::from(SIDE) * down * shrunk_down,
    };
    Ok(Prepared {
        pixels: pixels(&placed)?,
        steps: steps.join(", "),
        frame,
    })
}

/// The picture in grey, with white paper behind what is transparent, and its ink. Where nothing stands out from white
/// paper, it is black paper: drawings from programs with a dark surface are white on nothing.
fn grey_and_ink(picture: &DynamicImage) -> Option<(GrayImage, Ink)> {
    let papers: &[u8] = if picture.color().has_alpha() {
        &[255, 0]
    } else {
        &[255]
    };
    papers.iter().find_map(|paper| {
        let grey = working_size(on_paper(picture, *paper));
        find_ink(&grey).map(|ink| (grey, ink))
    })
}

fn on_paper(picture: &DynamicImage, paper: u8) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.to_luma8();
    }
    let picture = picture.to_luma_alpha8();
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [grey, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        Luma([((grey * alpha + u32::from(paper) * (255 - alpha) + 127) / 255) as u8])
    })
}

fn working_size(grey: GrayImage) -> GrayImage {
    let side = grey.width().max(grey.height());
    if side <= WORKING_SIDE {
        return grey;
    }
    let shrunk =
        |length: u32| (u64::from(length) * u64::from(WORKING_SIDE) / u64::from(side)).max(1) as u32;
    thumbnail(&grey, shrunk(grey.width()), shrunk(grey.height()))
}

/// Whether a picture is a digit of MNIST's or one made like them: its larger side 20 pixels long, or nearly, and its
/// centre of mass in the middle.
fn is_like_mnist(ink: &Ink) -> bool {
    let (_, _, width, height) = ink.bounds;
    let centre = centre_of_mass(&ink.amounts);
    let is_central = |position: f64| (position - MIDDLE).abs() <= 1.0;
    ink.amounts.dimensions() == (SIDE, SIDE)
        && (DIGIT_SIDE - 2..=DIGIT_SIDE).contains(&width.max(height))
        && is_central(centre.0)
        && is_central(centre.1)
}

/// The digit with its larger side 20 pixels long.
fn scaled(digit: &GrayImage) -> GrayImage {
    let (width, height) = digit.dimensions();
    let scale = f64::from(DIGIT_SIDE) / f64::from(width.max(height));
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    resize(digit, scaled(width), scaled(height), FilterType::CatmullRom)
}

/// Whether strokes were too thin to leave any full pixel when they were scaled.
fn is_faint(digit: &GrayImage) -> bool {
    digit.iter().all(|amount| *amount < FAINT)
}

/// The digit with strokes of half a pixel at least once it is scaled: of some 40×40 cells, each has the most ink in it.
fn thickened(digit: &GrayImage) -> GrayImage {
    let (width, height) = digit.dimensions();
    let cells = |side: u32| (2 * DIGIT_SIDE * side).div_ceil(width.max(height));
    let mut thickened = GrayImage::new(cells(width), cells(height));
    for (x, y, amount) in digit.enumerate_pixels() {
        let cell = thickened.get_pixel_mut(x * cells(width) / width, y * cells(height) / height);
        cell.0[0] = cell.0[0].max(amount.0[0]);
    }
    thickened
}

/// Where the ink has its centre, in pixels from the left and from the top: 0.5 is the middle of the first.
fn centre_of_mass(ink: &GrayImage) -> (f64, f64) {
    let (mut total, mut x_total, mut y_total) = (0.0, 0.0, 0.0);
    for (x, y, amount) in ink.enumerate_pixels() {
        let amount = f64::from(amount.0[0]);
        total += amount;
        x_total += amount * (f64::from(x) + 0.5);
        y_total += amount * (f64::from(y) + 0.5);
    }
    (x_total / total, y_total / total)
}

/// A digit of at most 20×20 pixels in 28×28, its centre of mass in the middle as far as whole pixels allow, and where its
/// left upper corner is.
fn centred(digit: &GrayImage) -> (GrayImage, (i64, i64)) {
    let place = |centre: f64, side: u32| {
        let place = (MIDDLE - centre).round() as i64;
        place.clamp(0, i64::from(SIDE - side))
    };
    let centre = centre_of_mass(digit);
    let left = place(centre.0, digit.width());
    let top = place(centre.1, digit.height());
    let mut picture = GrayImage::new(SIDE, SIDE);
    imageops::replace(&mut picture, digit, left, top);
    (picture, (left, top))
}

/// The pixels of a picture of 28×28.
fn pixels(picture: &GrayImage) -> Result<[u8; PIXELS]> {
    let pixels = picture.as_raw().as_slice();
    pixels.try_into().with_context(|| {
        format!(
            "a picture of {} pixels came of it, expected {PIXELS}",
            pixels.len()
        )
    })
}
