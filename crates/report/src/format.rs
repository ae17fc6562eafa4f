//! Numbers as documents and pictures write them.

use crate::numbers::statistics::Sample;

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

/// A fraction in percent, without decimals: of measured times.
pub(crate) fn whole_percent(fraction: f64) -> String {
    format!("{:.0} %", 100.0 * fraction)
}

/// A measured value with three digits that count, or all before the point where there are more.
pub(crate) fn three_digits(value: f64) -> String {
    let decimals = match value {
        ..0.9995 => 3,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => return grouped(value.round() as usize),
    };
    format!("{value:.decimals$}")
}

/// A fraction in percent, with one decimal where it needs it: of round values.
pub(crate) fn short_percent(fraction: f64) -> String {
    let percent = format!("{:.1}", 100.0 * fraction);
    format!("{} %", percent.trim_end_matches(".0"))
}

/// A difference of fractions in percentage points, with its sign.
pub(crate) fn points(difference: f64) -> String {
    format!("{:+.2}", 100.0 * difference)
}

/// The interval of a difference in percentage points.
pub(crate) fn interval(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(
        || "not known".into(),
        |(low, high)| format!("{} to {}", points(low), points(high)),
    )
}

/// A mean in percent, with the standard deviation where there are several values.
pub(crate) fn mean_and_deviation(sample: &Sample) -> String {
    if sample.count < 2 {
        return percent(sample.mean);
    }
    format!(
        "{:.2} ± {:.2} %",
        100.0 * sample.mean,
        100.0 * sample.deviation
    )
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
    fn three_digits_of_a_time_count() {
        assert_eq!(
            [0.01234, 0.23456, 0.9996, 5.2161, 9.996, 49.14, 1_496.4].map(three_digits),
            ["0.012", "0.235", "1.00", "5.22", "10.0", "49.1", "1,496"]
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
