//! What is computed from the records, without a word on how it looks.

pub(crate) mod accuracies;
pub(crate) mod comparisons;
pub(crate) mod confusion;
pub(crate) mod facts;
pub(crate) mod frontier;
pub(crate) mod mistakes;
pub(crate) mod over_seeds;
pub(crate) mod statistics;
