//! What the figures of a network have in common: a cell for its input and for each layer, in rows.

use architecture::{LayerSummary, PerAxis, Summary};
use svg::node::element::Group;

use super::picture::{MARGIN, WIDTH, label};
use super::theme::{MUTED, TEXT};

/// Cells in a row.
const COLUMNS: usize = 6;
/// Width of a cell, in pixels.
pub(crate) const CELL_WIDTH: u32 = (WIDTH - 2 * MARGIN) / COLUMNS as u32;
/// Letters that are not wider than a cell.
const LETTERS: usize = 19;
/// Height of the words above what a cell shows.
pub(crate) const WORDS_HEIGHT: u32 = 42;

/// The input, or what a layer makes of it: maps of one size.
pub(crate) struct Stage<'a> {
    /// The layer; none of the input.
    pub(crate) layer: Option<&'a LayerSummary>,
    pub(crate) channels: usize,
    /// Size of a map.
    pub(crate) size: PerAxis,
    /// Image pixels between neighbouring values.
    pub(crate) jump: PerAxis,
    /// Size of what a value sees, in image pixels.
    pub(crate) receptive_field: PerAxis,
    /// Middle of what the first value sees, in image pixels from the upper left edge.
    pub(crate) start: PerAxis<f64>,
}

/// The input and all layers.
pub(crate) fn stages(summary: &Summary) -> Vec<Stage<'_>> {
    let input = summary.layers.first().map(|first| Stage {
        layer: None,
        channels: first.channels_in,
        size: first.n_in,
        jump: first.jump_in,
        receptive_field: first.receptive_field_in,
        // The middle of the first pixel.
        start: 0.5.into(),
    });
    let layers = summary.layers.iter().map(|layer| Stage {
        layer: Some(layer),
        channels: layer.channels_out,
        size: layer.n_out,
        jump: layer.jump_out,
        receptive_field: layer.receptive_field_out,
        start: layer.start,
    });
    input.into_iter().chain(layers).collect()
}

/// A cell for each stage, in rows, and the height of all rows. `height` says how high a row of some stages is, and `cell`
/// draws the stage at a position into a row of that height, below and on the right of its origin.
pub(crate) fn in_rows(
    stages: &[Stage],
    height: impl Fn(&[Stage]) -> u32,
    cell: impl Fn(usize, u32) -> Group,
) -> (Group, u32) {
    let mut all = Group::new();
    let mut top = 0;
    for (row, members) in stages.chunks(COLUMNS).enumerate() {
        let height = height(members);
        for column in 0..members.len() {
            let left = MARGIN + CELL_WIDTH * column as u32;
            let cell = cell(COLUMNS * row + column, height);
            all = all.add(cell.set("transform", format!("translate({left} {top})")));
        }
        top += height;
    }
    (all, top)
}

/// The words above what a cell shows: what the layer does, and in a second line what belongs to it.
pub(crate) fn words(stage: &Stage, index: usize) -> Group {
    let operation = match stage.layer {
        None => "Image".to_owned(),
        Some(layer) => format!("{index}. {}", layer.operation),
    };
    let (first, second) = in_two_lines(&operation);
    let centre = CELL_WIDTH / 2;
    let first = label(first, (centre, 14), 12.0, TEXT).set("font-weight", "bold");
    let mut words = Group::new().set("text-anchor", "middle").add(first);
    if !second.is_empty() {
        words = words.add(label(second, (centre, 30), 12.0, MUTED));
    }
    words
}

/// An operation before and from its first plus sign; or, if that is too wide for a cell, its last word.
fn in_two_lines(operation: &str) -> (&str, &str) {
    let plus = operation.find(" + ").unwrap_or(operation.len());
    let at = match &operation[..plus] {
        wide if wide.chars().count() > LETTERS => wide.rfind(' ').unwrap_or(plus),
        _ => plus,
    };
    (&operation[..at], operation[at..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_in_two_lines_where_one_would_be_too_wide() {
        for (operation, expected) in [
            ("3. Max-pool 2×2", ("3. Max-pool 2×2", "")),
            ("1. Conv 3×3 + BN + ReLU", ("1. Conv 3×3", "+ BN + ReLU")),
            ("12. Global average pool", ("12. Global average", "pool")),
            (
                "5. Conv 3×3 in 12 groups + BN",
                ("5. Conv 3×3 in 12", "groups + BN"),
            ),
        ] {
            assert_eq!(in_two_lines(operation), expected);
        }
    }
}
