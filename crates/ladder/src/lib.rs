//! The steps of the ladder and what else can be trained, for the command line, for benchmarks, and for tests over all of
//! them; and what is exported of it.

pub mod integers;
pub mod steps;
pub mod subjects;
