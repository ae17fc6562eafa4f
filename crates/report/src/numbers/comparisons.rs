//! Each step against the one before it.

use anyhow::Result;

use super::statistics::Comparison;
use crate::inputs::Inputs;

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
