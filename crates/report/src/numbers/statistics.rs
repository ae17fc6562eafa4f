//! What can be said of a difference between two experiments from their runs.
//!
//! A difference can be luck in two ways: of the seeds, and of the test images. For the first, each run's accuracy, the mean over its
//! last epochs, is one observation, and Welch's interval says how far the difference of their means may be off. For the second,
//! the images are the observations: whether those that one experiment gets right after its last epoch and the other wrong
//! outweigh those the other way round. Only what holds against both is called better or worse.

use anyhow::{Result, ensure};
use evidence::Record;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
use statrs::statistics::Statistics;

/// The share of intervals that hold what they are about, and one minus the p-value that shows a difference.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// Some values of the same kind, such as the accuracies of several seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// How many.
    pub count: usize,
    /// Their mean; not a number of none.
    pub mean: f64,
    /// Standard deviation of the sample; not a number for fewer than two values.
    pub deviation: f64,
}

impl Sample {
    pub(crate) fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        Self {
            count: values.len(),
            mean: values.iter().mean(),
            deviation: values.iter().std_dev(),
        }
    }

    /// The accuracies of runs, each of them the mean over its last epochs.
    pub fn of_runs(runs: &[&Record]) -> Self {
        Self::new(runs.iter().map(|run| run.mean_of_last()))
    }

    /// The interval around the mean that holds the true one with [`CONFIDENCE`], by Student's t; none where there are too few
    /// values to know their spread.
    ///
    /// # Errors
    ///
    /// The distribution cannot be evaluated.
    pub(crate) fn interval(&self) -> Result<Option<(f64, f64)>> {
        if self.count < 2 {
            return Ok(None);
        }
        let half_width = quantile((self.count - 1) as f64)? * self.error().sqrt();
        Ok(Some((self.mean - half_width, self.mean + half_width)))
    }

    /// Square of the standard error of the mean.
    fn error(&self) -> f64 {
        self.deviation.powi(2) / self.count as f64
    }
}

/// What the runs of one experiment say against those of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Difference of the mean accuracies, as a fraction.
    pub difference: f64,
    /// The interval around it that holds the difference of the true means with 95 % confidence; none where there are too few
    /// seeds to know their spread.
    pub interval: Option<(f64, f64)>,
    /// Two-sided p-value over images, assuming equal accuracy.
    pub p_of_images: f64,
}

/// What a [`Comparison`] comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The second is more accurate, whatever the luck.
    Better,
    /// The second is less accurate, whatever the luck.
    Worse,
    /// Luck of the seeds or of the images may explain the difference.
    NoDifferenceShown,
}

impl Verdict {
    /// What it is called in tables.
    pub fn words(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::NoDifferenceShown => "no difference shown",
        }
    }
}

impl Comparison {
    /// Compares runs on the same test images; at least one of each.
    ///
    /// # Errors
    ///
    /// There are no runs, they are not all of as many images, or a distribution cannot be evaluated.
    pub fn new(before: &[&Record], after: &[&Record]) -> Result<Self> {
        let mut totals = before.iter().chain(after).map(|run| run.last().test_total);
        let first = totals.next();
        ensure!(
            !before.is_empty() && !after.is_empty() && totals.all(|total| Some(total) == first),
            "only runs that were evaluated on the same images can be compared"
        );
        let (first, second) = (Sample::of_runs(before), Sample::of_runs(after));
        Ok(Self {
            difference: second.mean - first.mean,
            interval: welch_interval(&first, &second)?,
            p_of_images: p_of_images(before, after)?,
        })
    }

    /// Whether a difference is shown.
    pub fn verdict(&self) -> Verdict {
        let shown_by_images = self.p_of_images < 1.0 - CONFIDENCE;
        match self.interval {
            Some((low, _)) if shown_by_images && low > 0.0 => Verdict::Better,
            Some((_, high)) if shown_by_images && high < 0.0 => Verdict::Worse,
            _ => Verdict::NoDifferenceShown,
        }
    }
}

/// The interval of the second mean minus the first, for samples of different spread (B. L. Welch, "The generalization of
/// 'Student's' problem when several different population variances are involved", 1947).
pub(crate) fn welch_interval(first: &Sample, second: &Sample) -> Result<Option<(f64, f64)>> {
    if first.count < 2 || second.count < 2 {
        return Ok(None);
    }
    let difference = second.mean - first.mean;
    let error = first.error() + second.error();
    if error == 0.0 {
        return Ok(Some((difference, difference)));
    }
    let share = |sample: &Sample| sample.error().powi(2) / (sample.count - 1) as f64;
    let degrees_of_freedom = error.powi(2) / (share(first) + share(second));
    let half_width = quantile(degrees_of_freedom)? * error.sqrt();
    Ok(Some((difference - half_width, difference + half_width)))
}

/// The smallest difference of two means that is shown with a probability of 80 %, if the runs of both spread by `deviation` and
/// each mean is of so many, at least two: a two-sided t-test's critical value and its power, in standard errors of the difference
/// (J. Cohen, "Statistical power analysis for the behavioral sciences", 1988).
///
/// # Errors
///
/// The distribution cannot be evaluated.
pub(crate) fn smallest_shown(deviation: f64, runs: usize) -> Result<f64> {
    let degrees_of_freedom = 2.0 * (runs as f64 - 1.0);
    let power = StudentsT::new(0.0, 1.0, degrees_of_freedom)?.inverse_cdf(0.8);
    Ok((quantile(degrees_of_freedom)? + power) * deviation * (2.0 / runs as f64).sqrt())
}

