//! Values over the seeds.

use evidence::{Epoch, Record};
use statrs::statistics::Statistics;

/// A value after one epoch, over the seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OverSeeds {
    /// From 1.
    pub(crate) epoch: usize,
    pub(crate) lowest: f64,
    pub(crate) mean: f64,
    pub(crate) highest: f64,
}

/// A value over the seeds, after each epoch.
pub(crate) fn over_seeds(runs: &[&Record], value: fn(&Epoch) -> f64) -> Vec<OverSeeds> {
    let epochs = runs.iter().map(|run| run.epochs.len()).max().unwrap_or(0);
    let after = |epoch: usize| {
        let of_epoch = runs.iter().filter_map(|run| run.epochs.get(epoch - 1));
        let values: Vec<f64> = of_epoch.map(value).collect();
        OverSeeds {
            epoch,
            lowest: Statistics::min(&values),
            mean: values.iter().mean(),
            highest: Statistics::max(&values),
        }
    };
    (1..=epochs).map(after).collect()
}
