//! Any picture of a digit, made into what the network was trained on.
//!
//! MNIST's digits are white on black, scaled into 20×20 pixels with their aspect ratio kept, and placed in 28×28 with
//! their centre of mass in the middle (Y. LeCun et al., "Gradient-based learning applied to document recognition",
//! 1998). A network sees little sense in anything else, so [`prepare`] does the same to other pictures, and says what it
//! did: a wrong prediction is often a wrong preparation.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use image::imageops::{FilterType, crop_imm, resize};
use image::{DynamicImage, GrayImage, ImageError, ImageFormat, ImageReader, Limits, Luma};
use mnist::{IMAGE_SIDE, PIXELS};

/// Largest height and width of a picture, in pixels.
const MAX_SIDE: u32 = 4096;

/// Most memory that decoding may take: a picture of the largest size with four channels of 16 bits, twice.
const MAX_BYTES: u64 = 2 * 8 * (MAX_SIDE as u64) * (MAX_SIDE as u64);

/// Height and width of the square that a digit is scaled into.
const DIGIT_SIDE: u32 = 20;

/// The darker half of the greys ends here.
const MIDDLE_GREY: u8 = 127;

/// Pixels up to here are background: paper is seldom quite white.
const FAINT: u8 = 16;

/// Where MNIST's digits have their centre of mass, in both directions: in the middle of pixel 14 of 0 to 27.
const MIDDLE: f64 = 14.5;

const SIDE: u32 = IMAGE_SIDE as u32;

/// A picture as the network is to see it.
#[derive(Debug)]
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

/// Reads and prepares a PNG file of at most 4096×4096 pixels.
///
/// # Errors
///
/// The file cannot be read, is no PNG, too large, or blank. Names the file.
pub fn read_png(path: &Path) -> Result<Prepared> {
    let name = path.display();
    let mut reader = ImageReader::open(path).with_context(|| format!("cannot read {name}"))?;
    reader.set_format(ImageFormat::Png);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let picture = reader.decode().map_err(|error| match error {
        ImageError::Limits(_) => anyhow!("{name} is larger than {MAX_SIDE}×{MAX_SIDE} pixels"),
        ImageError::IoError(error) => anyhow!("cannot read {name}: {error}"),
        error => anyhow!("{name} is not a PNG file that can be read: {error}"),
    })?;
    prepare(&picture).with_context(|| format!("cannot use {name}"))
}

/// Makes a picture into a digit like MNIST's: grey, white on black, cropped, scaled and centred. A picture of 28×28
/// pixels that is white on black already is taken as it is.
///
/// # Errors
///
/// The picture is blank.
pub fn prepare(picture: &DynamicImage) -> Result<Prepared> {
    let mut grey = over_white(picture);
    let (width, height) = grey.dimensions();
    let inverted = border_mean(&grey) > f64::from(MIDDLE_GREY);
    if inverted {
        image::imageops::invert(&mut grey);
    }
    let (x, y, box_width, box_height) =
        bounding_box(&grey).context("it is blank: no pixel stands out")?;
    if !inverted && (width, height) == (SIDE, SIDE) {
        return Ok(Prepared {
            pixels: pixels(&grey)?,
            steps: "taken as it is".into(),
            frame: Frame {
                left: 0.0,
                top: 0.0,
                width: f64::from(SIDE),
                height: f64::from(SIDE),
            },
        });
    }
    let scale = f64::from(DIGIT_SIDE) / f64::from(box_width.max(box_height));
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let digit = crop_imm(&grey, x, y, box_width, box_height).to_image();
    let digit = resize(
        &digit,
        scaled(box_width),
        scaled(box_height),
        FilterType::CatmullRom,
    );
    let steps = format!(
        "{}{width}×{height} cropped to {box_width}×{box_height}, scaled to {}×{}, centred in {SIDE}×{SIDE}",
        if inverted { "inverted, " } else { "" },
        digit.width(),
        digit.height()
    );
    let (placed, (left, top)) = centred(&digit);
    // How much of the picture a pixel shows.
    let (across, down) = (
        f64::from(box_width) / f64::from(digit.width()),
        f64::from(box_height) / f64::from(digit.height()),
    );
    let frame = Frame {
        left: f64::from(x) - left as f64 * across,
        top: f64::from(y) - top as f64 * down,
        width: f64::from(SIDE) * across,
        height: f64::from(SIDE) * down,
    };
    Ok(Prepared {
        pixels: pixels(&placed)?,
        steps,
        frame,
    })
}

