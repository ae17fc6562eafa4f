//! How large a network may be.

use crate::{ArchitectureError, Layer, LayerError};

/// Most layers of a network, with those inside others as often as they are computed.
pub const MAX_LAYERS: usize = 1_000;

/// How deep layers may lie inside one another.
pub const MAX_DEPTH: usize = 8;

/// Most pixels of an image's side, and of a kernel, a stride, a dilation or a padding.
pub const MAX_SIDE: usize = 16_384;

/// Most pixels that a jump or a receptive field may span.
pub const MAX_REACH: usize = 1_000_000_000;

/// The most that all layers of a network may take together. Checked before anything is allocated, since a network may
/// come from a file that somebody else wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Trainable parameters.
    pub parameters: usize,
    /// Multiply-adds for one image.
    pub macs: usize,
    /// Bytes of the input and all outputs, one image, 32-bit floats.
    pub activation_bytes: usize,
}

impl Limits {
    /// For a network that is described. VGG-16 and ResNet-50 for images of 224×224 are within (138 and 26 million
    /// parameters, 15.5 and 4.1 billion multiply-adds).
    pub const DESCRIBED: Self = Self {
        parameters: 200_000_000,
        macs: 50_000_000_000,
        activation_bytes: 1_000_000_000,
    };

    /// For a network that is trained or used here, hundreds of times what the ladder's take. A batch of 64 images then
    /// keeps at most 512 MB of activations, and an epoch of MNIST at the limit takes hours.
    pub const TRAINED: Self = Self {
        parameters: 2_000_000,
        macs: 500_000_000,
        activation_bytes: 8_000_000,
    };
}

/// What the layers up to one take together, which may not exceed the limits.
pub(crate) struct Tally {
    limits: Limits,
    taken: Limits,
}

impl Tally {
    /// Nothing but an input of so many values.
    pub(crate) fn new(limits: Limits, input_values: usize) -> Self {
        let taken = Limits {
            parameters: 0,
            macs: 0,
            activation_bytes: bytes(input_values),
        };
        Self { limits, taken }
    }

    /// Adds what a layer takes, with an output of so many values.
    pub(crate) fn add(
        &mut self,
        parameters: usize,
        macs: usize,
        output_values: usize,
    ) -> Result<(), LayerError> {
        let Self { limits, taken } = self;
        for (quantity, taken, more, limit) in [
            (
                "parameters",
                &mut taken.parameters,
                parameters,
                limits.parameters,
            ),
            (
                "multiply-adds for an image",
                &mut taken.macs,
                macs,
                limits.macs,
            ),
            (
                "bytes of activations for an image",
                &mut taken.activation_bytes,
                bytes(output_values),
                limits.activation_bytes,
            ),
        ] {
            *taken = taken.saturating_add(more);
            if *taken > limit {
                return Err(LayerError::NetworkTooLarge {
                    quantity,
                    found: *taken,
                    limit,
                });
            }
        }
        Ok(())
    }

    /// What the layers take.
    pub(crate) fn taken(&self) -> Limits {
        self.taken
    }
}

/// Checks that there are layers, and not too many or too deep inside one another to look at each.
pub(crate) fn check_count(layers: &[Layer]) -> Result<(), ArchitectureError> {
    let count = count(layers, 0)?;
    match count {
        0 => Err(ArchitectureError::Empty),
        _ if count > MAX_LAYERS => Err(ArchitectureError::TooManyLayers { count }),
        _ => Ok(()),
    }
}

/// Number of layers, with those inside others as often as they are computed. A branch without layers counts as one.
fn count(layers: &[Layer], depth: usize) -> Result<usize, ArchitectureError> {
    if depth > MAX_DEPTH {
        return Err(ArchitectureError::TooDeep);
    }
    let mut sum = 0_usize;
    for layer in layers {
        let mut inside = 0_usize;
        for part in layer.inside() {
            inside = inside.saturating_add(count(part, depth + 1)?.max(1));
        }
        let times = match layer {
            Layer::Repeat { times, .. } => *times,
            _ => 1,
        };
        sum = sum
            .saturating_add(1)
            .saturating_add(inside.saturating_mul(times));
    }
    Ok(sum)
}

/// Bytes of as many 32-bit floats.
pub(crate) fn bytes(values: usize) -> usize {
    values.saturating_mul(size_of::<f32>())
}
