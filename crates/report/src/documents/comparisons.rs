//! Each step against the one before it: what is shown, and what is not.

use anyhow::Result;

use super::table::markdown;
use crate::format::{interval, points};
use crate::inputs::Inputs;
use crate::numbers::comparisons::with_the_step_before;
use crate::numbers::statistics::Comparison;

/// The part of the page on the evidence.
pub(crate) fn section(inputs: &Inputs) -> Result<String> {
    let mut rows = Vec::new();
    for (step, experiment) in inputs.experiments.iter().enumerate() {
        if let Some(comparison) = with_the_step_before(inputs, step)? {
            rows.push([
                experiment.name.to_string(),
                inputs.experiments[step - 1].name.to_string(),
                points(comparison.difference),
                interval(comparison.interval),
                p_value(comparison.p_of_images),
                comparison.verdict().words().into(),
            ]);
        }
    }
    if rows.is_empty() {
        return Ok("No two neighbouring steps have a run yet.".into());
    }
    let header = [
        "Step",
        "Against",
        "Difference (points)",
        "95 % interval, seeds",
        "p, images",
        "Shown",
    ];
    Ok(markdown(header, rows, 2..header.len()))
}

/// A comparison in a sentence.
pub(crate) fn sentence(comparison: &Comparison, before: &str) -> String {
    format!(
        "Against {before}: {} points (95 % interval over seeds {}; p {} over images): {}.",
        points(comparison.difference),
        interval(comparison.interval),
        match p_value(comparison.p_of_images) {
            below if below.starts_with('<') => below,
            p => format!("= {p}"),
        },
        comparison.verdict().words()
    )
}

pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".into()
    } else {
        format!("{p:.3}")
    }
}
