//! Tables in Markdown.

use std::ops::Range;

use comfy_table::{CellAlignment, Table, presets};

/// What stands where nothing is recorded.
pub(crate) const NO_RUN: &str = "No run is recorded yet.";

/// A table; the columns of `right`, counted from 0, are aligned to the right, as numbers are.
pub(crate) fn markdown<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
    right: Range<usize>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut().take(right.end).skip(right.start) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
