//! The documents in words: the generated parts of Markdown files and of doc comments.

pub(crate) mod checksums;
pub(crate) mod claims;
pub(crate) mod design;
pub(crate) mod evidence;
pub(crate) mod frontier;
pub(crate) mod microcontroller;
pub(crate) mod network;
pub(crate) mod readme;
pub(crate) mod result_section;
pub(crate) mod search;
pub(crate) mod sections;
pub(crate) mod speed;
pub(crate) mod without;

mod comparisons;
mod disturbed;
mod last_step;
mod lessons;
mod notation;
mod table;
