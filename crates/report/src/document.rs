//! What is made.

/// A file as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Path from the root of the workspace, with `/`.
    pub path: String,
    /// The whole content.
    pub content: Vec<u8>,
}

impl Document {
    pub(crate) fn new(path: impl Into<String>, text: String) -> Self {
        Self {
            path: path.into(),
            content: text.into_bytes(),
        }
    }
}
