//! What can be wrong with an [`Architecture`](crate::Architecture).

use thiserror::Error;

use crate::{Layer, MAX_DEPTH, MAX_LAYERS, MAX_SIDE, PerAxis};

/// Why no network can be built of an architecture, or not the one that is needed.
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
        /// Number of layers, with those inside others as often as they are computed.
        count: usize,
    },
    /// Layers lie in layers that lie in layers, more than [`MAX_DEPTH`] times.
    #[error("layers lie inside layers more than {MAX_DEPTH} deep")]
    TooDeep,
    /// The input image is larger than [`MAX_SIDE`].
    #[error("the input is {size}×{size} pixels; at most {MAX_SIDE}×{MAX_SIDE} are possible")]
    InputTooLarge {
        /// Height and width of the input, in pixels.
        size: usize,
    },
    /// Something is wrong with one layer.
    #[error("layer {layer} ({operation}): {error}")]
    Layer {
        /// Which layer, counted from 1. One inside others has their numbers before its own: 4.1.2 is the second layer of the
        /// first branch, or the first time, of layer 4.
        layer: String,
        /// What the layer is called in the tables.
        operation: String,
        /// What is wrong.
        error: LayerError,
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

/// What is wrong with one layer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LayerError {
    /// A kernel, stride, dilation, or number of channels, groups or times of zero.
    #[error("{quantity} is 0; it must be at least 1")]
    Zero {
        /// The quantity that is zero.
        quantity: &'static str,
    },
    /// The groups of a convolution would not have the same numbers of channels.
    #[error(
        "its {groups} groups do not divide its {in_channels} input and {out_channels} output channels"
    )]
    UnevenGroups {
        /// Number of groups.
        groups: usize,
        /// Channels of the input.
        in_channels: usize,
        /// Channels of the output.
        out_channels: usize,
    },
    /// A quantity of the layer is over its limit.
    #[error("{quantity} is {found}; it must be at most {limit}")]
    TooLarge {
        /// The quantity.
        quantity: &'static str,
        /// How large it is.
        found: usize,
        /// How large it may be.
        limit: usize,
    },
    /// The layers take more together than a network may, see [`Limits`](crate::Limits). It is the first layer at which it is too
    /// much.
    #[error("up to here the network has {found} {quantity}; the limit is {limit}")]
    NetworkTooLarge {
        /// Of what it is too much.
        quantity: &'static str,
        /// How much the layers up to this one take; the largest number there is stands for anything larger.
        found: usize,
        /// How much a network may take.
        limit: usize,
    },
    /// The kernel does not fit on the padded map.
    #[error(
        "its kernel of {} is larger than its map of {} with padding {padding}",
        kernel.sides(),
        size.sides()
    )]
    KernelTooLarge {
        /// Size of the kernel, with the gaps of a dilation.
        kernel: PerAxis,
        /// Size of the layer's input.
        size: PerAxis,
        /// Zeros added on each side.
        padding: PerAxis,
    },
    /// The layer expects another number of channels or features than it is given.
    #[error("it takes {expected} {unit}, but is given {found}")]
    InputMismatch {
        /// What the layer is declared to take.
        expected: usize,
        /// What the layer before it yields.
        found: usize,
        /// "channels" or "features".
        unit: &'static str,
    },
    /// A repeat has nothing to repeat.
    #[error("it has no layers; at least one is needed")]
    Empty,
    /// A sum has nothing to add.
    #[error("it has {count} branches; at least two are needed")]
    TooFewBranches {
        /// Number of branches.
        count: usize,
    },
    /// Two branches of a sum make maps that cannot be added.
    #[error("branch {branch} makes {found}, but branch 1 makes {expected}")]
    BranchesDiffer {
        /// The branch that does not fit the first, counted from 1.
        branch: usize,
        /// What the first one makes: channels, size and jump.
        expected: String,
        /// What this one makes.
        found: String,
    },
    /// There is no module to train it.
    #[error("{what} can be described, but not trained")]
    NotTrainable {
        /// What of it cannot be trained.
        what: &'static str,
    },
}

impl LayerError {
    /// With the layer at fault.
    pub(crate) fn at(self, place: &str, layer: &Layer) -> ArchitectureError {
        ArchitectureError::Layer {
            layer: place.to_owned(),
            operation: layer.operation(),
            error: self,
        }
    }
}
