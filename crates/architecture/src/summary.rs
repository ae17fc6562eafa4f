//! Receptive field, map size, parameters and multiply-adds of every layer.
//!
//! For a layer of kernel `k`, stride `s` and padding `p` (V. Dumoulin and F. Visin, "A guide to convolution
//! arithmetic for deep learning", 2016; A. Araujo, W. Norris and J. Sim, "Computing Receptive Fields of
//! Convolutional Neural Networks", Distill, 2019):
//!
//! ```text
//! n_out     = ⌊(n_in + 2p − k) / s⌋ + 1         height and width of the map
//! j_out     = j_in · s                          jump: input pixels between neighbouring outputs
//! r_out     = r_in + (k − 1) · j_in             receptive field: input pixels that one output sees
//! start_out = start_in + ((k − 1)/2 − p) · j_in centre of the first output's receptive field
//! ```
//!
//! An input pixel has j = 1, r = 1 and start = 0.5: positions are pixel centres. Global average pooling is a kernel
//! of the whole map. r is the theoretical field and is not clipped to the image.
//!
//! A layer may come from a file that somebody else wrote, so all sums and products stop at the largest number there is:
//! what is as large as that is over one of the [limits](crate::Limits).

use serde::Serialize;

use crate::limits::{self, Tally};
use crate::{
    Architecture, ArchitectureError, Convolution, Layer, Limits, MAX_LAYERS, MAX_REACH, MAX_SIDE,
};

/// Everything computed about an [`Architecture`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// One entry per layer, first to last.
    pub layers: Vec<LayerSummary>,
    /// Sums and maxima over the layers.
    pub totals: Totals,
}

/// What is computed about one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSummary {
    /// The layer's name.
    pub operation: String,
    /// Height and width of the input map.
    pub n_in: usize,
    /// Channels of the input.
    pub channels_in: usize,
    /// Channels of the output.
    pub channels_out: usize,
    /// Zeros added on each side.
    pub padding: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Distance between neighbouring positions of the kernel.
    pub stride: usize,
    /// Height and width of the output map.
    pub n_out: usize,
    /// Jump of the input: image pixels between neighbouring values.
    pub jump_in: usize,
    /// Jump of the output.
    pub jump_out: usize,
    /// Receptive field of one value of the input: height and width in image pixels.
    pub receptive_field_in: usize,
    /// Receptive field of one value of the output.
    pub receptive_field_out: usize,
    /// Values in the input: channels × height × width.
    pub input_activations: usize,
    /// Trainable parameters.
    pub parameters: usize,
    /// Values kept but not trained: the running mean and variance of batch normalisation.
    pub non_trainable_parameters: usize,
    /// Centre of the first output's receptive field, in image pixels from the left edge.
    pub start: f64,
    /// Values in the output: channels × height × width.
    pub output_activations: usize,
    /// Multiply-adds for one image, of convolutions and fully connected layers, without bias and normalisation.
    pub macs: usize,
}

/// Sums and maxima over all layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Trainable parameters.
    pub parameters: usize,
    /// Running statistics of batch normalisation.
    pub non_trainable_parameters: usize,
    /// Multiply-adds for one image.
    pub macs: usize,
    /// Bytes of the largest input and output of one layer together, one image, 32-bit floats: what inference needs
    /// when every buffer is reused.
    pub peak_activation_bytes: usize,
    /// Bytes of the input and all outputs, one image, 32-bit floats: what training keeps.
    pub total_activation_bytes: usize,
}

