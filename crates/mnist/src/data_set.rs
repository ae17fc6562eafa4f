//! What a data set is called, and what tells it from another.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::idx::{TEST, TRAIN, hexadecimal};

/// The longest name that is taken from a folder.
const MAX_NAME: usize = 64;

/// A data set, known by the content of its four files. Two are equal if their contents are, whatever their names.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// `mnist` for MNIST itself, else the name of its folder; for people.
    pub name: String,
    /// SHA-256, in hexadecimal, of the four files' SHA-256 in hexadecimal: training images, training labels, test images,
    /// test labels. That of a file is of its uncompressed content.
    pub sha256: String,
}

impl PartialEq for DataSet {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}

impl Eq for DataSet {}

impl DataSet {
    /// MNIST itself.
    pub fn mnist() -> Self {
        let checksums = [&TRAIN, &TEST].map(|pair| pair.checksums().map(str::to_owned));
        Self {
            name: "mnist".into(),
            sha256: of_checksums(checksums.as_flattened()),
        }
    }

    /// The data set in a folder whose files have these checksums.
    pub(crate) fn new(directory: &Path, checksums: &[String]) -> Self {
        let mnist = Self::mnist();
        let sha256 = of_checksums(checksums);
        if sha256 == mnist.sha256 {
            return mnist;
        }
        let folder = directory.canonicalize().unwrap_or(directory.to_owned());
        let name = folder.file_name().and_then(|name| name.to_str());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let name = name.filter(|name| {
            *name != mnist.name && name.len() <= MAX_NAME && name.bytes().all(plain)
        });
        Self {
            name: name.unwrap_or("other").into(),
            sha256,
        }
    }
}

fn of_checksums(checksums: &[String]) -> String {
    let mut sum = Sha256::new();
    for checksum in checksums {
        sum.update(checksum);
    }
    hexadecimal(&sum.finalize())
}
