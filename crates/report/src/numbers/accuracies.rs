//! The accuracies that count: those of the last epochs of all runs.

use evidence::{Epoch, Record, TARGET_ACCURACY};
use mnist::Disturbance;
use statrs::statistics::Statistics;

use super::statistics::Sample;

/// The test accuracies of the last epochs of some runs, at least one.
pub(crate) struct LastEpochs(Vec<f64>);

impl LastEpochs {
    pub(crate) fn of(runs: &[&Record]) -> Self {
        let epochs = runs.iter().flat_map(|run| run.last_epochs());
        Self(epochs.map(Epoch::test_accuracy).collect())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// How many of them reach the target.
    pub(crate) fn held(&self) -> usize {
        let held = self.0.iter().filter(|it| **it >= TARGET_ACCURACY);
        held.count()
    }

    /// Whether all of them reach the target.
    pub(crate) fn all_held(&self) -> bool {
        self.held() == self.count()
    }

    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().mean()
    }

    pub(crate) fn lowest(&self) -> f64 {
        Statistics::min(&self.0)
    }

    pub(crate) fn highest(&self) -> f64 {
        Statistics::max(&self.0)
    }
}

/// The accuracies of runs after their last epoch on images that are disturbed in this way.
pub(crate) fn under(runs: &[&Record], disturbance: Disturbance) -> Sample {
    let disturbed = runs.iter().flat_map(|run| &run.disturbed);
    let of_kind = disturbed.filter(|it| it.disturbance == disturbance);
    Sample::new(of_kind.map(|it| it.evaluation.accuracy()))
}
