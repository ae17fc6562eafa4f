//! A trained network as an [ONNX](https://onnx.ai) file, for programs in any language.
//!
//! Pixels go in as they are, bytes of 0 to 255, and probabilities come out. Any number of images are a batch. The file is written
//! directly: it needs ten messages of Protocol Buffers, which are a page of code, and none of its readers.

mod graph;
mod protobuf;

use graph::Graph;
use kernels::inference::Layer;
use protobuf::Message;

/// The version of the file format: the first that knows [`OPSET`].
const IR_VERSION: i64 = 8;

/// The version of the set of operators, from December 2022.
const OPSET: i64 = 18;

/// What is said of a network beside its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Metadata: names and values.
    pub metadata: Vec<(String, String)>,
}

/// An ONNX file of a network for digits: its layers with batch normalisation folded in.
///
/// Its input `pixels` is `[batch, 1, 28, 28]` of bytes, its output `probabilities` is `[batch, 10]` of 32-bit floats. The same network
/// and the same words give the same bytes.
///
/// # Panics
///
/// If a layer does not fit the one before it.
pub fn file(layers: &[Layer], about: &About) -> Vec<u8> {
    let opset = Message::new().text(1, "").integer(2, OPSET);
    let model = Message::new()
        .integer(1, IR_VERSION)
        .text(2, "mnist-ladder")
        .text(3, env!("CARGO_PKG_VERSION"))
        .text(6, &about.description)
        .message(7, &Graph::of_digits(layers).message(&about.name))
        .message(8, &opset);
    let metadata = about.metadata.iter();
    let metadata = metadata.map(|(name, value)| Message::new().text(1, name).text(2, value));
    model.messages(14, metadata).into_bytes()
}
