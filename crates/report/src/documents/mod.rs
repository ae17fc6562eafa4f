//! The documents in words: the generated parts of Markdown files and of doc comments.

pub(crate) mod checksums;
pub(crate) mod frontier;
pub(crate) mod readme;
pub(crate) mod result_section;
pub(crate) mod search;
pub(crate) mod sections;
pub(crate) mod speed;

mod comparisons;
mod last_step;
mod notation;
mod table;
