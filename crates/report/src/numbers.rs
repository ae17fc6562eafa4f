//! Numbers as the documents write them.

/// A count with a comma between groups of three digits: `9,941`.
pub(crate) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A fraction in percent, with two decimals: on 10,000 images, one image shows.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

/// A fraction in percent, with one decimal where it needs it: of round values.
pub(crate) fn short_percent(fraction: f64) -> String {
    let percent = format!("{:.1}", 100.0 * fraction);
    format!("{} %", percent.trim_end_matches(".0"))
}

/// The mean of some values; not a number if there are none.
pub(crate) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_three_digits() {
        let grouped_counts = [0, 999, 1_000, 9_941, 10_000, 1_234_567].map(grouped);
        assert_eq!(
            grouped_counts,
            ["0", "999", "1,000", "9,941", "10,000", "1,234,567"]
        );
    }

    #[test]
    fn round_values_are_short() {
        assert_eq!(
            [0.9, 0.994, 1.0].map(short_percent),
            ["90 %", "99.4 %", "100 %"]
        );
    }

    #[test]
    fn one_image_of_ten_thousand_shows_in_percent() {
        assert_eq!(
            [0.994, 0.9941, 1.0].map(percent),
            ["99.40 %", "99.41 %", "100.00 %"]
        );
    }
}