/// How many standard errors an interval reaches to either side.
fn quantile(degrees_of_freedom: f64) -> Result<f64> {
    let distribution = StudentsT::new(0.0, 1.0, degrees_of_freedom)?;
    Ok(distribution.inverse_cdf((1.0 + CONFIDENCE) / 2.0))
}

/// The two-sided p-value of McNemar's test over all seeds, with the image as the unit.
///
/// Seeds get the same hard images wrong, so to add the counts of all seeds, as if each image of each seed were new, would
/// count one image's evidence once a seed. Here an image counts once, by the difference d of the shares of seeds that get it
/// right: under equality Σd has mean 0 and variance Σd² (V. L. Durkalski et al., "Analysis of clustered matched-pair data",
/// 2003). With one seed each this is McNemar's (b − c)²/(b + c).
fn p_of_images(before: &[&Record], after: &[&Record]) -> Result<f64> {
    let images = before[0].last().test_total;
    let mut differences = vec![0.0; images];
    for (runs, sign) in [(before, 1.0), (after, -1.0)] {
        for run in runs {
            for wrong in &run.misclassified {
                differences[wrong.image] += sign / runs.len() as f64;
            }
        }
    }
    p_of_differences(&differences)
}

fn p_of_differences(differences: &[f64]) -> Result<f64> {
    let sum: f64 = differences.iter().sum();
    let variance: f64 = differences
        .iter()
        .map(|difference| difference.powi(2))
        .sum();
    if variance == 0.0 {
        return Ok(1.0);
    }
    let deviations = sum.abs() / variance.sqrt();
    Ok(2.0 * Normal::new(0.0, 1.0)?.cdf(-deviations))
}

/// The standard error of an accuracy that was counted on so many images.
pub(crate) fn standard_error(accuracy: f64, images: usize) -> f64 {
    (accuracy * (1.0 - accuracy) / images as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!(
            (found - expected).abs() < tolerance,
            "{found}, expected {expected}"
        );
    }

    #[test]
    fn welchs_interval_is_that_of_a_published_example() {
        // The sleep data of A. R. Cushny and A. R. Peebles (1905) that "Student" used: R's t.test prints the interval
        // -3.3654832 to 0.2054832 for group 1 minus group 2.
        let first = Sample::new([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]);
        let second = Sample::new([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]);
        let (low, high) = welch_interval(&second, &first).unwrap().unwrap();
        close(low, -3.3654832, 1e-6);
        close(high, 0.2054832, 1e-6);
    }

    #[test]
    fn the_interval_of_a_mean_is_that_of_a_published_example() {
        // The differences of the same sleep data: R's t.test prints the interval -2.4598858 to -0.7001142.
        let differences = [-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4];
        let (low, high) = Sample::new(differences).interval().unwrap().unwrap();
        close(low, -2.4598858, 1e-6);
        close(high, -0.7001142, 1e-6);
        assert_eq!(Sample::new([0.99]).interval().unwrap(), None);
    }

    #[test]
    fn the_smallest_difference_shown_is_near_that_of_published_tables() {
        // Cohen's table 2.4.1: for a power of 0.80 at a two-sided 5 %, two samples of 17 show an effect of 1.00, of 26 one of 0.80.
        close(smallest_shown(1.0, 17).unwrap(), 1.00, 0.02);
        close(smallest_shown(1.0, 26).unwrap(), 0.80, 0.02);
    }

    #[test]
    fn one_seed_has_no_interval_and_equal_seeds_have_one_without_width() {
        let one = Sample::new([0.99]);
        let two = Sample::new([0.99, 0.99]);
        assert_eq!(welch_interval(&one, &two).unwrap(), None);
        assert_eq!(welch_interval(&two, &two).unwrap(), Some((0.0, 0.0)));
    }

    #[test]
    fn with_one_seed_each_the_test_of_images_is_mcnemars() {
        // 121 images are wrong in the first alone, 59 in the second alone, 33 in both: χ² = 62²/180 = 21.36, and the
        // probability to exceed that is 3.8e-6.
        let differences = [vec![1.0; 121], vec![-1.0; 59], vec![0.0; 33]].concat();
        close(p_of_differences(&differences).unwrap(), 3.8e-6, 0.1e-6);
    }

    #[test]
    fn images_on_which_all_agree_show_nothing() {
        assert_eq!(p_of_differences(&[0.0; 10]).unwrap(), 1.0);
    }

    #[test]
    fn a_difference_is_claimed_only_against_seeds_and_images() {
        let verdict = |interval, p_of_images| {
            Comparison {
                difference: 0.001,
                interval,
                p_of_images,
            }
            .verdict()
        };
        assert_eq!(verdict(Some((0.0001, 0.002)), 0.01), Verdict::Better);
        assert_eq!(verdict(Some((-0.002, -0.0001)), 0.01), Verdict::Worse);
        for (interval, p) in [
            (Some((0.0001, 0.002)), 0.06),
            (Some((-0.0001, 0.002)), 0.01),
            (None, 0.01),
        ] {
            assert_eq!(verdict(interval, p), Verdict::NoDifferenceShown);
        }
    }

    #[test]
    fn the_standard_error_of_99_4_percent_on_the_test_images_is_0_077_points() {
        close(standard_error(0.994, 10_000), 0.00077, 0.000005);
    }
}
