//! What is made of the results in a small made-up workspace.

mod documents;
mod pictures;
mod speed;
mod workspace;
