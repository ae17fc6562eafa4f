//! What can be wrong with a file of tensors.

use std::fmt;

use thiserror::Error;

/// Most differences in a message.
pub const MAX_SHOWN: usize = 4;

/// Why a file of tensors cannot be used. The messages follow the name of the file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TensorFileError {
    /// The file is not in the safetensors format.
    #[error("is not a safetensors file: {0}")]
    Malformed(String),
    /// The file holds other tensors.
    #[error("does not fit the network: {0}")]
    Mismatch(Differences),
    /// A value of the tensor with this name is NaN or infinite.
    #[error("is damaged: {0} holds a value that is NaN or infinite")]
    NotFinite(String),
}

impl TensorFileError {
    /// The file is not in the safetensors format, for this reason.
    pub fn malformed(reason: impl fmt::Display) -> Self {
        // It may quote what is in the file.
        Self::Malformed(files::shown(&reason.to_string()))
    }
}

/// One entry for each tensor that is missing, not expected, or of another shape or type. Only the first few are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differences(pub Vec<String>);

impl fmt::Display for Differences {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.len().min(MAX_SHOWN);
        write!(formatter, "{}", self.0[..shown].join("; "))?;
        match self.0.len() - shown {
            0 => Ok(()),
            more => write!(formatter, "; and {more} more differences"),
        }
    }
}
