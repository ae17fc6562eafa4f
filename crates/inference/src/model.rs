//! A step's network with trained weights.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use experiment::{Experiment, results_directory};
use mnist::{PIXELS, images_to_tensor};
use model_core::{Network, weights};

/// Digits that there are.
pub const CLASSES: usize = 10;

/// The network of an experiment with trained weights, for inference.
#[derive(Debug)]
pub struct Model {
    experiment: Experiment,
    network: Network,
    device: Device,
}

/// What a layer makes of a digit.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerMaps {
    /// Number of maps.
    pub channels: usize,
    /// Height of a map.
    pub height: usize,
    /// Width of a map.
    pub width: usize,
    /// `[channels, height, width]`, row by row.
    pub values: Vec<f32>,
}

impl Model {
    /// The network of a step with the weights of its recorded run with seed 1.
    ///
    /// # Errors
    ///
    /// There is no such file, or it cannot be read or does not fit. Names the file.
    pub fn recorded(step: Experiment, device: Device) -> Result<Self> {
        let path = recorded_weights(&step);
        ensure!(
            path.exists(),
            "{} is missing: make it with `cargo run -p {} -- --record`, or name a file with --weights",
            path.display(),
            step.name
        );
        Self::from_file(step, &path, device)
    }

    /// The network of an experiment with the weights of a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds the weights of another network. Names the file.
    pub fn from_file(experiment: Experiment, path: &Path, device: Device) -> Result<Self> {
        let network = experiment.architecture.init(0.0, &device)?;
        Ok(Self {
            network: weights::load(network, path)?,
            experiment,
            device,
        })
    }

    /// What the network is of.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// For each digit `[28 × 28]`, the probabilities of all classes.
    ///
    /// # Errors
    ///
    /// The device fails.
    pub fn probabilities<'a>(
        &self,
        digits: impl IntoIterator<Item = &'a [u8; PIXELS]>,
    ) -> Result<Vec<[f32; CLASSES]>> {
        let mut digits = digits.into_iter().peekable();
        if digits.peek().is_none() {
            return Ok(Vec::new());
        }
        let logits = self.network.forward(images_to_tensor(digits, &self.device));
        let probabilities = values(softmax(logits, 1))?;
        let (rows, rest) = probabilities.as_chunks();
        ensure!(
            rest.is_empty(),
            "the network has other than {CLASSES} classes"
        );
        Ok(rows.to_vec())
    }

    /// What each layer, first to last, makes of a digit.
    ///
    /// # Errors
    ///
    /// The device fails.
    pub fn activations(&self, digit: &[u8; PIXELS]) -> Result<Vec<LayerMaps>> {
        let layers = 1..=self.experiment.architecture.layers.len();
        layers
            .map(|layers| {
                let image = images_to_tensor([digit], &self.device);
                let maps = self.network.forward_to(image, layers);
                let [_, channels, height, width] = maps.dims();
                Ok(LayerMaps {
                    channels,
                    height,
                    width,
                    values: values(maps)?,
                })
            })
            .collect()
    }
}

/// The class of the highest probability.
pub fn most_probable(probabilities: &[f32; CLASSES]) -> usize {
    let classes = probabilities.iter().enumerate();
    classes
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or(0, |(class, _)| class)
}

fn recorded_weights(step: &Experiment) -> PathBuf {
    results_directory()
        .join(&step.name)
        .join("seed-1.safetensors")
}

fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let values = tensor.into_data().try_to_vec();
    values.map_err(|error| anyhow!("{error:?}"))
}
