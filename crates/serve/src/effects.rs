//! What a step brings, by the recorded runs of all seeds.
//!
//! An accuracy is the mean over a run's last epochs. Each seed is one observation: the interval of a difference is B. L.
//! Welch's ("The generalization of 'Student's' problem when several different population variances are involved", 1947).

use evidence::{Epoch, LAST_EPOCHS, Record};
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::statistics::Statistics;

/// The share of intervals that hold the true difference.
const CONFIDENCE: f64 = 0.95;

/// The accuracies of a step's runs, as fractions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    /// Number of runs.
    pub seeds: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; none of a single run.
    pub deviation: Option<f64>,
}

/// How much more accurate a step is than the one before, as a fraction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Difference of the means.
    pub difference: f64,
    /// The interval that holds the true difference with 95 %; none where there are too few seeds to know their spread.
    pub interval: Option<[f64; 2]>,
}

impl Accuracy {
    /// That of runs over their last epochs; none of no runs.
    pub fn of(runs: &[&Record]) -> Option<Self> {
        Self::of_values(&runs.iter().map(|run| last_epochs(run)).collect::<Vec<_>>())
    }

    fn of_values(values: &[f64]) -> Option<Self> {
        let enough = values.len() > 1;
        (!values.is_empty()).then(|| Self {
            seeds: values.len(),
            mean: values.iter().mean(),
            deviation: enough.then(|| values.iter().std_dev()),
        })
    }

    /// Square of the mean's standard error, and its degrees of freedom.
    fn error(&self) -> Option<[f64; 2]> {
        let variance = self.deviation?.powi(2);
        Some([variance / self.seeds as f64, (self.seeds - 1) as f64])
    }
}

impl Effect {
    /// That of a step after the one before.
    pub fn new(before: &Accuracy, after: &Accuracy) -> Self {
        let difference = after.mean - before.mean;
        let half_width = half_width(before, after);
        Self {
            difference,
            interval: half_width.map(|half| [difference - half, difference + half]),
        }
    }
}

/// How far Welch's interval reaches to either side; none where the spread is not known.
fn half_width(before: &Accuracy, after: &Accuracy) -> Option<f64> {
    let errors = [before.error()?, after.error()?];
    let error: f64 = errors.iter().map(|[error, _]| error).sum();
    if error == 0.0 {
        return Some(0.0);
    }
    let shares = errors.map(|[error, freedom]| error.powi(2) / freedom);
    let freedom = error.powi(2) / shares.iter().sum::<f64>();
    let distribution = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(distribution.inverse_cdf((1.0 + CONFIDENCE) / 2.0) * error.sqrt())
}

fn last_epochs(run: &Record) -> f64 {
    let first = run.epochs.len().saturating_sub(LAST_EPOCHS);
    run.epochs[first..].iter().map(Epoch::test_accuracy).mean()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_a_published_example() {
        // The sleep data of A. R. Cushny and A. R. Peebles (1905) that "Student" used: R's t.test prints the interval
        // -3.3654832 to 0.2054832 for group 1 minus group 2.
        let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let [first, second] = [first, second].map(|values| Accuracy::of_values(&values).unwrap());
        let effect = Effect::new(&second, &first);
        assert!((effect.difference + 1.58).abs() < 1e-9);
        let [low, high] = effect.interval.unwrap();
        assert!((low + 3.3654832).abs() < 1e-6 && (high - 0.2054832).abs() < 1e-6);
        assert_eq!(Accuracy::of_values(&[]), None);
        let one = Accuracy::of_values(&[0.9]).unwrap();
        assert_eq!(Effect::new(&one, &second).interval, None);
    }
}
