//! The test images that runs get wrong.

use std::collections::{BTreeMap, BTreeSet};

use evidence::Record;
use mnist::DISPUTED_TEST_IMAGES;
use statrs::statistics::Statistics;

use super::statistics::Sample;

/// An image that some of the runs get wrong.
pub(crate) struct Mistake {
    /// Index among the test images.
    pub(crate) image: usize,
    /// How many of the runs get it wrong.
    pub(crate) runs: usize,
    /// What the first of these runs takes it for that has recorded its probabilities; none where none has.
    pub(crate) prediction: Option<Prediction>,
}

/// What a run takes an image for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Prediction {
    pub(crate) class: usize,
    pub(crate) probability: f32,
}

impl Prediction {
    /// The class of the highest probability.
    fn of(probabilities: &[f32]) -> Option<Self> {
        let classes = probabilities.iter().copied().enumerate();
        let (class, probability) = classes.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some(Self { class, probability })
    }
}

/// All images that any of the runs gets wrong, ascending.
pub(crate) fn mistakes(runs: &[&Record]) -> Vec<Mistake> {
    let mut mistakes = BTreeMap::new();
    for wrong in runs.iter().flat_map(|run| &run.misclassified) {
        let mistake = mistakes.entry(wrong.image).or_insert(Mistake {
            image: wrong.image,
            runs: 0,
            prediction: None,
        });
        mistake.runs += 1;
        let recorded = || Prediction::of(wrong.probabilities.as_ref()?);
        mistake.prediction = mistake.prediction.or_else(recorded);
    }
    mistakes.into_values().collect()
}

/// What the images with a disputed label do to the accuracy.
pub(crate) struct Disputed {
    /// How many of the test images have one.
    pub(crate) images: usize,
    /// The accuracies after the last epoch without these images, one for each run.
    pub(crate) accuracy_without: Sample,
    /// How many of these images a run gets wrong on average.
    pub(crate) wrong: f64,
}

impl Disputed {
    /// Of some runs, at least one; none where no image is disputed.
    pub(crate) fn of(runs: &[&Record]) -> Option<Self> {
        let images = runs[0].last().test_total;
        let disputed = DISPUTED_TEST_IMAGES.into_iter();
        let disputed: BTreeSet<usize> = disputed.filter(|image| *image < images).collect();
        if disputed.is_empty() {
            return None;
        }
        let wrong_among = |run: &Record| {
            let wrong = run.misclassified.iter();
            wrong.filter(|it| disputed.contains(&it.image)).count()
        };
        let kept = images - disputed.len();
        let accuracy_without = |run: &Record| {
            let wrong = run.misclassified.len() - wrong_among(run);
            (kept - wrong) as f64 / kept as f64
        };
        Some(Self {
            images: disputed.len(),
            accuracy_without: Sample::new(runs.iter().map(|run| accuracy_without(run))),
            wrong: runs.iter().map(|run| wrong_among(run) as f64).mean(),
        })
    }
}
