//! Whether a run held the target accuracy, in words.

use crate::{Record, TARGET_ACCURACY};

/// The test accuracies of the last epochs, the lowest of them, and whether the target was held in all.
pub fn verdict(result: &Record) -> String {
    let last = result.last_epochs();
    let correct: Vec<_> = last
        .iter()
        .map(|epoch| epoch.test_correct.to_string())
        .collect();
    let lowest = result.lowest_of_last();
    let epochs = match last.len() {
        1 => "the only epoch".to_string(),
        count => format!("the last {count} epochs"),
    };
    format!(
        "Verdict: {} of {} images right in {epochs}; lowest {:.2} %: {:.1} % was {}held.",
        correct.join(", "),
        result.last().test_total,
        100.0 * lowest,
        100.0 * TARGET_ACCURACY,
        if lowest >= TARGET_ACCURACY {
            ""
        } else {
            "not "
        },
    )
}
