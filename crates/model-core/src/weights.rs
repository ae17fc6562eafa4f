//! The weights of a [`Network`] as a file, in the safetensors format.
//!
//! Burn's store would load whatever fits and describe the rest at length. A file of weights is either the one that
//! belongs to the network or it is not, so [`load`] compares names, shapes and types first and answers in one line.

use std::path::{Path, PathBuf};

use architecture::{Limits, MAX_LAYERS};
use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore, SafetensorsStoreError};
use tensor_file::{Dtype, ExpectedTensor, TensorFile, TensorFileError};
use thiserror::Error;

use crate::Network;
use crate::quantization::QuantizedWeights;

/// The largest file of weights that is read, in bytes. The largest network that is trained fits: each parameter takes
/// four bytes, batch normalisation keeps as many values beside its own, and a line of the header describes a tensor, of
/// which a layer has five at most.
pub const MAX_WEIGHTS_BYTES: u64 = 8 * Limits::TRAINED.parameters as u64 + 1000 * MAX_LAYERS as u64;

/// Why weights could not be saved or loaded. Every message names the file.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// A device did not hand out its weights.
    #[error("cannot read the weights of the network: {reason}")]
    Unobtainable {
        /// What the store says.
        reason: SafetensorsStoreError,
    },
    /// The file could not be written; what was there before is as it was.
    #[error("{reason:#}")]
    Unwritable {
        /// Names the file and says what the system says.
        reason: anyhow::Error,
    },
    /// The file could not be read, is not a regular file, or is larger than [`MAX_WEIGHTS_BYTES`].
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The file is not one of this network's weights.
    #[error("{file} {reason}")]
    Unusable {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: TensorFileError,
    },
}

/// All parameters and the running statistics of batch normalisation as a file in the safetensors format.
///
/// The network may be in the middle of training. The same weights give the same bytes.
///
/// # Errors
///
/// The device fails.
pub fn to_bytes(network: &Network) -> Result<Vec<u8>, WeightsError> {
    // A forward pass in training leaves its batch statistics pending; `valid` folds them in.
    let network = network.valid();
    // The store's metadata are a map without an order, which would make each file differ from the last.
    let mut store = SafetensorsStore::from_bytes(None).clear_metadata();
    network
        .save_into(&mut store)
        .and_then(|()| store.get_bytes())
        .map_err(|reason| WeightsError::Unobtainable { reason })
}

/// Writes [`to_bytes`] to `path`, whole or not at all. What was there is replaced.
///
/// # Errors
///
/// The device fails, or the file cannot be written.
pub fn save(network: &Network, path: &Path) -> Result<(), WeightsError> {
    files::write_whole(path, &to_bytes(network)?)
        .map_err(|reason| WeightsError::Unwritable { reason })
}

/// Replaces all parameters and running statistics of `network` by those that [`save`] wrote to `path`.
///
/// A file of [8-bit integers](QuantizedWeights::to_safetensors) for the same network is read too. What comes of it is for
/// inference alone: batch normalisation is folded in.
///
/// # Errors
///
/// The file cannot be read, is not a regular file, is larger than [`MAX_WEIGHTS_BYTES`], is not in the safetensors
/// format, lacks a tensor of the network, has one that the network has not, or one of another shape or type, or a value
/// that is NaN or infinite.
pub fn load(network: Network, path: &Path) -> Result<Network, WeightsError> {
    let content =
        files::read(path, MAX_WEIGHTS_BYTES).map_err(|reason| WeightsError::Unreadable {
            path: path.to_owned(),
            reason,
        })?;
    from_bytes(network, content, &path.display().to_string())
}

/// The same from the content of a file, which messages call `file`.
///
/// # Errors
///
/// As [`load`], but for reading.
pub fn from_bytes(
    mut network: Network,
    content: Vec<u8>,
    file: &str,
) -> Result<Network, WeightsError> {
    let unusable = |reason| WeightsError::Unusable {
        file: file.to_owned(),
        reason,
    };
    let tensors = TensorFile::parse(&content).map_err(unusable)?;
    if tensors.has_integers() {
        let expected = QuantizedWeights::expected(&network);
        tensors.check(&expected).map_err(unusable)?;
        return Ok(QuantizedWeights::from_tensors(&network, &tensors).dequantize(&network));
    }
    tensors.check(&expected(&network)).map_err(unusable)?;
    let mut store = SafetensorsStore::from_bytes(Some(content));
    network
        .load_from(&mut store)
        .map_err(|reason| unusable(TensorFileError::malformed(reason)))?;
    Ok(network)
}

