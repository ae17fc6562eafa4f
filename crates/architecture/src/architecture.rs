//! The one description of a network: its layers, as plain serialisable data.

use serde::{Deserialize, Serialize};

use crate::layer::after;
use crate::{ArchitectureError, Convolution, Layer, Limits, PerAxis, Pool, Summary};

/// A network for square images: the shape of its input and its layers, first to last.
///
/// Built layer by layer, each taking the channels that the one before yields:
///
/// ```
/// use architecture::Architecture;
///
/// let architecture = Architecture::new(1, 28)
///     .convolution_block(8, 3)
///     .max_pool(2)
///     .convolution_block(16, 3)
///     .convolution_head(10);
/// assert_eq!(architecture.summary()?.totals.parameters, 80 + 1168 + 170);
/// # Ok::<(), architecture::ArchitectureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Channels of the input image (1 for grey).
    pub input_channels: usize,
    /// Height and width of the input image, in pixels.
    pub input_size: usize,
    /// The layers, first to last.
    pub layers: Vec<Layer>,
}

impl Architecture {
    /// A network without layers for images `[channels, size, size]`.
    pub fn new(input_channels: usize, input_size: usize) -> Self {
        Self {
            input_channels,
            input_size,
            layers: Vec::new(),
        }
    }

    /// Appends any layer.
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Appends a convolution with a bias and ReLU: stride 1, no padding, no batch normalisation yet.
    pub fn convolution_block(self, out_channels: usize, kernel: usize) -> Self {
        self.convolution(out_channels, kernel, 1, true)
    }

    /// Appends a depthwise convolution, each channel by itself, with a bias and ReLU: stride 1, no padding, no batch
    /// normalisation yet.
    pub fn depthwise_block(self, kernel: usize) -> Self {
        let channels = self.output_channels();
        self.convolution(channels, kernel, channels, true)
    }

    /// Appends a depthwise-separable convolution: a depthwise block over space, then a 1×1 convolution block over channels
    /// (A. G. Howard et al., "MobileNets", 2017). It takes the place of a convolution block with far fewer weights.
    pub fn separable_block(self, out_channels: usize, kernel: usize) -> Self {
        self.depthwise_block(kernel)
            .convolution_block(out_channels, 1)
    }

    /// Appends a depthwise-separable convolution whose depthwise part is linear: nothing follows it but the 1×1 convolution
    /// block. It has a bias (or two weights of batch normalisation) a channel less than a [separable
    /// block](Self::separable_block), and one ReLU less.
    pub fn linear_separable_block(self, out_channels: usize, kernel: usize) -> Self {
        let channels = self.output_channels();
        self.convolution(channels, kernel, channels, false)
            .convolution_block(out_channels, 1)
    }

    /// Appends max-pooling of non-overlapping `kernel`×`kernel` windows.
    pub fn max_pool(self, kernel: usize) -> Self {
        self.layer(Layer::MaxPool(Pool::new(kernel, kernel)))
    }

    /// Ends the network in a 1×1 convolution with a bias to one map per class, and their means: no fully connected layer.
    pub fn convolution_head(self, classes: usize) -> Self {
        let in_channels = self.output_channels();
        self.layer(Layer::Convolution(Convolution {
            bias: true,
            ..Convolution::new(in_channels, classes, 1)
        }))
        .layer(Layer::GlobalAveragePool)
    }

    /// Ends the network in the mean of each channel, and a fully connected layer from these to the classes.
    pub fn fully_connected_head(self, classes: usize) -> Self {
        let in_features = self.output_channels();
        self.layer(Layer::GlobalAveragePool)
            .layer(Layer::FullyConnected {
                in_features,
                out_features: classes,
            })
    }

