//! What each layer of the last step's network costs: parameters and multiply-adds, and both by kind of layer.

use anyhow::{Context, Result};
use architecture::{Layer, LayerSummary};
use plotters::style::RGBColor;
use svg::node::element::{Group, Rectangle, Text};

use super::picture::{MARGIN, Picture, label};
use super::theme::{MUTED, STEPS, TEXT, name};
use crate::document::Document;
use crate::format::{grouped, short_percent};
use crate::inputs::Inputs;

const ROW_HEIGHT: u32 = 25;
const BAR_HEIGHT: u32 = 15;
/// The longest bar of a column.
const BAR_WIDTH: f64 = 190.0;
/// Where the columns of numbers begin.
const COLUMNS: [u32; 2] = [240, 570];
/// Between the layers and the kinds.
const SPACE: u32 = 16;

/// What is counted of a layer.
type Count = fn(&LayerSummary) -> usize;
const COUNTS: [(Count, &str); 2] = [
    (|layer| layer.parameters, "parameters"),
    (|layer| layer.macs, "multiply-adds for one image"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Convolution,
    Depthwise,
    Pointwise,
    FullyConnected,
    Other,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Convolution,
        Self::Depthwise,
        Self::Pointwise,
        Self::FullyConnected,
        Self::Other,
    ];

    fn of(layer: &Layer) -> Self {
        match layer {
            Layer::Convolution(it) if it.groups > 1 && it.groups == it.in_channels => {
                Self::Depthwise
            }
            Layer::Convolution(it) if it.kernel == 1.into() => Self::Pointwise,
            Layer::Convolution(_) => Self::Convolution,
            Layer::FullyConnected { .. } => Self::FullyConnected,
            _ => Self::Other,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Convolution => "ordinary convolutions",
            Self::Depthwise => "depthwise convolutions",
            Self::Pointwise => "pointwise convolutions",
            Self::FullyConnected => "fully connected",
            Self::Other => "other layers",
        }
    }

    fn colour(self) -> RGBColor {
        match self {
            Self::Convolution => STEPS[7],
            Self::Depthwise => STEPS[5],
            Self::Pointwise => STEPS[6],
            Self::FullyConnected => STEPS[0],
            Self::Other => MUTED,
        }
    }
}

/// A layer of the network, with its number from 1.
struct Row<'a> {
    number: usize,
    kind: Kind,
    layer: &'a LayerSummary,
}

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let last = inputs.experiments.last().context("there are no steps")?;
    let summary = last.architecture.summary()?;
    let kinds = last.architecture.layers.iter().map(Kind::of);
    let rows = (1..).zip(kinds.zip(&summary.layers));
    let rows = rows.map(|(number, (kind, layer))| Row {
        number,
        kind,
        layer,
    });
    let costs = |row: &Row| COUNTS.iter().any(|(count, _)| count(row.layer) > 0);
    let rows: Vec<Row> = rows.filter(costs).collect();
    let mut body = Group::new();
    for (x, (_, words)) in COLUMNS.into_iter().zip(COUNTS) {
        body = body.add(label(words, (x, 14), 12.5, TEXT).set("font-weight", "bold"));
    }
    let mut top = ROW_HEIGHT;
    for row in &rows {
        body = body.add(bars(row, &rows, top));
        top += ROW_HEIGHT;
    }
    top += SPACE;
    for kind in Kind::ALL {
        if rows.iter().any(|row| row.kind == kind) {
            body = body.add(sums(kind, &rows, top));
            top += ROW_HEIGHT;
        }
    }
    let picture = Picture {
        file: "cost-by-layer.svg",
        title: format!("What each layer of {} costs", last.name),
        notes: vec![format!(
            "{} parameters and {} multiply-adds for one image. Layers that have neither are left out.",
            grouped(summary.totals.parameters),
            grouped(summary.totals.macs)
        )],
    };
    Ok(picture.figure(top, body))
}

/// What one layer costs, beside the others.
fn bars(row: &Row, rows: &[Row], top: u32) -> Group {
    let operation = format!("{}. {}", row.number, row.layer.operation);
    let mut bars = Group::new().add(words(operation, MARGIN, top));
    for (x, (count, _)) in COLUMNS.into_iter().zip(COUNTS) {
        let most = rows.iter().map(|row| count(row.layer)).fold(1, usize::max);
        let share = count(row.layer) as f64 / most as f64;
        let width = (BAR_WIDTH * share).round().max(1.0) as u32;
        let number = words(grouped(count(row.layer)), x + width + 8, top);
        bars = bars.add(bar((x, top), width, row.kind)).add(number);
    }
    bars
}

/// What the layers of a kind cost together.
fn sums(kind: Kind, rows: &[Row], top: u32) -> Group {
    let name = words(kind.words(), MARGIN + BAR_HEIGHT + 8, top);
    let mut sums = Group::new()
        .add(bar((MARGIN, top), BAR_HEIGHT, kind))
        .add(name);
    for (x, (count, _)) in COLUMNS.into_iter().zip(COUNTS) {
        let all: usize = rows.iter().map(|row| count(row.layer)).sum();
        let of_kind = rows.iter().filter(|row| row.kind == kind);
        let sum: usize = of_kind.map(|row| count(row.layer)).sum();
        let share = short_percent(sum as f64 / all.max(1) as f64);
        sums = sums.add(words(format!("{} ({share})", grouped(sum)), x, top));
    }
    sums
}

/// Words at the height of a bar with that upper edge.
fn words(words: impl Into<String>, x: u32, top: u32) -> Text {
    label(words, (x, top + 12), 12.5, TEXT)
}

/// A bar in the colour of its kind.
fn bar((x, y): (u32, u32), width: u32, kind: Kind) -> Rectangle {
    Rectangle::new()
        .set("x", x)
        .set("y", y)
        .set("width", width)
        .set("height", BAR_HEIGHT)
        .set("fill", name(kind.colour()))
}
