//! Which classes are taken for which.

use evidence::Record;

/// Images by true class (row) and predicted class (column).
pub(crate) struct Confusion {
    counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// The sum over some runs, at least one.
    pub(crate) fn of(runs: &[&Record]) -> Self {
        let mut counts = runs[0].confusion.clone();
        for run in &runs[1..] {
            for (sums, row) in counts.iter_mut().zip(&run.confusion) {
                for (sum, count) in sums.iter_mut().zip(row) {
                    *sum += count;
                }
            }
        }
        Self { counts }
    }

    pub(crate) fn classes(&self) -> usize {
        self.counts.len()
    }

    pub(crate) fn count(&self, class: usize, predicted: usize) -> usize {
        self.counts[class][predicted]
    }

    /// Images classified right.
    pub(crate) fn right(&self) -> usize {
        (0..self.classes())
            .map(|class| self.counts[class][class])
            .sum()
    }

    /// Images classified wrong.
    pub(crate) fn wrong(&self) -> usize {
        self.counts.iter().flatten().sum::<usize>() - self.right()
    }

    /// The wrong images of a class, and their share of its images.
    pub(crate) fn wrong_of(&self, class: usize) -> (usize, f64) {
        let images = self.images_of(class);
        let wrong = images - self.counts[class][class];
        (wrong, wrong as f64 / images.max(1) as f64)
    }

    /// The share of a class's images that are taken for another one.
    pub(crate) fn share(&self, class: usize, predicted: usize) -> f64 {
        self.counts[class][predicted] as f64 / self.images_of(class).max(1) as f64
    }

    fn images_of(&self, class: usize) -> usize {
        self.counts[class].iter().sum()
    }
}
