//! The networks of all steps, and the thread that asks them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use anyhow::{Context, Result};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use inference::{LayerMaps, Model, most_probable};
use mnist::CLASSES;
use pictures::Prepared;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::drawing::Drawing;
use crate::erasing::Erasures;
use crate::in_training::{InTraining, Saying};
use crate::refusal::Refusal;

/// Drawings that go through the networks together: the CPU kernels compute so many side by side.
const BATCH: usize = 16;

/// The way to the thread that asks the networks. It ends when this is dropped.
#[derive(Debug)]
pub struct Networks {
    /// Names of the steps, first to last.
    steps: Vec<String>,
    jobs: mpsc::Sender<Job>,
}

/// A drawing on its way through the networks.
#[derive(Debug)]
struct Job {
    prepared: Prepared,
    wanted: Wanted,
    answer: oneshot::Sender<Vec<u8>>,
}

/// What is wanted of a drawing.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    /// What all steps say.
    Predictions,
    /// That, and the layers of a step, their values too where `exact`.
    Layers { step: usize, exact: bool },
    /// What a step says where a part of it is erased.
    Erasures(usize),
}

/// What the networks make of a drawing.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    /// What they saw.
    seen: Seen<'a>,
    /// What they say, first step to last; none where there is no network.
    steps: Vec<Option<Prediction>>,
    /// The layers of the step that was asked for.
    layers: Option<Vec<Maps>>,
    /// What the networks say that are being trained.
    training: Vec<Saying>,
}

/// What the networks saw.
#[derive(Debug, Serialize)]
struct Seen<'a> {
    /// Base64 of 28×28 bytes, row by row.
    pixels: String,
    /// What was done to the drawing.
    preparation: &'a str,
    /// Left, top, width and height of what the pixels show, in pixels of the drawing.
    frame: [f64; 4],
}

/// What a network says of a drawing.
#[derive(Clone, Debug, Serialize)]
pub struct Prediction {
    /// The most probable digit.
    pub digit: usize,
    /// Each digit's probability.
    pub probabilities: [f32; CLASSES],
}

/// A layer's maps, their values in 256 levels to be painted.
#[derive(Debug, Serialize)]
struct Maps {
    channels: usize,
    height: usize,
    width: usize,
    /// The value that level 0 stands for: 0, or the negative of `high`.
    low: f32,
    /// The value that level 255 stands for.
    high: f32,
    /// Base64 of `[channels, height, width]` levels.
    levels: String,
    /// The values themselves, where they are wanted: base64 of 32-bit floats.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<String>,
}

impl Networks {
    /// Starts the thread. `capacity` drawings can wait for it.
    ///
    /// # Errors
    ///
    /// The system has no thread to give.
    pub fn start(
        steps: Vec<String>,
        models: Vec<Option<Model>>,
        in_training: InTraining,
        capacity: usize,
    ) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(capacity);
        thread::Builder::new()
            .name("networks".into())
            .spawn(move || work(&models, in_training, waiting))?;
        Ok(Self { steps, jobs })
    }

    /// What the networks make of a drawing, as JSON.
    ///
    /// # Errors
    ///
    /// There is no such step, or the networks fail.
    pub async fn ask(&self, drawing: Drawing) -> Result<Vec<u8>, Refusal> {
        let wanted = match &drawing.step {
            None => Wanted::Predictions,
            Some(name) => Wanted::Layers {
                step: self.step(name)?,
                exact: drawing.exact,
            },
        };
        self.answer(drawing.prepared, wanted).await
    }

    /// What the drawing's step says where a part of it is erased, as JSON: [`Erasures`], or null where it has no network.
    ///
    /// # Errors
    ///
    /// No step is named, there is none of that name, or the network fails.
    pub async fn erase(&self, drawing: Drawing) -> Result<Vec<u8>, Refusal> {
        let step = self.step(drawing.step.as_deref().unwrap_or_default())?;
        self.answer(drawing.prepared, Wanted::Erasures(step)).await
    }

    fn step(&self, name: &str) -> Result<usize, Refusal> {
        let place = self.steps.iter().position(|step| *step == name);
        place.ok_or_else(|| {
            let steps = self.steps.join(", ");
            let message = format!("there is no step {name:?}; the steps are {steps}");
            Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message)
        })
    }

    async fn answer(&self, prepared: Prepared, wanted: Wanted) -> Result<Vec<u8>, Refusal> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            prepared,
            wanted,
            answer,
        };
        let failure = || Refusal::failure("the networks failed; the server says why");
        self.jobs.send(job).await.map_err(|_| failure())?;
        answered.await.map_err(|_| failure())
    }
}

fn work(models: &[Option<Model>], mut in_training: InTraining, mut waiting: mpsc::Receiver<Job>) {
    while let Some(job) = waiting.blocking_recv() {
        let mut jobs = vec![job];
        while jobs.len() < BATCH {
            match waiting.try_recv() {
                Ok(job) => jobs.push(job),
                Err(_) => break,
            }
        }
        // Nobody waits any more where the connection is closed.
        jobs.retain(|job| !job.answer.is_closed());
        // Whoever waits for an answer is told of a panic by its absence, and the next drawing is a new one.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Err(error) = answer_all(models, &mut in_training, jobs) {
                eprintln!("error: the networks failed: {error:#}");
            }
        }));
    }
}

