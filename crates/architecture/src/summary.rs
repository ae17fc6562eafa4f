//! Receptive field, map size, parameters and multiply-adds of every layer.
//!
//! Along each axis, for a window of kernel `k`, stride `s`, padding `p` and dilation `d` (V. Dumoulin and F. Visin, "A guide
//! to convolution arithmetic for deep learning", 2016; A. Araujo, W. Norris and J. Sim, "Computing Receptive Fields of
//! Convolutional Neural Networks", Distill, 2019):
//!
//! ```text
//! k'        = d · (k − 1) + 1                    what the kernel spans, with its gaps
//! n_out     = ⌊(n_in + 2p − k') / s⌋ + 1         size of the map
//! j_out     = j_in · s                           jump: input pixels between neighbouring outputs
//! r_out     = r_in + (k' − 1) · j_in             receptive field: input pixels from the first to the last that one output sees
//! start_out = start_in + ((k' − 1)/2 − p) · j_in centre of the first output's receptive field
//! ```
//!
//! An input pixel has j = 1, r = 1 and start = 0.5: positions are pixel centres. Global average pooling is a kernel
//! of the whole map. r is the theoretical field and is not clipped to the image.
//!
//! A value of a sum sees what it sees through any of the branches. Their maps and jumps must be equal. Where their fields have
//! the same centre, r is the largest of them; where they have not, for example with pools of even size in one of them, r and
//! start are of the pixels from the first to the last that any branch sees.
//!
//! A layer may come from a file that somebody else wrote, so all sums and products stop at the largest number there is:
//! what is as large as that is over one of the [limits](crate::Limits).

use serde::Serialize;

use crate::limits::{self, Tally};
use crate::map::Map;
use crate::walk::Walk;
use crate::{Architecture, ArchitectureError, Limits, MAX_SIDE, PerAxis};

/// Everything computed about an [`Architecture`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// One entry per layer, first to last. Those inside others are [parts](LayerSummary::parts) of these.
    pub layers: Vec<LayerSummary>,
    /// Sums and maxima over the layers.
    pub totals: Totals,
}

/// What is computed about one layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerSummary {
    /// The layer's name.
    pub operation: String,
    /// Size of the input map.
    pub n_in: PerAxis,
    /// Channels of the input.
    pub channels_in: usize,
    /// Channels of the output.
    pub channels_out: usize,
    /// The window that an output is computed from; none of a layer with layers inside.
    #[serde(flatten)]
    pub window: Option<Window>,
    /// Size of the output map.
    pub n_out: PerAxis,
    /// Jump of the input: image pixels between neighbouring values.
    pub jump_in: PerAxis,
    /// Jump of the output.
    pub jump_out: PerAxis,
    /// Receptive field of one value of the input, in image pixels.
    pub receptive_field_in: PerAxis,
    /// Receptive field of one value of the output.
    pub receptive_field_out: PerAxis,
    /// Values in the input: channels × height × width.
    pub input_activations: usize,
    /// Trainable parameters that no layer before has: weights, biases and those of batch normalisation. Repeated layers have
    /// their weights the first time.
    pub parameters: usize,
    /// Values kept but not trained: the running mean and variance of batch normalisation.
    pub non_trainable_parameters: usize,
    /// Centre of the first output's receptive field, in image pixels from the upper left edge.
    pub start: PerAxis<f64>,
    /// Values in the output: channels × height × width.
    pub output_activations: usize,
    /// Multiply-adds for one image, of convolutions and fully connected layers. Zeros of the padding count; biases,
    /// normalisation, pooling and sums do not.
    pub macs: usize,
    /// The layers inside: in a list for each branch of a sum, or for each time of a repeat. What they count is counted in this
    /// entry too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Vec<LayerSummary>>,
    /// Whether the layers inside are those of a repeat.
    #[serde(skip)]
    pub(crate) is_repeat: bool,
    /// Values that are held at once while the layer is computed.
    #[serde(skip)]
    pub(crate) held: usize,
}

impl LayerSummary {
    fn turns(self) -> Vec<Self> {
        if self.is_repeat {
            let inside = self.parts.into_iter().flatten();
            inside.flat_map(Self::turns).collect()
        } else {
            vec![self]
        }
    }
}

/// The window that a layer moves over its map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Window {
    /// Zeros added on each side.
    pub padding: PerAxis,
    /// Size of the kernel.
    pub kernel: PerAxis,
    /// Distance between neighbouring positions of the kernel.
    pub stride: PerAxis,
    /// Distance between neighbouring weights of the kernel.
    #[serde(skip_serializing_if = "crate::layer::has_no_gaps")]
    pub dilation: PerAxis,
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
    /// when every buffer is reused. Within a sum, its input is kept for the branches to come, and what those before have made
    /// is kept as one map.
    pub peak_activation_bytes: usize,
    /// Bytes of the input and all outputs, one image, 32-bit floats: what training keeps.
    pub total_activation_bytes: usize,
}

impl Summary {
    /// Computes the summary, checking each layer against the one before, and all against the limits.
    pub(crate) fn within(
        architecture: &Architecture,
        limits: Limits,
    ) -> Result<Self, ArchitectureError> {
        let (channels, size) = (architecture.input_channels, architecture.input_size);
        limits::check_count(&architecture.layers)?;
        if channels == 0 || size == 0 {
            return Err(ArchitectureError::EmptyInput { channels, size });
        }
        if size > MAX_SIDE {
            return Err(ArchitectureError::InputTooLarge { size });
        }
        let image = Map::of_image(channels, size);
        let mut walk = Walk {
            tally: Tally::new(limits, image.values()),
        };
        let (layers, _) = walk.layers(&architecture.layers, image, "", false)?;
        let totals = Totals::of(&layers, walk.tally.taken());
        Ok(Self { layers, totals })
    }

    /// The same with an entry for each layer as often as it is computed, in that order, in place of repeats: as a network for
    /// inference has them.
    pub fn unrolled(self) -> Self {
        Self {
            layers: self
                .layers
                .into_iter()
                .flat_map(LayerSummary::turns)
                .collect(),
            totals: self.totals,
        }
    }

    /// Number of values that the network yields for one image.
    pub fn outputs(&self) -> usize {
        self.layers
            .last()
            .map_or(0, |layer| layer.output_activations)
    }

    /// Every layer with its number from 1, those inside others after them: 4.1.2 is the second layer of the first branch, or of
    /// the first time, of layer 4.
    pub fn rows(&self) -> Vec<(String, &LayerSummary)> {
        let mut rows = Vec::new();
        add_rows(&self.layers, "", &mut rows);
        rows
    }
}

fn add_rows<'a>(
    layers: &'a [LayerSummary],
    before: &str,
    rows: &mut Vec<(String, &'a LayerSummary)>,
) {
    for (number, layer) in (1..).zip(layers) {
        let name = format!("{before}{number}");
        rows.push((name.clone(), layer));
        for (part, layers) in (1..).zip(&layer.parts) {
            add_rows(layers, &format!("{name}.{part}."), rows);
        }
    }
}

impl Totals {
    /// Of layers that take so much.
    fn of(layers: &[LayerSummary], taken: Limits) -> Self {
        let kept = layers.iter().map(|layer| layer.non_trainable_parameters);
        let held = layers.iter().map(|layer| layer.held).max();
        Self {
            parameters: taken.parameters,
            non_trainable_parameters: kept.sum(),
            macs: taken.macs,
            peak_activation_bytes: limits::bytes(held.unwrap_or(0)),
            total_activation_bytes: taken.activation_bytes,
        }
    }
}
