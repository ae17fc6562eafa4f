//! Reading pictures that anybody may have made.
//!
//! A file is what its content says, whatever its name, and no number in it is trusted before it is checked: neither
//! the memory nor the time that a picture takes exceeds what one of the largest size does.

use std::error::Error;
use std::io::{Cursor, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::jpeg;

/// Largest height and width of a picture, in pixels: those of a camera with 24 megapixels fit.
pub const MAX_SIDE: u32 = 6000;

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 128 << 20;

/// Most memory that decoding may take, in bytes: a picture of the largest size with four channels of 16 bits.
const MAX_DECODED_BYTES: u64 = 8 * (MAX_SIDE as u64) * (MAX_SIDE as u64);

/// The content of a file of at most [`MAX_FILE_BYTES`].
///
/// # Errors
///
/// The file cannot be read, or is larger. Names the file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    files::read(path, MAX_FILE_BYTES).with_context(|| format!("cannot read {}", path.display()))
}

/// Decodes a PNG, JPEG, BMP or PGM file of at most [`MAX_SIDE`]×[`MAX_SIDE`] pixels, the right way up if it says which
/// way that is. PBM and PPM are read as well.
///
/// # Errors
///
/// It is none of these, too large, cut short, or broken. One line, which begins with "it".
pub fn decode_picture(bytes: &[u8]) -> Result<DynamicImage> {
    ensure!(!bytes.is_empty(), "it is empty");
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    let format = reader
        .format()
        .context("it is no PNG, JPEG, BMP or PGM picture")?;
    ensure!(
        format.reading_enabled(),
        "it is a {} picture; PNG, JPEG, BMP and PGM are read",
        name(format)
    );
    ensure!(
        format != ImageFormat::Jpeg || !jpeg::is_cut_short(bytes),
        "it is cut short"
    );
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits.clone());
    let mut decoder = reader
        .into_decoder()
        .map_err(|error| explain(error, format))?;
    let (width, height) = decoder.dimensions();
    ensure!(
        width.max(height) <= MAX_SIDE,
        "it is {width}×{height} pixels large; at most {MAX_SIDE}×{MAX_SIDE} are read"
    );
    ensure!(width.min(height) > 0, "it has no pixels");
    limits
        .reserve(decoder.total_bytes())
        .and_then(|()| decoder.set_limits(limits))
        .map_err(|error| explain(error, format))?;
    let orientation = decoder
        .orientation()
        .map_err(|error| explain(error, format))?;
    let mut picture =
        DynamicImage::from_decoder(decoder).map_err(|error| explain(error, format))?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// What is wrong with a file, in one line.
fn explain(error: ImageError, format: ImageFormat) -> anyhow::Error {
    match error {
        ImageError::IoError(error) if error.kind() == ErrorKind::UnexpectedEof => {
            anyhow!("it is cut short")
        }
        ImageError::Limits(_) => {
            anyhow!("it is too large; at most {MAX_SIDE}×{MAX_SIDE} pixels are read")
        }
        error => {
            // What the library says around it is said already.
            let reason = error
                .source()
                .map_or_else(|| error.to_string(), ToString::to_string);
            let reason = reason.replace(char::is_control, " ");
            anyhow!("it is a broken {} file: {reason}", name(format))
        }
    }
}

/// What people call a format.
fn name(format: ImageFormat) -> String {
    match format {
        ImageFormat::Jpeg => "JPEG".into(),
        ImageFormat::Pnm => "PGM".into(),
        other => format!("{other:?}").to_uppercase(),
    }
}
