//! The one description of a network: a list of layers, as plain serialisable data.

use serde::{Deserialize, Serialize};

use crate::{ArchitectureError, Limits, Summary};

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
/// assert_eq!(architecture.summary()?.totals.parameters, 72 + 1152 + 160);
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

/// One layer of an [`Architecture`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// A two-dimensional convolution and what belongs to it.
    Convolution(Convolution),
    /// The largest value of each `kernel`×`kernel` window.
    MaxPool {
        /// Height and width of the window.
        kernel: usize,
        /// Distance between windows.
        stride: usize,
    },
    /// The mean of each channel's whole map.
    GlobalAveragePool,
    /// A matrix and a bias over all values of the layer before.
    FullyConnected {
        /// Channels × height × width of the layer before.
        in_features: usize,
        /// Number of outputs.
        out_features: usize,
    },
}

/// A convolution block: convolution (no bias), then batch normalisation and ReLU where wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output, which is the number of kernels.
    pub out_channels: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Distance between neighbouring positions of the kernel.
    pub stride: usize,
    /// Zeros added on each side of the map.
    pub padding: usize,
    /// Into how many groups the channels are split: a group's outputs see only its inputs. As many as channels is a
    /// depthwise convolution.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Whether batch normalisation follows.
    pub batch_norm: bool,
    /// Whether ReLU follows.
    pub relu: bool,
}

fn one() -> usize {
    1
}

fn is_one(groups: &usize) -> bool {
    *groups == 1
}

impl Convolution {
    /// Whether every channel is convolved by itself, with one kernel each.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && [self.in_channels, self.out_channels] == [self.groups; 2]
    }
}

impl Layer {
    /// What the layer is called in tables and errors, for example `Conv 3×3 + BN + ReLU`.
    pub fn operation(&self) -> String {
        match self {
            Self::Convolution(convolution) => {
                let kind = if convolution.is_depthwise() {
                    "Depthwise"
                } else {
                    "Conv"
                };
                let mut name = format!("{kind} {0}×{0}", convolution.kernel);
                if convolution.groups != 1 && !convolution.is_depthwise() {
                    name += &format!(" ({} groups)", convolution.groups);
                }
                if convolution.batch_norm {
                    name += " + BN";
                }
                if convolution.relu {
                    name += " + ReLU";
                }
                name
            }
            Self::MaxPool { kernel, .. } => format!("Max-pool {kernel}×{kernel}"),
            Self::GlobalAveragePool => "Global average pool".into(),
            Self::FullyConnected { .. } => "Fully connected".into(),
        }
    }
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

    /// Appends a convolution with ReLU: stride 1, no padding, no batch normalisation yet.
    pub fn convolution_block(self, out_channels: usize, kernel: usize) -> Self {
        self.convolution(out_channels, kernel, 1, true)
    }

    /// Appends a depthwise convolution, each channel by itself, with ReLU: stride 1, no padding, no batch normalisation
    /// yet.
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
    /// block. It has two weights a channel less than a [separable block](Self::separable_block), and one ReLU less.
    pub fn linear_separable_block(self, out_channels: usize, kernel: usize) -> Self {
        let channels = self.output_channels();
        self.convolution(channels, kernel, channels, false)
            .convolution_block(out_channels, 1)
    }

    /// Appends max-pooling of non-overlapping `kernel`×`kernel` windows.
    pub fn max_pool(self, kernel: usize) -> Self {
        let stride = kernel;
        self.layer(Layer::MaxPool { kernel, stride })
    }

    /// Ends the network in a 1×1 convolution to one map per class, and their means: no fully connected layer.
    pub fn convolution_head(self, classes: usize) -> Self {
        self.convolution(classes, 1, 1, false)
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
        let side = self.map_side();
        self.convolution(channels, side, channels, false)
            .layer(Layer::FullyConnected {
                in_features: channels,
                out_features: classes,
            })
    }

    /// The same network with batch normalisation before every ReLU.
    pub fn with_batch_norm(mut self) -> Self {
        for layer in &mut self.layers {
            if let Layer::Convolution(convolution) = layer {
                convolution.batch_norm = convolution.relu;
            }
        }
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
        self.layers.iter().any(normalised)
    }

    /// Whether any layer is fully connected.
    pub fn has_fully_connected(&self) -> bool {
        let connected = |layer: &Layer| matches!(layer, Layer::FullyConnected { .. });
        self.layers.iter().any(connected)
    }

    /// Sizes, receptive fields, parameters and multiply-adds, layer by layer.
    ///
    /// # Errors
    ///
    /// An architecture that cannot be built, or is larger than [`Limits::DESCRIBED`], with the layer at fault.
    pub fn summary(&self) -> Result<Summary, ArchitectureError> {
        Summary::new(self)
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
        let summary = self.summary()?;
        let outputs = summary.outputs();
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
        summary.check(Limits::TRAINED)
    }

    fn convolution(self, out_channels: usize, kernel: usize, groups: usize, relu: bool) -> Self {
        let in_channels = self.output_channels();
        self.layer(Layer::Convolution(Convolution {
            in_channels,
            out_channels,
            kernel,
            stride: 1,
            padding: 0,
            groups,
            batch_norm: false,
            relu,
        }))
    }

    /// Height and width of the last layer's map; 0 where a layer cannot be built, of which the whole network's summary
    /// then tells.
    fn map_side(&self) -> usize {
        if self.layers.is_empty() {
            return self.input_size;
        }
        let summary = self.summary();
        summary.map_or(0, |summary| {
            summary.layers.last().map_or(0, |layer| layer.n_out)
        })
    }

    fn output_channels(&self) -> usize {
        self.layers
            .iter()
            .rev()
            .find_map(|layer| match layer {
                Layer::Convolution(convolution) => Some(convolution.out_channels),
                Layer::FullyConnected { out_features, .. } => Some(*out_features),
                Layer::MaxPool { .. } | Layer::GlobalAveragePool => None,
            })
            .unwrap_or(self.input_channels)
    }
}