/// The picture in grey, with white paper behind what is transparent.
fn over_white(picture: &DynamicImage) -> GrayImage {
    let picture = picture.to_luma_alpha8();
    GrayImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [grey, alpha] = picture.get_pixel(x, y).0.map(u32::from);
        Luma([((grey * alpha + 255 * (255 - alpha) + 127) / 255) as u8])
    })
}

/// The mean grey of the outermost pixels.
fn border_mean(picture: &GrayImage) -> f64 {
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let border = picture
        .enumerate_pixels()
        .filter(|(x, y, _)| *x == 0 || *y == 0 || *x == right || *y == bottom);
    let (sum, count) = border.fold((0.0, 0.0), |(sum, count), (_, _, grey)| {
        (sum + f64::from(grey.0[0]), count + 1.0)
    });
    sum / count
}

/// Left, top, width and height of the smallest box around everything that is not background; none if there is nothing.
fn bounding_box(picture: &GrayImage) -> Option<(u32, u32, u32, u32)> {
    let ink = || {
        picture
            .enumerate_pixels()
            .filter(|(_, _, grey)| grey.0[0] > FAINT)
    };
    let (left, right) = (ink().map(|(x, ..)| x).min()?, ink().map(|(x, ..)| x).max()?);
    let (top, bottom) = (
        ink().map(|(_, y, _)| y).min()?,
        ink().map(|(_, y, _)| y).max()?,
    );
    Some((left, top, right - left + 1, bottom - top + 1))
}

