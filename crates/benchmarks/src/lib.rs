//! What the benchmarks have in common: the networks that they measure, what the machine can do at most and how long the
//! networks would take at that rate, and how results are shown.

mod bandwidth;
mod conditions;
mod machine;
mod networks;
mod others;
mod output;
mod peak;
mod python;
pub mod roofline;

pub use conditions::{conditions, describe};
pub use machine::Machine;
pub use networks::{REFERENCE, chosen, reference};
pub use others::Others;
pub use output::{count, finish, median, rounded, table};
pub use python::Python;