impl Summary {
    /// Computes the summary, checking each layer against the one before.
    pub(crate) fn new(architecture: &Architecture) -> Result<Self, ArchitectureError> {
        let (channels, size) = (architecture.input_channels, architecture.input_size);
        let count = architecture.layers.len();
        if count == 0 {
            return Err(ArchitectureError::Empty);
        }
        if count > MAX_LAYERS {
            return Err(ArchitectureError::TooManyLayers { count });
        }
        if channels == 0 || size == 0 {
            return Err(ArchitectureError::EmptyInput { channels, size });
        }
        if size > MAX_SIDE {
            return Err(ArchitectureError::InputTooLarge { size });
        }
        let mut map = Map {
            channels,
            size,
            jump: 1,
            receptive_field: 1,
            start: 0.5,
        };
        let mut tally = Tally::new(Limits::DESCRIBED, map.values());
        let mut layers = Vec::with_capacity(count);
        for (position, layer) in (1..).zip(&architecture.layers) {
            let (summary, output) = map.through(layer, position)?;
            tally.add(&summary, position)?;
            layers.push(summary);
            map = output;
        }
        let totals = Totals::of(&layers);
        Ok(Self { layers, totals })
    }

    /// Number of values that the network yields for one image.
    pub fn outputs(&self) -> usize {
        self.layers
            .last()
            .map_or(0, |layer| layer.output_activations)
    }

    /// Checks that the network is within the limits.
    pub(crate) fn check(&self, limits: Limits) -> Result<(), ArchitectureError> {
        let input = self
            .layers
            .first()
            .map_or(0, |layer| layer.input_activations);
        let mut tally = Tally::new(limits, input);
        (1..)
            .zip(&self.layers)
            .try_for_each(|(position, layer)| tally.add(layer, position))
    }
}

impl Totals {
    /// The sums are of layers within the limits.
    fn of(layers: &[LayerSummary]) -> Self {
        let sum = |count: fn(&LayerSummary) -> usize| layers.iter().map(count).sum::<usize>();
        let input = layers.first().map_or(0, |layer| layer.input_activations);
        let peak = layers
            .iter()
            .map(|layer| layer.input_activations + layer.output_activations)
            .max();
        Self {
            parameters: sum(|layer| layer.parameters),
            non_trainable_parameters: sum(|layer| layer.non_trainable_parameters),
            macs: sum(|layer| layer.macs),
            peak_activation_bytes: limits::bytes(peak.unwrap_or(0)),
            total_activation_bytes: limits::bytes(input + sum(|layer| layer.output_activations)),
        }
    }
}

/// What flows between two layers.
struct Map {
    channels: usize,
    size: usize,
    jump: usize,
    receptive_field: usize,
    start: f64,
}

/// A layer as the formulas see it.
struct Window {
    kernel: usize,
    stride: usize,
    padding: usize,
    channels_out: usize,
    parameters: usize,
    non_trainable_parameters: usize,
    macs_per_output: usize,
}

impl Map {
    fn through(
        &self,
        layer: &Layer,
        position: usize,
    ) -> Result<(LayerSummary, Self), ArchitectureError> {
        let window = self.window(layer, position)?;
        let Window {
            kernel,
            stride,
            padding,
            channels_out,
            ..
        } = window;
        for (quantity, found) in [
            ("its kernel", kernel),
            ("its stride", stride),
            ("its number of outputs", channels_out),
        ] {
            if found == 0 {
                return Err(ArchitectureError::Zero {
                    layer: position,
                    operation: layer.operation(),
                    quantity,
                });
            }
        }
        let at_most = |quantity, found, limit| {
            (found <= limit)
                .then_some(())
                .ok_or_else(|| ArchitectureError::LayerTooLarge {
                    layer: position,
                    operation: layer.operation(),
                    quantity,
                    found,
                    limit,
                })
        };
        at_most("its kernel", kernel, MAX_SIDE)?;
        at_most("its stride", stride, MAX_SIDE)?;
        // More would be windows of nothing but zeros.
        at_most("its padding", padding, kernel - 1)?;
        let Some(size) = map_size(self.size, kernel, stride, padding) else {
            return Err(ArchitectureError::KernelTooLarge {
                layer: position,
                operation: layer.operation(),
                kernel,
                size: self.size,
                padding,
            });
        };
        let output = Self {
            channels: channels_out,
            size,
            jump: self.jump.saturating_mul(stride),
            receptive_field: (kernel - 1)
                .saturating_mul(self.jump)
                .saturating_add(self.receptive_field),
            start: self.start + ((kernel as f64 - 1.0) / 2.0 - padding as f64) * self.jump as f64,
        };
        at_most("its jump", output.jump, MAX_REACH)?;
        at_most("its receptive field", output.receptive_field, MAX_REACH)?;
        let summary = LayerSummary {
            operation: layer.operation(),
            n_in: self.size,
            channels_in: self.channels,
            channels_out,
            padding,
            kernel,
            stride,
            n_out: output.size,
            jump_in: self.jump,
            jump_out: output.jump,
            receptive_field_in: self.receptive_field,
            receptive_field_out: output.receptive_field,
            input_activations: self.values(),
            parameters: window.parameters,
            non_trainable_parameters: window.non_trainable_parameters,
            start: output.start,
            output_activations: output.values(),
            macs: window.macs_per_output.saturating_mul(output.values()),
        };
        Ok((summary, output))
    }

