//! What the kernels of a convolution need that depends on its sizes only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::convolution::{Geometry, Plan};
use crate::simd::InstructionSet;
use crate::weight_gradient::WeightPlan;

/// How many sizes to remember at most.
const REMEMBERED: usize = 1_000;

type Key = (Geometry, InstructionSet);

static KNOWN: Mutex<BTreeMap<Key, Arc<Plans>>> = Mutex::new(BTreeMap::new());

/// The plans of a convolution and its two gradients.
#[derive(Debug)]
pub(crate) struct Plans {
    pub(crate) forward: Plan,
    pub(crate) backward: Plan,
    pub(crate) weights: WeightPlan,
}

impl Plans {
    /// The plans for the current instruction set: made once, since every training step asks for the same.
    pub(crate) fn of(geometry: &Geometry) -> Arc<Self> {
        let mut known = KNOWN
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let plans = known
            .entry((*geometry, InstructionSet::current()))
            .or_insert_with(|| {
                Arc::new(Self {
                    forward: Plan::forward(geometry),
                    backward: Plan::backward(geometry),
                    weights: WeightPlan::new(geometry),
                })
            });
        plans.clone()
    }
}