    /// Ends the network in a fully connected layer in two factors: a depthwise convolution as large as the map, which sums each
    /// channel with a weight for every position, and a matrix from these sums to the classes. A matrix from every position
    /// of every channel would have several times as many weights; the mean of each channel, on the other hand, forgets
    /// where things are (S. Chen et al., "MobileFaceNets", 2018, call it global depthwise convolution).
    pub fn factored_head(self, classes: usize) -> Self {
        let channels = self.output_channels();
        let size = self.map_size();
        self.convolution(channels, size, channels, false)
            .layer(Layer::FullyConnected {
                in_features: channels,
                out_features: classes,
            })
    }

    /// The same network with batch normalisation before every ReLU, in place of the biases there.
    pub fn with_batch_norm(mut self) -> Self {
        self.layers.iter_mut().for_each(Layer::set_batch_norm);
        self
    }

    /// The same network with its [convolution head](Self::convolution_head) replaced by a [factored](Self::factored_head)
    /// fully connected one.
    ///
    /// # Errors
    ///
    /// It has no convolution head.
    pub fn with_factored_head(mut self) -> Result<Self, ArchitectureError> {
        match self.layers.as_slice() {
            [.., Layer::Convolution(head), Layer::GlobalAveragePool] if !head.relu => {
                let classes = head.out_channels;
                self.layers.truncate(self.layers.len() - 2);
                Ok(self.factored_head(classes))
            }
            _ => Err(ArchitectureError::NoConvolutionHead),
        }
    }

    /// Whether any convolution is followed by batch normalisation.
    pub fn has_batch_norm(&self) -> bool {
        let normalised = |layer: &Layer| matches!(layer, Layer::Convolution(c) if c.batch_norm);
        self.layers.iter().any(|layer| layer.has(&normalised))
    }

    /// Whether any layer is fully connected.
    pub fn has_fully_connected(&self) -> bool {
        let connected = |layer: &Layer| matches!(layer, Layer::FullyConnected { .. });
        self.layers.iter().any(|layer| layer.has(&connected))
    }

    /// Sizes, receptive fields, parameters and multiply-adds, layer by layer.
    ///
    /// # Errors
    ///
    /// An architecture that cannot be built, or is larger than [`Limits::DESCRIBED`], with the layer at fault.
    pub fn summary(&self) -> Result<Summary, ArchitectureError> {
        Summary::within(self, Limits::DESCRIBED)
    }

    /// Checks that the network can be built and trained within [`Limits::TRAINED`], takes images `[channels, size, size]`,
    /// and has an output for each class.
    ///
    /// # Errors
    ///
    /// It cannot, or takes or gives something else. Says what, and what was expected.
    pub fn check(
        &self,
        size: usize,
        channels: usize,
        classes: usize,
    ) -> Result<(), ArchitectureError> {
        let outputs = self.summary()?.outputs();
        if (self.input_size, self.input_channels) != (size, channels) {
            return Err(ArchitectureError::OtherImages {
                size: self.input_size,
                channels: self.input_channels,
                expected_size: size,
                expected_channels: channels,
            });
        }
        if outputs != classes {
            return Err(ArchitectureError::OtherClasses { outputs, classes });
        }
        self.check_trainable()?;
        Summary::within(self, Limits::TRAINED).map(drop)
    }

    /// Appends a convolution, with a bias where ReLU follows.
    fn convolution(
        self,
        out_channels: usize,
        kernel: impl Into<PerAxis>,
        groups: usize,
        relu: bool,
    ) -> Self {
        let in_channels = self.output_channels();
        self.layer(Layer::Convolution(Convolution {
            groups,
            bias: relu,
            relu,
            ..Convolution::new(in_channels, out_channels, kernel)
        }))
    }

    /// Size of the last layer's map; 0 where a layer cannot be built, of which the whole network's summary then tells.
    fn map_size(&self) -> PerAxis {
        if self.layers.is_empty() {
            return self.input_size.into();
        }
        let summary = self.summary().ok();
        let last = summary.and_then(|summary| summary.layers.last().map(|layer| layer.n_out));
        last.unwrap_or_default()
    }

    fn output_channels(&self) -> usize {
        after(&self.layers, self.input_channels)
    }
}
