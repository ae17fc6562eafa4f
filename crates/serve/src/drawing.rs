//! A drawing as the page sends it, made into what the networks see.

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::{DynamicImage, GrayImage};
use pictures::{Prepared, prepare};
use serde::Deserialize;

use crate::refusal::Refusal;

/// Largest height and width of a drawing, in pixels.
const MAX_SIDE: u32 = 512;

/// What is asked of the networks.
#[derive(Debug)]
pub struct Drawing {
    /// The drawing as the networks see it.
    pub prepared: Prepared,
    /// Name of the step whose layers are wanted too.
    pub step: Option<String>,
    /// Whether the layers' values are wanted, and not only their levels.
    pub exact: bool,
}

/// A drawing's JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    width: u32,
    height: u32,
    /// Base64 of a byte for each pixel, row by row: 0 is background, 255 is full ink.
    pixels: String,
    step: Option<String>,
    #[serde(default)]
    exact: bool,
}

impl Drawing {
    /// The drawing of a request. Takes a millisecond or so.
    ///
    /// # Errors
    ///
    /// It is not JSON, not a drawing, not of a size that is taken, or blank.
    pub fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if !is_json(headers) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the content type must be application/json",
            ));
        }
        let request: Request = serde_json::from_slice(body).map_err(|error| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                format!("this is not the JSON of a drawing: {error}"),
            )
        })?;
        let picture = DynamicImage::ImageLuma8(request.picture()?);
        let prepared = prepare(&picture)
            .map_err(|error| unusable(format!("cannot use the drawing: {error:#}")))?;
        Ok(Self {
            prepared,
            step: request.step,
            exact: request.exact,
        })
    }
}

impl Request {
    fn picture(&self) -> Result<GrayImage, Refusal> {
        let (width, height) = (self.width, self.height);
        if ![width, height]
            .iter()
            .all(|side| (1..=MAX_SIDE).contains(side))
        {
            return Err(unusable(format!(
                "the drawing is {width}×{height} pixels, expected 1 to {MAX_SIDE} each way"
            )));
        }
        let pixels = BASE64.decode(&self.pixels).map_err(|error| {
            Refusal::new(
                StatusCode::BAD_REQUEST,
                format!("the pixels are not base64: {error}"),
            )
        })?;
        let (found, expected) = (pixels.len(), width as usize * height as usize);
        GrayImage::from_raw(width, height, pixels)
            .filter(|_| found == expected)
            .ok_or_else(|| {
                unusable(format!(
                    "the drawing has {found} pixels, expected {width}×{height} = {expected}"
                ))
            })
    }
}

fn unusable(message: String) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message)
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    text.and_then(|text| text.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