/// A digit of at most 20×20 pixels in 28×28, its centre of mass in the middle as far as whole pixels allow, and where its
/// left upper corner is.
fn centred(digit: &GrayImage) -> (GrayImage, (i64, i64)) {
    let mass = |position: fn((u32, u32)) -> f64| -> f64 {
        digit
            .enumerate_pixels()
            .map(|(x, y, grey)| f64::from(grey.0[0]) * position((x, y)))
            .sum()
    };
    let total = mass(|_| 1.0);
    // Positions are those of pixel centres.
    let centre = (
        mass(|(x, _)| f64::from(x) + 0.5) / total,
        mass(|(_, y)| f64::from(y) + 0.5) / total,
    );
    let place = |centre: f64, side: u32| {
        let place = (MIDDLE - centre).round() as i64;
        place.clamp(0, i64::from(SIDE - side))
    };
    let mut picture = GrayImage::new(SIDE, SIDE);
    let (left, top) = (
        place(centre.0, digit.width()),
        place(centre.1, digit.height()),
    );
    image::imageops::replace(&mut picture, digit, left, top);
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

#[cfg(test)]
mod tests {
    use image::{LumaA, Pixel};
    use mnist::Mnist;

    use super::*;

    /// A test digit as a picture of another size, white on black.
    fn picture(pixels: &[u8; PIXELS], scale: u32) -> GrayImage {
        let picture = GrayImage::from_raw(SIDE, SIDE, pixels.to_vec()).unwrap();
        resize(&picture, SIDE * scale, SIDE * scale, FilterType::Nearest)
    }

    fn inverted(mut picture: GrayImage) -> GrayImage {
        image::imageops::invert(&mut picture);
        picture
    }

    /// Mean difference of two images' pixels, in greys of 255.
    fn difference(a: &[u8; PIXELS], b: &[u8; PIXELS]) -> f64 {
        let differences = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)));
        differences.sum::<f64>() / PIXELS as f64
    }

    #[test]
    fn large_black_on_white_digits_come_out_as_they_were() {
        let test = Mnist::load_bundled().unwrap().test;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("digit.png");
        let mut sum = 0.0;
        for index in 0..100 {
            inverted(picture(test.image(index), 10))
                .save(&path)
                .unwrap();
            let prepared = read_png(&path).unwrap();
            assert!(
                prepared.steps.starts_with("inverted, 280×280 cropped to "),
                "{}",
                prepared.steps
            );
            let difference = difference(&prepared.pixels, test.image(index));
            // A digit that is misplaced by a pixel differs by some 15 greys.
            assert!(
                difference < 13.0,
                "test digit {index} differs by {difference} greys"
            );
            sum += difference;
        }
        assert!(
            sum / 100.0 < 4.0,
            "the digits differ by {} greys",
            sum / 100.0
        );
    }

    #[test]
    fn a_digit_like_mnists_is_taken_as_it_is() {
        let test = Mnist::load_bundled().unwrap().test;
        for index in 0..10 {
            let prepared = prepare(&picture(test.image(index), 1).into()).unwrap();
            assert_eq!(prepared.pixels, *test.image(index));
            assert_eq!(prepared.steps, "taken as it is");
        }
    }

    #[test]
    fn transparent_paper_is_white() {
        let test = Mnist::load_bundled().unwrap().test;
        let digit = picture(test.image(0), 4);
        let black_ink = image::ImageBuffer::from_fn(digit.width(), digit.height(), |x, y| {
            LumaA([0, digit.get_pixel(x, y).channels()[0]])
        });
        let transparent = prepare(&DynamicImage::ImageLumaA8(black_ink)).unwrap();
        let opaque = prepare(&inverted(digit).into()).unwrap();
        assert_eq!(transparent.pixels, opaque.pixels);
    }

    #[test]
    fn the_aspect_ratio_is_kept() {
        let mut bar = GrayImage::new(400, 300);
        for (x, y) in (0..200).flat_map(|x| (0..140).map(move |y| (x, y))) {
            bar.put_pixel(x + 30, y + 150, Luma([255]));
        }
        let prepared = prepare(&bar.into()).unwrap();
        assert_eq!(
            prepared.steps,
            "400×300 cropped to 200×140, scaled to 20×14, centred in 28×28"
        );
        // A pixel shows 10×10 of the picture's; the bar begins in pixel 5 of its row and pixel 8 of its column.
        let frame = Frame {
            left: 30.0 - 5.0 * 10.0,
            top: 150.0 - 8.0 * 10.0,
            width: 280.0,
            height: 280.0,
        };
        assert_eq!(prepared.frame, frame);
        let inside =
            |index: usize| (5..25).contains(&(index % 28)) && (8..22).contains(&(index / 28));
        for (index, pixel) in prepared.pixels.iter().enumerate() {
            assert_eq!(*pixel, if inside(index) { 255 } else { 0 }, "pixel {index}");
        }
    }

    #[test]
    fn the_thinnest_line_keeps_a_pixel() {
        let mut line = GrayImage::new(500, 100);
        (10..490).for_each(|x| line.put_pixel(x, 50, Luma([255])));
        let prepared = prepare(&line.into()).unwrap();
        assert!(
            prepared.steps.contains("scaled to 20×1,"),
            "{}",
            prepared.steps
        );
    }

    #[test]
    fn what_is_no_picture_of_a_digit_is_refused_in_one_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("digit.png");
        let refused = |expected: &str| {
            let message = format!("{:#}", read_png(&path).unwrap_err());
            assert!(
                message.contains("digit.png") && message.contains(expected),
                "{message}"
            );
            assert!(!message.contains('\n'), "{message}");
        };
        refused("cannot read");
        std::fs::write(&path, "a digit").unwrap();
        refused("is not a PNG file");
        GrayImage::new(MAX_SIDE + 1, 1).save(&path).unwrap();
        refused("is larger than 4096×4096 pixels");
        for blank in [0, 10, 255] {
            GrayImage::from_pixel(50, 50, Luma([blank]))
                .save(&path)
                .unwrap();
            refused("is blank");
        }
        GrayImage::from_pixel(MAX_SIDE, 1, Luma([0]))
            .save(&path)
            .unwrap();
        refused("is blank");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        refused("digit.png");
    }
}
