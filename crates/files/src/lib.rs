//! Files, as every crate here reads and writes them: a reader trusts no size, and a writer leaves no half.
//!
//! [`read`](fn@read) and [`read_text`] take a limit and read regular files alone, since a pipe may never answer and a
//! device may never end. [`shown`] makes what a file says fit for a message. [`write_whole`] replaces a file in one
//! step, [`write_together`] several. [`Workspace`] is where the files are.

mod read;
mod workspace;
mod write;

pub use read::{read, read_text, shown};
pub use workspace::Workspace;
pub use write::{TEMPORARY, write_together, write_whole};
