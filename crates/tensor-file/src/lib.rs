//! Files of tensors in the safetensors format, without trusting them.
//!
//! A file is either what is expected, tensor by tensor, or it is refused: [`TensorFile::check`] compares names, types and
//! shapes, and looks at every number. What the tensors mean is for `model-core` to know; nothing here knows a network or
//! a backend.

mod error;

use std::collections::BTreeMap;

use safetensors::SafeTensors;
pub use safetensors::tensor::Dtype;

pub use error::{Differences, MAX_SHOWN, TensorFileError};

/// A tensor that a file is to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedTensor {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub dtype: Dtype,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// The tensors of a file, by name.
#[derive(Debug)]
pub struct TensorFile<'a> {
    tensors: BTreeMap<String, Tensor<'a>>,
}

#[derive(Debug)]
struct Tensor<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    data: &'a [u8],
}

impl<'a> TensorFile<'a> {
    /// The tensors of a file with this content. None of their values is copied.
    ///
    /// # Errors
    ///
    /// It is not in the safetensors format.
    pub fn parse(content: &'a [u8]) -> Result<Self, TensorFileError> {
        let file = SafeTensors::deserialize(content).map_err(TensorFileError::malformed)?;
        let tensors = file.tensors().into_iter().map(|(name, tensor)| {
            let tensor = Tensor {
                dtype: tensor.dtype(),
                shape: tensor.shape().to_vec(),
                data: tensor.data(),
            };
            (name, tensor)
        });
        Ok(Self {
            tensors: tensors.collect(),
        })
    }

    /// Whether any tensor holds 8-bit integers.
    pub fn has_integers(&self) -> bool {
        self.tensors
            .values()
            .any(|tensor| tensor.dtype == Dtype::I8)
    }

    /// Checks that the file holds these tensors and no other, and that all 32-bit floats are finite.
    ///
    /// # Errors
    ///
    /// It does not. Names the tensors.
    pub fn check(&self, expected: &[ExpectedTensor]) -> Result<(), TensorFileError> {
        let differences = self.differences(expected);
        if !differences.is_empty() {
            return Err(TensorFileError::Mismatch(Differences(differences)));
        }
        match self.not_finite() {
            Some(name) => Err(TensorFileError::NotFinite(name.to_owned())),
            None => Ok(()),
        }
    }

    /// The bytes of a tensor; none if there is no such tensor.
    pub fn data(&self, name: &str) -> Option<&'a [u8]> {
        self.tensors.get(name).map(|tensor| tensor.data)
    }

    /// What must change in the file for it to be what is expected, in words.
    fn differences(&self, expected: &[ExpectedTensor]) -> Vec<String> {
        let mut differences = Vec::new();
        for ExpectedTensor { name, dtype, shape } in expected {
            match self.tensors.get(name) {
                None => differences.push(format!("{name} is missing")),
                Some(found) if found.shape != *shape || found.dtype != *dtype => {
                    // A shape may have any number of dimensions.
                    let found = files::shown(&format!("{:?} {:?}", found.dtype, found.shape));
                    differences.push(format!("{name} is {found}, expected {dtype:?} {shape:?}"));
                }
                Some(_) => {}
            }
        }
        let is_expected = |name: &str| expected.iter().any(|tensor| tensor.name == name);
        let unexpected = self.tensors.keys().filter(|name| !is_expected(name));
        differences.extend(
            unexpected.map(|name| format!("{} is not part of the network", files::shown(name))),
        );
        differences
    }

    /// The first tensor of floats with a value that is NaN or infinite.
    fn not_finite(&self) -> Option<&str> {
        let mut tensors = self.tensors.iter();
        let found = tensors.find(|(_, tensor)| {
            tensor.dtype == Dtype::F32 && floats(tensor.data).any(|value| !value.is_finite())
        });
        found.map(|(name, _)| name.as_str())
    }
}

/// 32-bit floats as a file holds them.
pub fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    let (floats, _) = bytes.as_chunks::<4>();
    floats.iter().map(|bytes| f32::from_le_bytes(*bytes))
}
