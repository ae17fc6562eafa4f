//! What can be said of runs in numbers: the facts that prose may state.

use std::collections::BTreeSet;

use anyhow::Result;
use evidence::{Epoch, Record};
use mnist::Disturbance;
use serde_json::Value;

use super::accuracies::{LastEpochs, under};
use super::statistics::{Comparison, Sample};
use crate::format::grouped;

/// Numbers as prose writes them, without signs and units.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(BTreeSet<String>);

/// A value of some runs, as a fraction, whose differences between two steps are facts too.
type Quantity = fn(&[&Record]) -> f64;

const QUANTITIES: [Quantity; 8] = [
    |runs| Sample::of_runs(runs).mean,
    |runs| LastEpochs::of(runs).lowest(),
    |runs| mean(runs, |run| run.last().test_accuracy()),
    |runs| mean(runs, |run| run.train.accuracy()),
    |runs| mean(runs, |run| run.last().train_accuracy),
    |runs| {
        mean(runs, |run| {
            run.train.accuracy() - run.last().test_accuracy()
        })
    },
    |runs| Sample::of_runs(runs).deviation,
    |runs| mean(runs, spread),
];

/// How far apart the best and the worst of a run's last epochs are.
fn spread(run: &Record) -> f64 {
    let epochs = LastEpochs::of(&[run]);
    epochs.highest() - epochs.lowest()
}

fn mean(runs: &[&Record], value: impl Fn(&Record) -> f64) -> f64 {
    Sample::new(runs.iter().map(|run| value(run))).mean
}

impl Facts {
    /// Whether a number, as it is written, is one of these.
    pub(crate) fn has(&self, number: &str) -> bool {
        self.0.contains(number)
    }

    /// Adds what can be said of runs of one experiment; nothing of none.
    pub(crate) fn add_runs(&mut self, runs: &[&Record]) -> Result<()> {
        let Some(first) = runs.first() else {
            return Ok(());
        };
        for quantity in QUANTITIES {
            self.add(quantity(runs));
        }
        for disturbance in Disturbance::ALL {
            self.add(under(runs, disturbance).mean);
        }
        let accuracies = LastEpochs::of(runs);
        self.add(accuracies.highest());
        self.0
            .insert(format!("{} of {}", accuracies.held(), accuracies.count()));
        let holding = runs.iter().filter(|run| LastEpochs::of(&[run]).all_held());
        self.0
            .insert(format!("{} of {}", holding.count(), runs.len()));
        self.add_each(runs, Record::mean_of_last);
        self.add_each(runs, |run| run.last().test_accuracy());
        self.add_each(runs, |run| run.epochs[0].test_accuracy());
        self.add_each(runs, |run| run.train.accuracy());
        self.add_each(runs, |run| run.last().train_accuracy);
        let losses: [fn(&Epoch) -> f64; 2] = [|epoch| epoch.test_loss, |epoch| epoch.train_loss];
        for loss in losses {
            let epochs = runs.iter().flat_map(|run| run.last_epochs());
            self.0
                .insert(format!("{:.4}", Sample::new(epochs.map(loss)).mean));
        }
        self.0.insert(grouped(first.parameters));
        self.add_settings(&serde_json::to_value(&first.run.recipe)?);
        Ok(())
    }

    /// Adds the differences between the runs of two experiments; nothing if one has none.
    pub(crate) fn add_difference(&mut self, before: &[&Record], after: &[&Record]) -> Result<()> {
        if before.is_empty() || after.is_empty() {
            return Ok(());
        }
        for quantity in QUANTITIES {
            self.add(quantity(after) - quantity(before));
        }
        for disturbance in Disturbance::ALL {
            self.add(under(after, disturbance).mean - under(before, disturbance).mean);
        }
        if let Some((low, high)) = Comparison::new(before, after)?.interval {
            self.add(low);
            self.add(high);
        }
        let parameters = [before, after].map(|runs| runs[0].parameters);
        self.0
            .insert(grouped(parameters[0].abs_diff(parameters[1])));
        Ok(())
    }

    /// The mean, the lowest and the highest of a value over the runs.
    fn add_each(&mut self, runs: &[&Record], value: fn(&Record) -> f64) {
        let values: Vec<f64> = runs.iter().map(|run| value(run)).collect();
        self.add(Sample::new(values.iter().copied()).mean);
        self.add(values.iter().copied().fold(f64::INFINITY, f64::min));
        self.add(values.iter().copied().fold(0.0, f64::max));
    }

    /// A fraction in percent, with two decimals or three.
    fn add(&mut self, fraction: f64) {
        let percent = 100.0 * fraction.abs();
        self.0.insert(format!("{percent:.2}"));
        self.0.insert(format!("{percent:.3}"));
    }

    /// The numbers of a recipe.
    fn add_settings(&mut self, value: &Value) {
        match value {
            Value::Number(number) => {
                self.0.insert(number.to_string());
            }
            Value::Array(values) => values.iter().for_each(|value| self.add_settings(value)),
            Value::Object(fields) => fields.values().for_each(|value| self.add_settings(value)),
            _ => {}
        }
    }
}
