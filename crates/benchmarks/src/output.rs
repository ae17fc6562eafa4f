//! How results are shown, and small arithmetic on them.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};

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
            eprintln!("error: {error:#}");
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

/// A value with four digits that count, as JSON has it: no measurement is more exact.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_of_values_is_between_two() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn four_digits_count() {
        assert_eq!(
            [1234.5678, 0.000_123_456, 0.0].map(rounded),
            [1235.0, 0.000_123_5, 0.0]
        );
    }
}
