//! The weights of a [`Network`] as a file, in the safetensors format.
//!
//! Burn's store would load whatever fits and describe the rest at length. A file of weights is either the one that
//! belongs to the network or it is not, so [`load`] compares names, shapes and types first and answers in one line.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::store::{ModuleSnapshot, SafetensorsStore, SafetensorsStoreError};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use thiserror::Error;

use crate::Network;
use crate::quantization::{self, QuantizedWeights};

/// The largest file of weights that is read, in bytes. A network of the ladder takes some 40 kB.
pub const MAX_WEIGHTS_BYTES: u64 = 1_000_000;

/// How many differences a message tells.
const TOLD: usize = 4;

/// Why weights could not be saved or loaded. Every message names the file.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// The file could not be written; what was there before is as it was.
    #[error("cannot write {}: {reason}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the store says.
        reason: SafetensorsStoreError,
    },
    /// The file could not be read.
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The file is larger than [`MAX_WEIGHTS_BYTES`].
    #[error("{} is larger than {MAX_WEIGHTS_BYTES} bytes; weights of a network of this ladder are smaller", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not in the safetensors format.
    #[error("{} is not a safetensors file: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the store says, in one line.
        reason: String,
    },
    /// The file holds the weights of another network.
    #[error("{} does not fit the network: {differences}", path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What is different.
        differences: Differences,
    },
    /// The file has a value that is no number, or infinite.
    #[error("{} is damaged: {name} holds a value that is not a finite number", path.display())]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        name: String,
    },
}

/// One entry for each tensor that is missing, not expected, or of another shape or type. Of many, the first are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differences(pub Vec<String>);

impl fmt::Display for Differences {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.0.len().min(TOLD);
        write!(formatter, "{}", self.0[..told].join("; "))?;
        match self.0.len() - told {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more differences"),
        }
    }
}

/// A tensor that a file is to hold.
pub(crate) struct ExpectedTensor {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
}

/// Writes all parameters and the running statistics of batch normalisation to `path`, whole or not at all. What was
/// there is replaced.
///
/// The network may be in the middle of training. The same weights give the same bytes.
///
/// # Errors
///
/// The file cannot be written.
pub fn save(network: &Network, path: &Path) -> Result<(), WeightsError> {
    // A forward pass in training leaves its batch statistics pending; `valid` folds them in.
    let network = network.valid();
    // The store's metadata are a map without an order, which would make each file differ from the last.
    let mut store = SafetensorsStore::from_file(path)
        .overwrite(true)
        .clear_metadata();
    let unwritable = |reason| WeightsError::Unwritable {
        path: path.to_owned(),
        reason,
    };
    network.save_into(&mut store).map_err(unwritable)
}

/// Replaces all parameters and running statistics of `network` by those that [`save`] wrote to `path`.
///
/// A file of [8-bit integers](QuantizedWeights::to_safetensors) for the same network is read too. What comes of it is for
/// inference alone: batch normalisation is folded in.
///
/// # Errors
///
/// The file cannot be read, is too large, is not in the safetensors format, lacks a tensor of the network, has one that
/// the network has not, or one of another shape or type, or a value that is not a finite number.
pub fn load(mut network: Network, path: &Path) -> Result<Network, WeightsError> {
    let bytes = read(path)?;
    let malformed = |reason: SafetensorsStoreError| WeightsError::Malformed {
        path: path.to_owned(),
        // It may quote what is in the file.
        reason: reason.to_string().replace(char::is_control, " "),
    };
    let file = SafeTensors::deserialize(&bytes).map_err(|reason| malformed(reason.into()))?;
    let found: BTreeMap<&str, TensorView> = file.iter().collect();
    let quantized = found.values().any(|tensor| tensor.dtype() == Dtype::I8);
    let expected = if quantized {
        QuantizedWeights::expected(&network)
    } else {
        expected(&network)
    };
    let differences = differences(&expected, &found);
    if !differences.is_empty() {
        return Err(WeightsError::Mismatch {
            path: path.to_owned(),
            differences: Differences(differences),
        });
    }
    if let Some(name) = not_finite(&found) {
        return Err(WeightsError::NotFinite {
            path: path.to_owned(),
            name: name.to_owned(),
        });
    }
    if quantized {
        return Ok(QuantizedWeights::from_tensors(&network, &found).dequantize(&network));
    }
    let mut store = SafetensorsStore::from_bytes(Some(bytes));
    network.load_from(&mut store).map_err(malformed)?;
    Ok(network)
}

