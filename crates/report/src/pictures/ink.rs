//! A digit as strokes.
//!
//! Every digit is drawn as horizontal strokes of one pixel, of a few opacities: a page of digits takes some tens of
//! kilobytes, no viewer has to allow images within an image, and ink is dark on light or light on dark as text is.

use std::fmt::Write;

use mnist::{IMAGE_SIDE, PIXELS};
use svg::node::element::{Group, Path, Rectangle};

use super::theme::{GRID, TEXT, name};

/// Opacities to tell apart, from none to full ink.
const LEVELS: u16 = 7;

/// A digit whose upper left corner is at (x, y), each of its pixels `scale` wide and high.
pub(crate) fn ink(image: &[u8; PIXELS], (x, y): (f64, f64), scale: f64) -> Group {
    // A stroke lies half above and half below its line.
    let first_line = y + scale / 2.0;
    let mut group = Group::new()
        .set(
            "transform",
            format!("translate({x} {first_line}) scale({scale})"),
        )
        .set("stroke", name(TEXT))
        .set("shape-rendering", "crispEdges");
    for level in 1..=LEVELS {
        let strokes = strokes(image, level);
        if !strokes.is_empty() {
            let path = Path::new().set("d", strokes);
            group = group.add(match level {
                LEVELS => path,
                // In hundredths, which is fine enough and short.
                _ => path.set("opacity", f64::from(100 * level / LEVELS) / 100.0),
            });
        }
    }
    group
}

/// The edge of an image whose pixels are one wide and high.
pub(crate) fn edge() -> Rectangle {
    Rectangle::new()
        .set("width", IMAGE_SIDE)
        .set("height", IMAGE_SIDE)
        .set("fill", "none")
        .set("stroke", name(GRID))
        .set("stroke-width", 0.5)
}

/// Horizontal strokes over the pixels of one level.
fn strokes(image: &[u8; PIXELS], level: u16) -> String {
    let mut strokes = String::new();
    for (y, row) in image.chunks(IMAGE_SIDE).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| nearest_level(*a) == nearest_level(*b)) {
            if nearest_level(run[0]) == level {
                let _ = write!(strokes, "M{x} {y}h{}", run.len());
            }
            x += run.len();
        }
    }
    strokes
}

fn nearest_level(pixel: u8) -> u16 {
    (u16::from(pixel) * LEVELS + 127) / 255
}
