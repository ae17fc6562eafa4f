//! `ladder architecture`: a network, layer by layer.

use std::io::Write;

use anyhow::{Context, Result};
use architecture::{LayerSummary, Summary, to_json, to_markdown, to_terminal};
use clap::Args;
use tables::Table;

use ladder::subjects::Word;

/// Options of `ladder architecture`.
#[derive(Args, Debug)]
pub struct Options {
    /// Name or number of the step, for example step-04-fc or 4; a network of the frontier; or a JSON file of an experiment, a run,
    /// or a network alone, such as networks/resnet-50.json
    #[arg(value_parser = Word::parse)]
    pub network: Word,
    /// Print Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print all columns, however wide the terminal is; a pipe gets them anyway
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    wide: bool,
}

/// Prints the layers.
///
/// # Errors
///
/// The network cannot be built.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let (introduction, architecture) = options.network.network()?;
    let summary = architecture
        .summary()
        .with_context(|| format!("cannot describe {introduction}"))?;
    let text = if options.json {
        to_json(&summary)?
    } else if options.markdown {
        to_markdown(&summary)
    } else {
        let width = if options.wide { None } else { tables::width() };
        let text = format!("{introduction}\n{}", to_terminal(&summary));
        match width {
            Some(width) if is_wider(&text, width) => narrow(&introduction, &summary, width),
            _ => text,
        }
    };
    writeln!(output, "{text}")?;
    Ok(())
}

fn is_wider(text: &str, width: usize) -> bool {
    text.lines().any(|line| line.chars().count() > width)
}

/// What there is room for on a terminal: fewer columns, and lines that are wrapped.
fn narrow(introduction: &str, summary: &Summary, width: usize) -> String {
    // The totals come below the table, whose lines begin with its border.
    let all = to_terminal(summary);
    let is_total = |line: &&str| line.starts_with(char::is_alphabetic);
    let totals: Vec<&str> = all.lines().filter(is_total).collect();
    [
        tables::wrapped(introduction, Some(width)),
        tables::fitting(&[form(summary, 7), form(summary, 6)], Some(width)),
        tables::wrapped(&totals.join("\n"), Some(width)),
        tables::wrapped("--wide shows all columns.", Some(width)),
    ]
    .join("\n")
}

/// The first columns of those that say most.
fn form(summary: &Summary, columns: usize) -> Table {
    let names = [
        "Operation",
        "Params#",
        "Ch_Out",
        "nout",
        "rout",
        "MACs",
        "kernel",
    ];
    let mut table = Table::new(names.into_iter().take(columns));
    for (_, layer) in summary.rows() {
        table.add_row(cells(layer).into_iter().take(columns).collect());
    }
    table
}

fn cells(layer: &LayerSummary) -> [String; 7] {
    let window = layer.window.as_ref();
    [
        layer.operation.clone(),
        layer.parameters.to_string(),
        layer.channels_out.to_string(),
        layer.n_out.to_string(),
        layer.receptive_field_out.to_string(),
        layer.macs.to_string(),
        window.map_or_else(String::new, |window| window.kernel.to_string()),
    ]
}
