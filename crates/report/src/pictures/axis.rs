//! Axes that are labelled where it helps, and the frame of a chart.

use std::ops::Range;

use anyhow::Result;
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::theme::{GRID, MUTED, muted};

/// Lines of the grid of an axis of accuracies, at most.
const MOST_LINES: f64 = 9.0;

/// A linear axis with labels at chosen positions.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) range: Range<f64>,
    /// Position and label of each line of the grid.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// A chart within its axes.
pub(crate) type Frame<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<Axis, Axis>>;

/// What surrounds a chart, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Margins {
    pub(crate) top: u32,
    pub(crate) right: u32,
    pub(crate) bottom: u32,
    pub(crate) left: u32,
}

impl Axis {
    /// An axis of epochs up to the last, with labels at the first and every fifth; at every single one if there are only a few.
    pub(crate) fn epochs(last: usize) -> Self {
        let last = last.max(2);
        let labelled = |epoch: &usize| last <= 5 || *epoch == 1 || epoch.is_multiple_of(5);
        Self {
            range: 1.0..last as f64,
            ticks: (1..=last)
                .filter(labelled)
                .map(|epoch| (epoch as f64, epoch.to_string()))
                .collect(),
        }
    }

    /// The axis from the lowest to the highest of some positions, with a little room at both ends; with those of the
    /// `ticks` that are on it.
    pub(crate) fn around(
        positions: impl Iterator<Item = f64>,
        ticks: impl Iterator<Item = (f64, String)>,
    ) -> Self {
        let (lowest, highest) = positions.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, it| {
            (ends.0.min(it), ends.1.max(it))
        });
        let room = (0.05 * (highest - lowest)).max(1e-9);
        let range = lowest - room..highest + room;
        Self {
            ticks: ticks.filter(|(tick, _)| range.contains(tick)).collect(),
            range,
        }
    }

    /// The axis of some accuracies, with labels at round ones, not too many.
    pub(crate) fn accuracies(accuracies: impl Iterator<Item = f64>) -> Self {
        let accuracies: Vec<f64> = accuracies.collect();
        let lowest = accuracies.iter().copied().fold(1.0, f64::min);
        let highest = accuracies.iter().copied().fold(0.0, f64::max);
        // In images of 10,000.
        let distance = [1, 2, 5, 10, 20, 50, 100, 200, 500]
            .into_iter()
            .find(|distance| 1e4 * (highest - lowest) <= MOST_LINES * f64::from(*distance))
            .unwrap_or(1_000);
        let decimals = if distance < 10 { 2 } else { 1 };
        let ticks = (0..=10_000).step_by(distance as usize).map(|images| {
            let accuracy = f64::from(images) / 1e4;
            (accuracy, format!("{:.decimals$} %", 100.0 * accuracy))
        });
        Self::around(accuracies.into_iter(), ticks)
    }

    /// A position, or the end of the axis that is nearest.
    pub(crate) fn clamp(&self, position: f64) -> f64 {
        position.clamp(self.range.start, self.range.end)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        RangedCoordf64::from(self.range.clone()).map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.iter().map(|(position, _)| *position).collect()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(position, _)| position == value);
        tick.map_or_else(String::new, |(_, label)| label.clone())
    }
}

/// Axes and grid, with what the horizontal axis shows written below it.
pub(crate) fn frame<'a, 'b>(
    area: &'a DrawingArea<SVGBackend<'b>, Shift>,
    margins: Margins,
    (x, y): (Axis, Axis),
    below: &str,
) -> Result<Frame<'a, 'b>> {
    let mut chart = ChartBuilder::on(area)
        .margin_top(margins.top)
        .margin_right(margins.right)
        .x_label_area_size(margins.bottom)
        .y_label_area_size(margins.left)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(MUTED)
        .label_style(muted(12.0))
        .axis_desc_style(muted(12.0))
        .x_desc(below)
        .draw()?;
    Ok(chart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_is_fine_for_small_differences_and_coarse_for_large_ones() {
        for (lowest, highest, first) in [
            (0.9933, 0.9957, "99.35 %"),
            (0.9886, 0.9961, "98.9 %"),
            (0.93, 0.994, "93.0 %"),
            (0.0, 1.0, "0.0 %"),
        ] {
            let axis = Axis::accuracies([lowest, highest].into_iter());
            assert!((3..=11).contains(&axis.ticks.len()), "{:?}", axis.ticks);
            assert_eq!(axis.ticks[0].1, first);
            assert!(axis.range.contains(&lowest) && axis.range.contains(&highest));
        }
    }
}