    fn window(&self, layer: &Layer, position: usize) -> Result<Window, ArchitectureError> {
        let expect = |expected, found, unit| {
            (expected == found)
                .then_some(())
                .ok_or_else(|| ArchitectureError::InputMismatch {
                    layer: position,
                    operation: layer.operation(),
                    expected,
                    found,
                    unit,
                })
        };
        Ok(match layer {
            Layer::Convolution(convolution) => {
                expect(convolution.in_channels, self.channels, "channels")?;
                convolution.check_groups(layer, position)?;
                convolution.window()
            }
            Layer::MaxPool { kernel, stride } => self.pool(*kernel, *stride),
            Layer::GlobalAveragePool => self.pool(self.size, 1),
            Layer::FullyConnected {
                in_features,
                out_features,
            } => {
                expect(*in_features, self.values(), "features")?;
                Window {
                    kernel: self.size,
                    stride: 1,
                    padding: 0,
                    channels_out: *out_features,
                    parameters: in_features.saturating_add(1).saturating_mul(*out_features),
                    non_trainable_parameters: 0,
                    macs_per_output: *in_features,
                }
            }
        })
    }

    fn pool(&self, kernel: usize, stride: usize) -> Window {
        Window {
            kernel,
            stride,
            padding: 0,
            channels_out: self.channels,
            parameters: 0,
            non_trainable_parameters: 0,
            macs_per_output: 0,
        }
    }

    fn values(&self) -> usize {
        self.channels
            .saturating_mul(self.size)
            .saturating_mul(self.size)
    }
}

/// Height and width of the map that a layer yields; none where its kernel does not fit.
fn map_size(size: usize, kernel: usize, stride: usize, padding: usize) -> Option<usize> {
    let room = size
        .checked_add(padding.checked_mul(2)?)?
        .checked_sub(kernel)?;
    Some(room / stride + 1)
}

impl Convolution {
    fn check_groups(&self, layer: &Layer, position: usize) -> Result<(), ArchitectureError> {
        let (groups, in_channels, out_channels) =
            (self.groups, self.in_channels, self.out_channels);
        if groups == 0 {
            return Err(ArchitectureError::Zero {
                layer: position,
                operation: layer.operation(),
                quantity: "its number of groups",
            });
        }
        if !in_channels.is_multiple_of(groups) || !out_channels.is_multiple_of(groups) {
            return Err(ArchitectureError::UnevenGroups {
                layer: position,
                operation: layer.operation(),
                groups,
                in_channels,
                out_channels,
            });
        }
        Ok(())
    }

    fn window(&self) -> Window {
        let weights_per_output = (self.in_channels / self.groups)
            .saturating_mul(self.kernel)
            .saturating_mul(self.kernel);
        let normalisation = if self.batch_norm {
            self.out_channels.saturating_mul(2)
        } else {
            0
        };
        Window {
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
            channels_out: self.out_channels,
            parameters: weights_per_output
                .saturating_mul(self.out_channels)
                .saturating_add(normalisation),
            non_trainable_parameters: normalisation,
            macs_per_output: weights_per_output,
        }
    }
}
