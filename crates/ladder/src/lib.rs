//! The steps of the ladder, for the command line and for tests over all of them.

pub mod steps;
