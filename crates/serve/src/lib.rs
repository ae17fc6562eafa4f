//! A page to draw digits on, and its server: what the networks of all steps make of a drawing, layer by layer, the
//! recorded results, and the trainings that run at the moment.
//!
//! The page is plain HTML, CSS and JavaScript in `src/page`, part of the program; it asks nobody but this server. What the
//! server computes is a drawing's way through networks of a few thousand parameters. That takes milliseconds, so one thread
//! does it for everybody, several drawings at a time. Others prepare drawings and read files, and the one that reads and
//! answers requests never waits for any of them. How much can be asked of the server is bounded by [`Limits`]. A training that
//! the page starts is a process of its own.
//!
//! [`exported_page`] makes the same page into files for any host of static files; a browser computes then what is asked.

mod admission;
mod assets;
mod cached;
mod charts;
mod connections;
mod drawing;
mod erasing;
mod exported;
mod host;
mod in_training;
mod ladder;
mod limits;
mod networks;
mod ready;
mod refusal;
mod results;
mod routes;
mod server;
mod test_digits;
mod trainer;
mod weights;

use anyhow::Result;
use evidence::{LiveState, Places};
use experiment::Experiment;
use inference::Model;
use mnist::Digits;

pub use exported::exported_page;
pub use limits::Limits;
pub use server::{Server, Stopper};
pub use trainer::{Train, Wanted};

/// What the page shows.
#[derive(Debug)]
pub struct Content {
    /// The steps, first to last, each with its trained network. The page shows a step without one too, and why it has none.
    pub steps: Vec<(Experiment, Result<Model>)>,
    /// Digits to try the networks with.
    pub test_digits: Digits,
    /// Where the recorded results are, the charts, and the runs that are being made.
    pub places: Places,
    /// How the page trains a step; none where it may not. It should not where other machines can reach the server.
    pub train: Option<Train>,
    /// How the network of a run that is being made is read, to say what it makes of the drawing; none where it is not asked.
    pub look: Option<Look>,
}

/// Reads the network of a live run's state. It fails where that has gone meanwhile.
pub type Look = fn(&LiveState) -> Result<Model>;
