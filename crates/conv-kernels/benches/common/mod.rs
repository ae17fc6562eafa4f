//! What the benchmarks share: the layers they measure, the machine's peak, and small tools.

pub mod layer;
pub mod peak;

use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};

/// What may go wrong is told in one line, and nobody handles it: the type does not matter.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Prints what `benchmark` returns on standard output, or its error as one line on standard error.
pub fn finish(benchmark: Result<String>) -> ExitCode {
    let printed = benchmark.and_then(|text| {
        let mut output = io::stdout().lock();
        match writeln!(output, "{text}").and_then(|()| output.flush()) {
            // A reader that closes the pipe, as `head` does, has what it wanted.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The value in the middle, or the mean of the two in the middle.
///
/// # Panics
///
/// If there are no values.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    (values[(values.len() - 1) / 2] + values[values.len() / 2]) / 2.0
}

/// A table for a terminal, its numbers aligned to the right behind `names` columns of words.
pub fn table(names: usize, header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// `number` of what `noun` says.
pub fn count(number: u16, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The model of the processor, where the system tells.
pub fn cpu_model() -> String {
    let described = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models = described.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_string())
    });
    models.next().unwrap_or_else(|| "unknown CPU".into())
}
