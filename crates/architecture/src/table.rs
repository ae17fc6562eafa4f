//! A [`Summary`] as a table for a terminal, for Markdown, and as JSON.

use comfy_table::{CellAlignment, Table, presets};

use crate::{LayerSummary, Summary};

/// Columns of the source table, in its order, then ours.
const COLUMNS: [&str; 17] = [
    "Operation",
    "nin",
    "Ch_in",
    "Ch_Out",
    "padding",
    "kernel",
    "stride",
    "nout",
    "jin",
    "jout",
    "rin",
    "rout",
    "Act_Size",
    "Params#",
    "start",
    "Act_out",
    "MACs",
];

/// The table in box-drawing characters, with the totals below.
pub fn to_terminal(summary: &Summary) -> String {
    let mut table = table(summary);
    table.load_style(presets::UTF8_FULL_CONDENSED);
    format!("{table}\n{}", totals(summary, "\n"))
}

/// The table as Markdown, with the totals below as a list.
pub fn to_markdown(summary: &Summary) -> String {
    let mut table = table(summary);
    table.load_style(presets::ASCII_MARKDOWN);
    format!("{table}\n\n- {}", totals(summary, "\n- "))
}

/// All layers and totals as indented JSON.
pub fn to_json(summary: &Summary) -> serde_json::Result<String> {
    serde_json::to_string_pretty(summary)
}

fn table(summary: &Summary) -> Table {
    let mut table = Table::new();
    table.set_header(COLUMNS);
    for layer in &summary.layers {
        table.add_row(row(layer));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(layer: &LayerSummary) -> Vec<String> {
    let counts = [
        layer.n_in,
        layer.channels_in,
        layer.channels_out,
        layer.padding,
        layer.kernel,
        layer.stride,
        layer.n_out,
        layer.jump_in,
        layer.jump_out,
        layer.receptive_field_in,
        layer.receptive_field_out,
        layer.input_activations,
        layer.parameters,
    ];
    let mut row = vec![layer.operation.clone()];
    row.extend(counts.map(|count| count.to_string()));
    row.extend([
        layer.start.to_string(),
        layer.output_activations.to_string(),
        layer.macs.to_string(),
    ]);
    row
}

fn totals(summary: &Summary, separator: &str) -> String {
    let totals = &summary.totals;
    [
        format!(
            "parameters: {} trainable, {} not",
            totals.parameters, totals.non_trainable_parameters
        ),
        format!("multiply-adds per image: {}", totals.macs),
        format!(
            "activations per image (32-bit): {} bytes at the peak, {} bytes in all",
            totals.peak_activation_bytes, totals.total_activation_bytes
        ),
    ]
    .join(separator)
}
