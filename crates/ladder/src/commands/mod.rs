//! The subcommands, each a module with its `Options` and a `run` that writes to where it is told.

pub mod architecture;
pub mod completions;
pub mod export;
pub mod predict;
pub mod quantize;
pub mod report;
pub mod run;
pub mod serve;
pub mod table;
pub mod train;