fn answer_all(
    models: &[Option<Model>],
    in_training: &mut InTraining,
    jobs: Vec<Job>,
) -> Result<()> {
    let mut together = Vec::new();
    for job in jobs {
        if let Wanted::Erasures(step) = job.wanted {
            let model = models[step].as_ref();
            let erasures = model.map(|model| Erasures::of(model, &job.prepared.pixels));
            let answer = serde_json::to_vec(&erasures.transpose()?);
            job.reply(answer.context("cannot write the answer")?);
        } else {
            together.push(job);
        }
    }
    predict(models, in_training, together)
}

/// Answers jobs that want predictions, which are computed side by side.
fn predict(models: &[Option<Model>], in_training: &mut InTraining, jobs: Vec<Job>) -> Result<()> {
    let digits = || jobs.iter().map(|job| &job.prepared.pixels);
    let predictions: Vec<Option<Vec<[f32; CLASSES]>>> = models
        .iter()
        .map(|model| {
            model
                .as_ref()
                .map(|model| model.probabilities(digits()))
                .transpose()
        })
        .collect::<Result<_>>()?;
    let mut training = in_training.ask(digits())?;
    for (index, job) in jobs.into_iter().enumerate() {
        let of_step = |step: &Option<Vec<[f32; CLASSES]>>| {
            step.as_ref().map(|rows| Prediction {
                digit: most_probable(&rows[index]),
                probabilities: rows[index],
            })
        };
        let layers = layers(models, &job)?;
        let answer = Answer {
            seen: Seen::of(&job.prepared),
            steps: predictions.iter().map(of_step).collect(),
            layers,
            training: std::mem::take(&mut training[index]),
        };
        let answer = serde_json::to_vec(&answer).context("cannot write the answer")?;
        job.reply(answer);
    }
    Ok(())
}

fn layers(models: &[Option<Model>], job: &Job) -> Result<Option<Vec<Maps>>> {
    let Wanted::Layers { step, exact } = job.wanted else {
        return Ok(None);
    };
    let Some(model) = &models[step] else {
        return Ok(None);
    };
    let layers = model.activations(&job.prepared.pixels)?;
    let maps = |maps: &LayerMaps| Maps {
        values: exact.then(|| encode_floats(&maps.values)),
        ..Maps::of(maps)
    };
    Ok(Some(layers.iter().map(maps).collect()))
}

impl Job {
    fn reply(self, answer: Vec<u8>) {
        // The connection may have been closed by now.
        let _ = self.answer.send(answer);
    }
}

impl<'a> Seen<'a> {
    fn of(prepared: &'a Prepared) -> Self {
        let frame = prepared.frame;
        Self {
            pixels: encode(&prepared.pixels),
            preparation: &prepared.steps,
            frame: [frame.left, frame.top, frame.width, frame.height],
        }
    }
}

impl Maps {
    /// The maps in levels: from 0 to the largest value where none is negative, else from its negative.
    fn of(maps: &LayerMaps) -> Self {
        let finite = |value: &&f32| value.is_finite();
        let values = || maps.values.iter().filter(finite);
        let high = values().fold(0.0_f32, |high, value| high.max(value.abs()));
        let low = if values().any(|value| *value < 0.0) {
            -high
        } else {
            0.0
        };
        // A network that does not see anything has zeros only.
        let range = (high - low).max(f32::MIN_POSITIVE);
        // What is out of range becomes the nearest level, and what is no number 0.
        let level = |value: &f32| ((value - low) / range * 255.0).round() as u8;
        let levels: Vec<u8> = maps.values.iter().map(level).collect();
        Self {
            channels: maps.channels,
            height: maps.height,
            width: maps.width,
            low,
            high,
            levels: encode(&levels),
            values: None,
        }
    }
}

/// Numbers as base64 of 32-bit floats, the low byte first.
pub fn encode_floats(values: &[f32]) -> String {
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    encode(&bytes)
}

/// Bytes as base64.
pub fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maps(values: &[f32]) -> Maps {
        Maps::of(&LayerMaps {
            channels: 1,
            height: 1,
            width: values.len(),
            values: values.to_vec(),
        })
    }

    #[test]
    fn levels_begin_at_zero_or_are_symmetric_around_it() {
        let positive = maps(&[0.0, 1.0, 2.0]);
        assert_eq!((positive.low, positive.high), (0.0, 2.0));
        assert_eq!(positive.levels, encode(&[0, 128, 255]));
        let signed = maps(&[-1.0, 0.0, 0.5]);
        assert_eq!((signed.low, signed.high), (-1.0, 1.0));
        assert_eq!(signed.levels, encode(&[0, 128, 191]));
        let nothing = maps(&[0.0, 0.0]);
        assert_eq!(nothing.levels, encode(&[0, 0]));
        let broken = maps(&[f32::NAN, f32::INFINITY, 1.0]);
        assert_eq!(broken.levels, encode(&[0, 255, 255]));
    }
}
