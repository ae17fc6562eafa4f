//! A line a step: what was expected, what happened, and what is to be learned from it.
//!
//! Target and lesson are the bold words with which the sections of a step's doc comment begin, so that the README and the
//! step cannot say different things.

use anyhow::{Context, Result};

use super::table::{NO_RUN, markdown};
use crate::format::{interval, mean_and_deviation, points};
use crate::inputs::{Inputs, step_source};
use crate::numbers::comparisons::with_the_step_before;
use crate::numbers::statistics::Sample;

/// The part of the README.
pub(crate) fn section(inputs: &Inputs) -> Result<String> {
    let mut rows = Vec::new();
    for (index, step) in inputs.experiments.iter().enumerate() {
        let runs = inputs.runs(step);
        if runs.is_empty() {
            continue;
        }
        let path = step_source(step);
        let bold = |heading| {
            let words = bold_after(inputs.text(&path), heading);
            words.with_context(|| {
                format!("{path}: expected bold words, **…**, behind the heading \"{heading}\"")
            })
        };
        let against = with_the_step_before(inputs, index)?.map(|comparison| {
            format!(
                "{} ({}): {}",
                points(comparison.difference),
                interval(comparison.interval),
                comparison.verdict().words()
            )
        });
        rows.push([
            format!("[{}]({path})", step.name),
            bold("## Target")?,
            mean_and_deviation(&Sample::of_runs(&runs)),
            against.unwrap_or_default(),
            bold("## Analysis")?,
        ]);
    }
    if rows.is_empty() {
        return Ok(NO_RUN.into());
    }
    let header = [
        "Step",
        "Target",
        "Result",
        "Against the step before, points (95 % interval)",
        "What it teaches",
    ];
    Ok(markdown(header, rows, 2..4))
}

/// The first bold words behind a heading of a doc comment, in one line without a full stop.
fn bold_after(source: &str, heading: &str) -> Option<String> {
    let (_, section) = source.split_once(&format!("//! {heading}\n"))?;
    let section = section.split("\n//! ## ").next()?;
    let (_, rest) = section.split_once("**")?;
    let (bold, _) = rest.split_once("**")?;
    Some(bold.trim_end_matches('.').replace("\n//! ", " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bold_words_are_those_of_their_section() {
        let source = "//! ## Target\n//!\n//! **98 %,\n//! or more.** And **so** on.\n//! ## Analysis\n//!\n//! None.\n";
        let target = bold_after(source, "## Target");
        assert_eq!(target.as_deref(), Some("98 %, or more"));
        assert_eq!(bold_after(source, "## Analysis"), None);
        assert_eq!(bold_after(source, "## Result"), None);
    }
}
