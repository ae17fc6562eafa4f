//! The networks that are being trained on this machine, as they were after their last epoch.

use std::time::{Duration, Instant};

use anyhow::Result;
use evidence::{LiveState, Places, live_states};
use inference::{Model, most_probable};
use mnist::{CLASSES, PIXELS};
use serde::Serialize;

use crate::Look;
use crate::networks::Prediction;

/// How long what was found stands: an epoch takes seconds.
const FRESH: Duration = Duration::from_millis(500);

/// Most networks that are asked: more trainings than cores are rare, and each costs as much as a step.
const MOST: usize = 8;

/// The networks of live runs.
pub struct InTraining {
    look: Option<Look>,
    places: Places,
    looked: Option<Instant>,
    /// None where a network could not be read: the next state is tried again.
    known: Vec<(LiveState, Option<Model>)>,
}

/// What a network in training says of a drawing.
#[derive(Debug, Serialize)]
pub struct Saying {
    /// Name of the experiment.
    step: String,
    seed: u64,
    process: u32,
    /// The epoch that it has come to the end of.
    epoch: usize,
    #[serde(flatten)]
    prediction: Prediction,
}

impl InTraining {
    /// Nothing is looked at yet.
    pub fn new(look: Option<Look>, places: Places) -> Self {
        Self {
            look,
            places,
            looked: None,
            known: Vec::new(),
        }
    }

    /// What the networks say of each of the digits.
    ///
    /// # Errors
    ///
    /// A network fails.
    pub fn ask<'a>(
        &mut self,
        digits: impl ExactSizeIterator<Item = &'a [u8; PIXELS]> + Clone,
    ) -> Result<Vec<Vec<Saying>>> {
        self.bring_up_to_date();
        let mut answers: Vec<Vec<Saying>> = digits.clone().map(|_| Vec::new()).collect();
        for (state, model) in &self.known {
            let Some(model) = model else {
                continue;
            };
            let rows: Vec<[f32; CLASSES]> = model.probabilities(digits.clone())?;
            for (answer, row) in answers.iter_mut().zip(rows) {
                answer.push(Saying {
                    step: state.run.name.to_string(),
                    seed: state.run.seed,
                    process: state.process,
                    epoch: state.epochs,
                    prediction: Prediction {
                        digit: most_probable(&row),
                        probabilities: row,
                    },
                });
            }
        }
        Ok(answers)
    }

    fn bring_up_to_date(&mut self) {
        let Some(look) = self.look else {
            return;
        };
        if self.looked.is_some_and(|looked| looked.elapsed() < FRESH) {
            return;
        }
        let mut before = std::mem::take(&mut self.known);
        let states = live_states(&self.places).into_iter().take(MOST);
        self.known = states
            .map(|state| {
                let known = before.iter_mut().find(|(known, _)| *known == state);
                let model = match known {
                    Some((_, model)) => model.take(),
                    None => look(&state).ok(),
                };
                (state, model)
            })
            .collect();
        self.looked = Some(Instant::now());
    }
}
