//! A [`Summary`] as a table for a terminal, for Markdown, and as JSON.

use comfy_table::{CellAlignment, Table, presets};

use crate::{LayerSummary, PerAxis, Summary, Window};

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
    let rows = summary.rows();
    // Numbers are shown where they say more than the order of the rows.
    let nested = rows.len() > summary.layers.len();
    let numbered = nested.then_some("Layer");
    let mut table = Table::new();
    table.set_header(numbered.into_iter().chain(COLUMNS));
    for (number, layer) in rows {
        let number = nested.then_some(number);
        table.add_row(number.into_iter().chain(row(layer)));
    }
    for column in table.column_iter_mut().skip(1 + usize::from(nested)) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(layer: &LayerSummary) -> [String; COLUMNS.len()] {
    let of_window = |value: fn(&Window) -> PerAxis| match &layer.window {
        Some(window) => value(window).to_string(),
        None => String::new(),
    };
    [
        layer.operation.clone(),
        layer.n_in.to_string(),
        layer.channels_in.to_string(),
        layer.channels_out.to_string(),
        of_window(|window| window.padding),
        of_window(|window| window.kernel),
        of_window(|window| window.stride),
        layer.n_out.to_string(),
        layer.jump_in.to_string(),
        layer.jump_out.to_string(),
        layer.receptive_field_in.to_string(),
        layer.receptive_field_out.to_string(),
        layer.input_activations.to_string(),
        layer.parameters.to_string(),
        layer.start.to_string(),
        layer.output_activations.to_string(),
        layer.macs.to_string(),
    ]
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