/// Name, type and shape of each tensor that a file for this network has.
fn expected(network: &Network) -> Vec<ExpectedTensor> {
    let tensors = network.collect(None, None, false).into_iter();
    tensors
        .map(|tensor| ExpectedTensor {
            name: tensor.name,
            // Networks are built of 32-bit floats alone.
            dtype: Dtype::F32,
            shape: tensor.shape.to_vec(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use architecture::Architecture;
    use burn::tensor::{Device, Distribution, Tensor};

    use super::*;

    /// A file of its own for each test, removed at the end.
    struct TemporaryFile(PathBuf);

    impl TemporaryFile {
        fn new(name: &str) -> Self {
            let name = format!("mnist-ladder-{}-{name}.safetensors", std::process::id());
            Self(std::env::temp_dir().join(name))
        }
    }

    impl Drop for TemporaryFile {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    fn architecture() -> Architecture {
        Architecture::new(1, 8)
            .convolution_block(4, 3)
            .with_batch_norm()
            .fully_connected_head(10)
    }

    fn logits(network: &Network, images: &Tensor<4>) -> Vec<u32> {
        let values: Vec<f32> = network
            .forward(images.clone())
            .into_data()
            .try_to_vec()
            .unwrap();
        values.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn loaded_weights_give_the_same_logits_bit_for_bit() {
        round_trip("round-trip", &architecture());
    }

    #[test]
    fn so_do_the_weights_of_depthwise_convolutions() {
        let architecture = Architecture::new(1, 8)
            .convolution_block(4, 3)
            .depthwise_block(3)
            .separable_block(6, 3)
            .with_batch_norm()
            .convolution_head(10);
        round_trip("depthwise", &architecture);
    }

    fn round_trip(name: &str, architecture: &Architecture) {
        let file = TemporaryFile::new(name);
        let training = Network::new(architecture, 0.0, &Device::flex().autodiff()).unwrap();
        // A step in training moves the running statistics of batch normalisation away from their initial values.
        let shifted = Distribution::Normal(5.0, 3.0);
        training.forward(Tensor::random(
            [16, 1, 8, 8],
            shifted,
            &Device::flex().autodiff(),
        ));
        save(&training, &file.0).unwrap();

        let images = Tensor::random([16, 1, 8, 8], shifted, &Device::flex());
        let fresh = Network::new(architecture, 0.0, &Device::flex()).unwrap();
        let loaded = load(fresh, &file.0).unwrap();
        assert_eq!(logits(&loaded, &images), logits(&training.valid(), &images));

        let before = fs::read(&file.0).unwrap();
        save(&loaded, &file.0).unwrap();
        assert!(
            fs::read(&file.0).unwrap() == before,
            "the same weights gave another file"
        );
    }

    #[test]
    fn running_statistics_are_saved_in_the_middle_of_training() {
        let file = TemporaryFile::new("statistics");
        let device = Device::flex().autodiff();
        let network = Network::new(&architecture(), 0.0, &device).unwrap();
        save(&network, &file.0).unwrap();
        let before = fs::read(&file.0).unwrap();
        network.forward(Tensor::random(
            [16, 1, 8, 8],
            Distribution::Normal(5.0, 3.0),
            &device,
        ));
        save(&network, &file.0).unwrap();
        assert!(
            fs::read(&file.0).unwrap() != before,
            "a training step changed nothing in the file"
        );
    }

    #[test]
    fn another_networks_weights_are_refused_in_one_line() {
        let file = TemporaryFile::new("other");
        let wider = Architecture::new(1, 8)
            .convolution_block(5, 3)
            .convolution_head(10);
        save(
            &Network::new(&wider, 0.0, &Device::flex()).unwrap(),
            &file.0,
        )
        .unwrap();
        let network = Network::new(&architecture(), 0.0, &Device::flex()).unwrap();
        let error = load(network, &file.0).unwrap_err();
        let message = error.to_string();
        let start = "other.safetensors does not fit the network: \
            stages.0.Convolution.convolution.weight is F32 [5, 1, 3, 3], expected F32 [4, 1, 3, 3]; ";
        assert!(message.contains(start), "{message}");
        assert!(message.ends_with("; and 6 more differences"), "{message}");
        let WeightsError::Unusable {
            reason: TensorFileError::Mismatch(differences),
            ..
        } = error
        else {
            panic!("{message}");
        };
        for part in ["batch_norm.gamma is missing", "is not part of the network"] {
            let told = differences
                .0
                .iter()
                .any(|difference| difference.contains(part));
            assert!(told, "{part:?} is not in {differences:?}");
        }
    }

    #[test]
    fn files_that_are_no_weights_are_refused() {
        let file = TemporaryFile::new("malformed");
        let network = || Network::new(&architecture(), 0.0, &Device::flex()).unwrap();
        assert!(matches!(
            load(network(), &file.0),
            Err(WeightsError::Unreadable { .. })
        ));
        for content in [b"".as_slice(), b"not weights", &[0xff; 64]] {
            fs::write(&file.0, content).unwrap();
            assert!(
                matches!(
                    load(network(), &file.0),
                    Err(WeightsError::Unusable {
                        reason: TensorFileError::Malformed(_),
                        ..
                    })
                ),
                "{content:?}"
            );
        }
        fs::write(&file.0, vec![0; MAX_WEIGHTS_BYTES as usize + 1]).unwrap();
        assert!(matches!(
            load(network(), &file.0),
            Err(WeightsError::Unreadable { .. })
        ));
        save(&network(), &file.0).unwrap();
        let mut cut_short = fs::read(&file.0).unwrap();
        cut_short.pop();
        fs::write(&file.0, cut_short).unwrap();
        assert!(matches!(
            load(network(), &file.0),
            Err(WeightsError::Unusable {
                reason: TensorFileError::Malformed(_),
                ..
            })
        ));
    }
}
