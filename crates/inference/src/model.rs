//! A step's network with trained weights.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use batches::images_to_tensor;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor};
use evidence::weights_belong;
use experiment::Experiment;
use mnist::{CLASSES, IMAGE_SIDE, PIXELS};
use model_core::{Network, weights};

/// How many digits are computed at once: more take more memory and no less time.
const BATCH: usize = 512;

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
        Self {
            network: network.fold_batch_norm(),
            experiment,
            device,
        }
    }

    /// What the network is of.
    pub fn experiment(&self) -> &Experiment {
        &self.experiment
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
        let mut digits = digits.into_iter().peekable();
        let mut all = Vec::new();
        while digits.peek().is_some() {
            let images = images_to_tensor(digits.by_ref().take(BATCH), &self.device);
            let logits = self.network.forward(images);
            let probabilities = values(softmax(logits, 1))?;
            let (rows, rest) = probabilities.as_chunks();
            ensure!(
                rest.is_empty(),
                "the network has other than {CLASSES} classes"
            );
            ensure!(
                probabilities
                    .iter()
                    .all(|probability| probability.is_finite()),
                "the weights are too large: what the network makes of a digit is no number"
            );
            all.extend_from_slice(rows);
        }
        Ok(all)
    }

    /// What each layer, first to last, makes of a digit.
    ///
    /// # Errors
    ///
    /// The device fails.
    pub fn activations(&self, digit: &[u8; PIXELS]) -> Result<Vec<LayerMaps>> {
        let outputs = self
            .network
            .outputs(images_to_tensor([digit], &self.device));
        let maps = outputs.into_iter().map(|maps| {
            let [_, channels, height, width] = maps.dims();
            Ok(LayerMaps {
                channels,
                height,
                width,
                values: values(maps)?,
            })
        });
        maps.collect()
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