fn read(path: &Path) -> Result<Vec<u8>, WeightsError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_WEIGHTS_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|reason| WeightsError::Unreadable {
            path: path.to_owned(),
            reason,
        })?;
    if bytes.len() as u64 > MAX_WEIGHTS_BYTES {
        return Err(WeightsError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
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

/// What must change in `found` to be `expected`, in words.
fn differences(expected: &[ExpectedTensor], found: &BTreeMap<&str, TensorView>) -> Vec<String> {
    let mut differences = Vec::new();
    for ExpectedTensor { name, dtype, shape } in expected {
        match found.get(name.as_str()) {
            None => differences.push(format!("{name} is missing")),
            Some(other) if other.shape() != shape || other.dtype() != *dtype => {
                differences.push(format!(
                    "{name} is {:?} {:?}, expected {dtype:?} {shape:?}",
                    other.dtype(),
                    other.shape()
                ))
            }
            Some(_) => {}
        }
    }
    let unexpected = found
        .keys()
        .filter(|name| expected.iter().all(|tensor| tensor.name != **name));
    differences.extend(unexpected.map(|name| {
        // A name may be anything, even several lines.
        format!("{} is not part of the network", name.escape_debug())
    }));
    differences
}

/// The first tensor of floats with a value that is none.
fn not_finite<'a>(tensors: &BTreeMap<&'a str, TensorView>) -> Option<&'a str> {
    let mut floats = tensors
        .iter()
        .filter(|(_, tensor)| tensor.dtype() == Dtype::F32);
    let name = floats.find(|(_, tensor)| {
        let values = quantization::floats(tensor.data());
        values.iter().any(|value| !value.is_finite())
    });
    name.map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use burn::tensor::{Device, Distribution, Tensor};

    use super::*;
    use crate::Architecture;

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
        let training = architecture.init(0.0, &Device::flex().autodiff()).unwrap();
        // A step in training moves the running statistics of batch normalisation away from their initial values.
        let shifted = Distribution::Normal(5.0, 3.0);
        training.forward(Tensor::random(
            [16, 1, 8, 8],
            shifted,
            &Device::flex().autodiff(),
        ));
        save(&training, &file.0).unwrap();

        let images = Tensor::random([16, 1, 8, 8], shifted, &Device::flex());
        let fresh = architecture.init(0.0, &Device::flex()).unwrap();
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
        let network = architecture().init(0.0, &device).unwrap();
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
        save(&wider.init(0.0, &Device::flex()).unwrap(), &file.0).unwrap();
        let network = architecture().init(0.0, &Device::flex()).unwrap();
        let error = load(network, &file.0).unwrap_err();
        let message = error.to_string();
        let start = "other.safetensors does not fit the network: \
            stages.0.Convolution.convolution.weight is F32 [5, 1, 3, 3], expected F32 [4, 1, 3, 3]; ";
        assert!(message.contains(start), "{message}");
        assert!(message.ends_with("; and 4 more differences"), "{message}");
        let WeightsError::Mismatch { differences, .. } = error else {
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
        let network = || architecture().init(0.0, &Device::flex()).unwrap();
        assert!(matches!(
            load(network(), &file.0),
            Err(WeightsError::Unreadable { .. })
        ));
        for content in [b"".as_slice(), b"not weights", &[0xff; 64]] {
            fs::write(&file.0, content).unwrap();
            assert!(
                matches!(
                    load(network(), &file.0),
                    Err(WeightsError::Malformed { .. })
                ),
                "{content:?}"
            );
        }
        fs::write(&file.0, vec![0; 1_000_001]).unwrap();
        assert!(matches!(
            load(network(), &file.0),
            Err(WeightsError::TooLarge { .. })
        ));
        save(&network(), &file.0).unwrap();
        let mut cut_short = fs::read(&file.0).unwrap();
        cut_short.pop();
        fs::write(&file.0, cut_short).unwrap();
        assert!(matches!(
            load(network(), &file.0),
            Err(WeightsError::Malformed { .. })
        ));
    }
}
