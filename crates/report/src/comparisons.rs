//! Each step against the one before it: what is shown, and what is not.

use anyhow::Result;
use comfy_table::{CellAlignment, Table, presets};

use crate::Inputs;
use crate::statistics::Comparison;

/// The step at this position against the one before; none if it is the first, or either has no run.
pub(crate) fn with_the_step_before(inputs: &Inputs, step: usize) -> Result<Option<Comparison>> {
    let Some(before) = step.checked_sub(1) else {
        return Ok(None);
    };
    let before = inputs.runs(&inputs.experiments[before]);
    let after = inputs.runs(&inputs.experiments[step]);
    if before.is_empty() || after.is_empty() {
        return Ok(None);
    }
    Comparison::new(&before, &after).map(Some)
}

/// The part of the README.
pub(crate) fn section(inputs: &Inputs) -> Result<String> {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "Step",
        "Against",
        "Difference (points)",
        "95 % interval, seeds",
        "p, images",
        "Shown",
    ]);
    for (step, experiment) in inputs.experiments.iter().enumerate() {
        if let Some(comparison) = with_the_step_before(inputs, step)? {
            table.add_row([
                experiment.name.clone(),
                inputs.experiments[step - 1].name.clone(),
                points(comparison.difference),
                interval(&comparison),
                p_value(comparison.p_of_images),
                comparison.verdict().words().into(),
            ]);
        }
    }
    if table.is_empty() {
        return Ok("No two neighbouring steps have a run yet.".into());
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    Ok(table.to_string())
}

/// A comparison in a sentence.
pub(crate) fn sentence(comparison: &Comparison, before: &str) -> String {
    format!(
        "Against {before}: {} points after the last epoch (95 % interval over seeds {}; p {} over images): {}.",
        points(comparison.difference),
        interval(comparison),
        match p_value(comparison.p_of_images) {
            below if below.starts_with('<') => below,
            p => format!("= {p}"),
        },
        comparison.verdict().words()
    )
}

pub(crate) fn interval(comparison: &Comparison) -> String {
    comparison.interval.map_or_else(
        || "not known".into(),
        |(low, high)| format!("{} to {}", points(low), points(high)),
    )
}

pub(crate) fn points(fraction: f64) -> String {
    format!("{:+.2}", 100.0 * fraction)
}

fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".into()
    } else {
        format!("{p:.3}")
    }
}
