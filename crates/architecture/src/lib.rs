//! The networks of the ladder as plain data, and what follows from that data alone.
//!
//! - [`Architecture`] lists the layers of a network.
//! - [`Summary`] computes each layer's map size, receptive field, parameters and multiply-adds.
//! - [`Limits`] are checked before anything is allocated.
//! - [`to_terminal`], [`to_markdown`] and [`to_json`] show a summary.
//!
//! Nothing here knows a backend or does any input or output: documents and checks need no network. `model-core` builds the
//! network that is trained from the same list, so a table in a document cannot disagree with it.

mod architecture;
mod error;
mod limits;
mod summary;
mod table;

pub use architecture::{Architecture, Convolution, Layer};
pub use error::ArchitectureError;
pub use limits::{Limits, MAX_LAYERS, MAX_REACH, MAX_SIDE};
pub use summary::{LayerSummary, Summary, Totals};
pub use table::{to_json, to_markdown, to_terminal};
