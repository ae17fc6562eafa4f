//! A step's network with trained weights.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use batches::images_to_tensor;
use burn::tensor::{Device, Tensor};
use conv_kernels::uses_kernels;
use evidence::weights_belong;
use experiment::Experiment;
use kernels::inference::{Pixels, Shape};
use mnist::{CLASSES, IMAGE_SIDE, MEAN, PIXELS, STANDARD_DEVIATION};
use model_core::{Network, UnfoldedLayer, weights};

/// How many digits are computed at once: more take more memory and no less time.
const BATCH: usize = 512;

/// A digit.
const IMAGE: Shape = Shape {
    channels: 1,
    height: IMAGE_SIDE,
    width: IMAGE_SIDE,
};

/// The network of an experiment with trained weights, for inference.
#[derive(Debug)]
pub struct Model {
    experiment: Experiment,
    layers: Vec<UnfoldedLayer>,
    computation: Computation,
}

/// What computes.
// A model has one.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
enum Computation {
    /// The kernels for inference, on the CPU.
    Kernels(kernels::inference::Network),
    /// Burn, on any other device.
    Burn(Network, Device),
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
    /// The network of an experiment with the weights of a file, 32-bit floats or 8-bit integers; see
    /// [`weights::load`].
    ///
    /// # Errors
    ///
    /// The network takes other images or has other classes; the file cannot be read, holds the weights of another network, or
    /// lies in a run's folder and is not of that run. Names the file.
    pub fn from_file(experiment: Experiment, path: &Path, device: Device) -> Result<Self> {
        experiment.architecture.check(IMAGE_SIDE, 1, CLASSES)?;
        weights_belong(path)?;
        let network = Network::new(&experiment.architecture, 0.0, &device)?;
        let network = weights::load(network, path)?;
        Ok(Self::new(experiment, &network, device))
    }

    /// The network of an experiment as it is in memory on `device`.
    pub fn new(experiment: Experiment, network: &Network, device: Device) -> Self {
        let unfolded = network.unfolded_layers(IMAGE);
        let computation = if uses_kernels(&device) {
            // As in `images_to_tensor`.
            let pixels = Pixels {
                scale: 1.0 / (255.0 * STANDARD_DEVIATION),
                shift: -MEAN / STANDARD_DEVIATION,
            };
            let layers = network.layers(IMAGE);
            Computation::Kernels(kernels::inference::Network::new(IMAGE, pixels, &layers))
        } else {
            Computation::Burn(network.fold_batch_norm(), device)
        };
        Self {
            experiment,
            layers: unfolded,
            computation,
        }
    }

    /// What the network is of.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// What each layer, first to last, computes, with batch normalisation by itself. The first one takes a digit's pixels
    /// from 0 to 1, less their mean and divided by their deviation (see [`mnist::MEAN`]).
    pub fn layers(&self) -> &[UnfoldedLayer] {
        &self.layers
    }

    /// For each digit `[28 × 28]`, the probabilities of all classes.
    ///
    /// # Errors
    ///
    /// The device fails, or the weights are such that what comes of them is no number.
    pub fn probabilities<'a>(
        &self,
        digits: impl IntoIterator<Item = &'a [u8; PIXELS]>,
    ) -> Result<Vec<[f32; CLASSES]>> {
        let digits = digits.into_iter();
        let mut logits = match &self.computation {
            Computation::Kernels(network) => {
                let digits: Vec<&[u8]> = digits.map(|digit| digit.as_slice()).collect();
                network.logits(&digits)
            }
            Computation::Burn(network, device) => logits(network, device, digits)?,
        };
        let (rows, rest) = logits.as_chunks_mut();
        ensure!(
            rest.is_empty(),
            "the network has other than {CLASSES} classes"
        );
        for row in &mut *rows {
            softmax(row);
        }
        ensure!(
            rows.as_flattened()
                .iter()
                .all(|probability| probability.is_finite()),
            "the weights are too large: what the network makes of a digit is no number"
        );
        Ok(rows.to_vec())
    }

    /// What each layer, first to last, makes of a digit.
    ///
    /// # Errors
    ///
    /// The device fails.
    pub fn activations(&self, digit: &[u8; PIXELS]) -> Result<Vec<LayerMaps>> {
        match &self.computation {
            Computation::Kernels(network) => {
                let outputs = network.outputs(digit).into_iter();
                let maps = outputs.map(|(shape, values)| LayerMaps::new(shape, values));
                Ok(maps.collect())
            }
            Computation::Burn(network, device) => {
                let outputs = network.outputs(images_to_tensor([digit], device));
                let maps = outputs.into_iter().map(|maps| {
                    let [_, channels, height, width] = maps.dims();
                    let shape = Shape {
                        channels,
                        height,
                        width,
                    };
                    Ok(LayerMaps::new(shape, values(maps)?))
                });
                maps.collect()
            }
        }
    }
}

impl LayerMaps {
    fn new(shape: Shape, values: Vec<f32>) -> Self {
        Self {
            channels: shape.channels,
            height: shape.height,
            width: shape.width,
            values,
        }
    }
}

/// The logits `[digit, class]` by Burn.
fn logits<'a>(
    network: &Network,
    device: &Device,
    digits: impl Iterator<Item = &'a [u8; PIXELS]>,
) -> Result<Vec<f32>> {
    let mut digits = digits.peekable();
    let mut logits = Vec::new();
    while digits.peek().is_some() {
        let images = images_to_tensor(digits.by_ref().take(BATCH), device);
        logits.extend(values(network.forward(images))?);
    }
    Ok(logits)
}

/// Makes probabilities of logits; NaN where a logit is NaN or the largest is infinite.
fn softmax(logits: &mut [f32; CLASSES]) {
    // Without the largest, an exponential may be infinite.
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for logit in &mut *logits {
        *logit = (*logit - largest).exp();
    }
    let sum: f32 = logits.iter().sum();
    for value in logits {
        *value /= sum;
    }
}

/// The class of the highest probability.
pub fn most_probable(probabilities: &[f32; CLASSES]) -> usize {
    let classes = probabilities.iter().enumerate();
    classes
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map_or(0, |(class, _)| class)
}

fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    let values = tensor.try_into_data()?.try_to_vec();
    values.map_err(|error| anyhow!("{error:?}"))
}
