//! What can be wrong with an [`Architecture`](crate::Architecture).

use thiserror::Error;

use crate::{MAX_LAYERS, MAX_SIDE};

/// Why no network can be built of an architecture, or not the one that is needed. A message about a layer names it,
/// counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ArchitectureError {
    /// There is nothing to build.
    #[error("the architecture has no layers; at least one is needed")]
    Empty,
    /// The input image has no pixels or no channels.
    #[error("the input is {channels} channels of {size}×{size}; both must be at least 1")]
    EmptyInput {
        /// Channels of the input.
        channels: usize,
        /// Height and width of the input, in pixels.
        size: usize,
    },
    /// There are more than [`MAX_LAYERS`] layers.
    #[error("the architecture has {count} layers; at most {MAX_LAYERS} are possible")]
    TooManyLayers {
        /// Number of layers.
        count: usize,
    },
    /// The input image is larger than [`MAX_SIDE`].
    #[error("the input is {size}×{size} pixels; at most {MAX_SIDE}×{MAX_SIDE} are possible")]
    InputTooLarge {
        /// Height and width of the input, in pixels.
        size: usize,
    },
    /// A kernel, stride or number of channels or groups of zero.
    #[error("layer {layer} ({operation}): {quantity} is 0; it must be at least 1")]
    Zero {
        /// Position in the list, from 1.
        layer: usize,
        /// What the layer is called in the tables.
        operation: String,
        /// The quantity that is zero.
        quantity: &'static str,
    },
    /// The groups of a convolution would not have the same numbers of channels.
    #[error(
        "layer {layer} ({operation}): its {groups} groups do not divide its {in_channels} input and {out_channels} output channels"
    )]
    UnevenGroups {
        /// Position in the list, from 1.
        layer: usize,
        /// What the layer is called in the tables.
        operation: String,
        /// Number of groups.
        groups: usize,
        /// Channels of the input.
        in_channels: usize,
        /// Channels of the output.
        out_channels: usize,
    },
    /// A quantity of one layer is over its limit.
    #[error("layer {layer} ({operation}): {quantity} is {found}; it must be at most {limit}")]
    LayerTooLarge {
        /// Position in the list, from 1.
        layer: usize,
        /// What the layer is called in the tables.
        operation: String,
        /// The quantity.
        quantity: &'static str,
        /// How large it is.
        found: usize,
        /// How large it may be.
        limit: usize,
    },
    /// The layers take more together than a network may, see [`Limits`](crate::Limits).
    #[error(
        "layer {layer} ({operation}): up to here the network has {found} {quantity}; the limit is {limit}"
    )]
    NetworkTooLarge {
        /// Position in the list of the first layer at which it is too much, from 1.
        layer: usize,
        /// What the layer is called in the tables.
        operation: String,
        /// Of what it is too much.
        quantity: &'static str,
        /// How much the layers up to this one take; the largest number there is stands for anything larger.
        found: usize,
        /// How much a network may take.
        limit: usize,
    },
    /// The kernel does not fit on the padded map.
    #[error(
        "layer {layer} ({operation}): its kernel of {kernel}×{kernel} is larger than its map of {size}×{size} with padding {padding}"
    )]
    KernelTooLarge {
        /// Position in the list, from 1.
        layer: usize,
        /// What the layer is called in the tables.
        operation: String,
        /// Height and width of the kernel.
        kernel: usize,
        /// Height and width of the layer's input.
        size: usize,
        /// Zeros added on each side.
        padding: usize,
    },
    /// The layer expects another number of channels or features than it is given.
    #[error("layer {layer} ({operation}): it takes {expected} {unit}, but is given {found}")]
    InputMismatch {
        /// Position in the list, from 1.
        layer: usize,
        /// What the layer is called in the tables.
        operation: String,
        /// What the layer is declared to take.
        expected: usize,
        /// What the layer before it yields.
        found: usize,
        /// "channels" or "features".
        unit: &'static str,
    },
    /// The network is for other images.
    #[error(
        "the network takes images of {size}×{size} pixels and {channels} channels, expected {expected_size}×{expected_size} and {expected_channels}"
    )]
    OtherImages {
        /// Height and width that it takes, in pixels.
        size: usize,
        /// Channels that it takes.
        channels: usize,
        /// Height and width that it is to take, in pixels.
        expected_size: usize,
        /// Channels that it is to take.
        expected_channels: usize,
    },
    /// The network is for another number of classes.
    #[error("the network has {outputs} outputs, expected {classes}, one for each class")]
    OtherClasses {
        /// Values of the last layer.
        outputs: usize,
        /// Number of classes.
        classes: usize,
    },
    /// The head is not the one that is to be replaced.
    #[error(
        "the network does not end in a convolution without ReLU and a global average pool, so it has no convolution head to replace"
    )]
    NoConvolutionHead,
}
