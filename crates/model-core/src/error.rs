//! What can be wrong with an [`Architecture`](crate::Architecture).

use thiserror::Error;

/// An architecture that no network can have. Every message names the layer, counted from 1.
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
}
