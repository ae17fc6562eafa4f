//! Those that train a network, each in its own way, and how they take turns.

pub mod modules;
pub mod python;
pub mod scaling;
pub mod training;

use std::thread;
use std::time::Duration;

use anyhow::Result;
use benchmarks::{Machine, Others};

/// Milliseconds that a peer is measured in each round, more where a single step takes longer.
const ROUND: f64 = 300.0;

/// How long to wait before a measurement: the threads of the one before, PyTorch's above all, look out for more work for
/// some ten milliseconds.
const PAUSE: Duration = Duration::from_millis(50);

/// Trains a network on one fixed batch.
pub trait Train {
    /// Takes one step that does not count, because others have had the caches, then `steps`: the milliseconds of one.
    fn milliseconds_per_step(&mut self, steps: usize) -> Result<f64>;
}

/// Someone to compare with, or to be compared.
pub struct Peer {
    /// What it is called in JSON.
    pub name: &'static str,
    /// What it is called in tables.
    pub label: &'static str,
    training: Box<dyn Train>,
    steps: usize,
}

impl Peer {
    /// Takes a few steps to see how many make a round.
    pub fn new(
        name: &'static str,
        label: &'static str,
        mut training: impl Train + 'static,
    ) -> Result<Self> {
        let estimate = training.milliseconds_per_step(3)?;
        Ok(Self {
            name,
            label,
            training: Box::new(training),
            steps: (ROUND / estimate).clamp(1.0, 200.0) as usize,
        })
    }

    /// Milliseconds of a step, over one round.
    pub fn milliseconds(&mut self) -> Result<f64> {
        thread::sleep(PAUSE);
        self.training.milliseconds_per_step(self.steps)
    }
}

/// What was measured in one round.
pub struct Round {
    /// What all threads together can do.
    pub machine: Machine,
    /// Milliseconds of a step of each peer.
    pub milliseconds: Vec<f64>,
}

/// Measures all peers and the machine in turn, so that whatever else the machine does meanwhile hits all alike.
pub fn take_turns(peers: &mut [Peer], rounds: u16, others: &mut Others) -> Result<Vec<Round>> {
    let round = |_| {
        others.watch();
        Ok(Round {
            machine: Machine::measure(),
            milliseconds: peers
                .iter_mut()
                .map(Peer::milliseconds)
                .collect::<Result<_>>()?,
        })
    };
    (0..rounds).map(round).collect()
}
