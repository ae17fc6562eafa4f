//! The last step's network, from its summary.

use anyhow::{Context, Result};
use architecture::{PerAxis, Summary};
use experiment::Experiment;
use mnist::PIXELS;
use plotters::style::RGBColor;
use svg::node::element::{Group, Path, Rectangle};

use super::ink::ink;
use super::layers::{self, CELL_WIDTH, Stage, WORDS_HEIGHT, stages};
use super::picture::{Picture, label};
use super::steps::steps;
use super::theme::{BACKGROUND, MUTED, TEXT, name};
use crate::document::Document;
use crate::format::grouped;
use crate::inputs::Inputs;

/// Height and width of a pixel of a map, and depth of a channel: a block is as large as the maps that it stands for.
const PIXEL: f64 = 3.6;
const CHANNEL: f64 = 0.66;
/// Width and height of the largest block, at most: for networks with large maps or many channels, all blocks are smaller.
const LARGEST: f64 = 112.0;

/// Above and below a block, and of the words below it.
const SPACE: f64 = 14.0;
const CAPTION_HEIGHT: u32 = 62;

/// How opaque front, top and side of a block are.
const FACES: [f64; 3] = [0.45, 0.25, 0.65];

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let last = inputs.experiments.last().context("there are no steps")?;
    let colour = steps(inputs).last().map_or(TEXT, |step| step.colour);
    let digit = (!inputs.test.is_empty()).then(|| inputs.test.image(0));
    Ok(figure(last, &last.architecture.summary()?, colour, digit))
}

fn figure(
    experiment: &Experiment,
    summary: &Summary,
    colour: RGBColor,
    digit: Option<&[u8; PIXELS]>,
) -> Document {
    let stages = stages(summary);
    let scale = scale(&stages);
    let height = |row: &[Stage]| row_height(row, scale);
    let (body, height) = layers::in_rows(&stages, height, |index, height| {
        let next = stages.get(index + 1);
        let middle = f64::from(WORDS_HEIGHT + height - CAPTION_HEIGHT) / 2.0;
        let block = Block::of(&stages[index], scale, middle);
        let mut cell = layers::words(&stages[index], index)
            .add(block.draw(colour))
            .add(caption(&stages[index], height));
        if let Some(digit) = digit.filter(|_| index == 0) {
            cell = cell.add(ink(digit, (block.left, block.top), scale * PIXEL));
        }
        if let Some(layer) = next.and_then(|next| next.layer) {
            if let Some(window) = &layer.window {
                cell = cell.add(block.window(&stages[index], window.kernel));
            }
            cell = cell.add(arrow(middle));
        }
        cell
    });
    Picture {
        file: "network.svg",
        title: format!("The network of {}", experiment.name),
        notes: vec![
            format!(
                "{} parameters. Each block is what a layer makes: as high and wide as its maps, as deep as it has channels.",
                grouped(summary.totals.parameters)
            ),
            "Outlined on a block's front: the window that one value of the next layer is computed from.".into(),
        ],
    }
    .figure(height, body)
}

/// How large pixels and channels are drawn, so that the largest block fits.
fn scale(stages: &[Stage]) -> f64 {
    let sizes = stages.iter().map(|stage| Block::of(stage, 1.0, 0.0).size());
    LARGEST / sizes.fold(LARGEST, f64::max)
}

/// So high that the largest block of the row fits.
fn row_height(row: &[Stage], scale: f64) -> u32 {
    let sizes = row.iter().map(|stage| Block::of(stage, scale, 0.0).size());
    let highest = sizes.fold(0.0, f64::max);
    WORDS_HEIGHT + (highest + 2.0 * SPACE).round() as u32 + CAPTION_HEIGHT
}

/// The maps of a stage as a block seen from the front, a little from above and from the right. In pixels.
struct Block {
    /// Upper left corner of the front, in the cell.
    left: f64,
    top: f64,
    /// Height and width of the front.
    height: f64,
    width: f64,
    /// How far the back is above and beside the front.
    depth: f64,
}

impl Block {
    /// In a cell in which the block's middle is at that height.
    fn of(stage: &Stage, scale: f64, middle: f64) -> Self {
        let [height, width] = stage.size.values().map(|size| scale * PIXEL * size as f64);
        let depth = scale * CHANNEL * stage.channels as f64;
        Self {
            left: round((f64::from(CELL_WIDTH) - width - depth) / 2.0),
            top: round(middle - (height - depth) / 2.0),
            height: round(height),
            width: round(width),
            depth: round(depth),
        }
    }

    /// Height or width with the back, whichever is larger.
    fn size(&self) -> f64 {
        self.height.max(self.width) + self.depth
    }

    fn draw(&self, colour: RGBColor) -> Group {
        let Self {
            left,
            top,
            height,
            width,
            depth,
        } = self;
        let right = round(left + width);
        let paths = [
            format!("M{left} {top}h{width}v{height}h-{width}z"),
            format!("M{left} {top}l{depth} -{depth}h{width}l-{depth} {depth}z"),
            format!("M{right} {top}l{depth} -{depth}v{height}l-{depth} {depth}z"),
        ];
        let mut block = Group::new()
            .set("fill", name(colour))
            .set("stroke", name(colour))
            .set("stroke-linejoin", "round");
        for (path, opacity) in paths.into_iter().zip(FACES) {
            block = block.add(Path::new().set("d", path).set("fill-opacity", opacity));
        }
        block
    }

    /// A window of so many pixels in the middle of the front.
    fn window(&self, stage: &Stage, kernel: PerAxis) -> Rectangle {
        let pixel = self.width / stage.size.width as f64;
        let along = |size: usize, kernel: usize| {
            let kernel = kernel.min(size);
            let before = pixel * ((size - kernel) / 2) as f64;
            (before, round(pixel * kernel as f64))
        };
        let (above, height) = along(stage.size.height, kernel.height);
        let (before, width) = along(stage.size.width, kernel.width);
        Rectangle::new()
            .set("x", round(self.left + before))
            .set("y", round(self.top + above))
            .set("width", width)
            .set("height", height)
            .set("fill", name(BACKGROUND))
            .set("fill-opacity", 0.5)
            .set("stroke", name(TEXT))
            .set("stroke-width", 1.5)
    }
}

/// Maps and parameters.
fn caption(stage: &Stage, height: u32) -> Group {
    let centre = CELL_WIDTH / 2;
    let size = stage.size.sides();
    let maps = match stage.channels {
        1 => size,
        channels => format!("{channels} × {size}"),
    };
    let maps = label(maps, (centre, height - CAPTION_HEIGHT + 14), 13.0, TEXT);
    let mut words = Group::new().set("text-anchor", "middle").add(maps);
    if let Some(layer) = stage.layer {
        let parameters = match layer.parameters {
            0 => "no parameters".to_owned(),
            count => format!("{} parameters", grouped(count)),
        };
        let at = (centre, height - CAPTION_HEIGHT + 31);
        words = words.add(label(parameters, at, 12.0, MUTED));
    }
    words
}

/// From a cell to the next one.
fn arrow(middle: f64) -> Path {
    Path::new()
        .set(
            "d",
            format!("M{} {middle}h10m-4 -4l4 4l-4 4", CELL_WIDTH - 5),
        )
        .set("fill", "none")
        .set("stroke", name(MUTED))
        .set("stroke-width", 1.5)
}

/// To a tenth of a pixel.
fn round(pixels: f64) -> f64 {
    (10.0 * pixels).round() / 10.0
}
