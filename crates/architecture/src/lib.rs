//! Networks as plain data, and what follows from that data alone.
//!
//! - [`Architecture`] lists the layers of a network. A [`Layer`] may have layers inside: residual connections and repeated
//!   layers can be described. [`Architecture::check`] says which networks can be trained here.
//! - [`Summary`] computes each layer's map size, receptive field, parameters and multiply-adds.
//! - [`Limits`] are checked before anything is allocated.
//! - [`to_terminal`], [`to_markdown`] and [`to_json`] show a summary.
//!
//! Nothing here knows a backend or does any input or output: documents and checks need no network. `model-core` builds the
//! network that is trained from the same list, so a table in a document cannot disagree with it.

mod architecture;
mod error;
mod layer;
mod limits;
mod map;
mod per_axis;
mod summary;
mod table;
mod trainable;
mod walk;

pub use architecture::Architecture;
pub use error::{ArchitectureError, LayerError};
pub use layer::{Convolution, Layer, Pool};
pub use limits::{Limits, MAX_DEPTH, MAX_LAYERS, MAX_REACH, MAX_SIDE};
pub use per_axis::PerAxis;
pub use summary::{LayerSummary, Summary, Totals, Window};
pub use table::{to_json, to_markdown, to_terminal};
