//! A network as constant data.

/// A network: its layers, first to last, and the memory that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network<'a> {
    /// The layers. The first reads the image; the last is [fully connected](Operation::FullyConnected) or a
    /// [mean](Operation::Mean), and gives the scores.
    pub layers: &'a [Layer<'a>],
    /// Bytes for rows of maps.
    pub rows: usize,
    /// Number of 32-bit sums.
    pub sums: usize,
}

/// The shape of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// Number of rows.
    pub height: u16,
    /// Pixels of a row.
    pub width: u16,
    /// Values of a pixel, which lie one after the other.
    pub channels: u16,
}

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer<'a> {
    /// What it computes.
    pub operation: Operation<'a>,
    /// Its input.
    pub input: Map,
    /// Where the rows of its input begin among the network's [rows](Network::rows). Of no meaning for the first layer, which reads
    /// the image.
    pub window: u32,
}

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// A convolution, with ReLU where its [zero](Scaling::zero) is 0.
    Convolution {
        /// Height and width of the kernel.
        kernel: u16,
        /// Distance between neighbouring positions of the kernel.
        stride: u16,
        /// Rows and columns added on each side of the map.
        padding: u16,
        /// The activation that is added: what stands for 0.
        padding_value: u8,
        /// Into how many groups the channels are split; as many as channels is a depthwise convolution.
        groups: u16,
        /// `[out_channels, kernel, kernel, in_channels / groups]`.
        weights: &'a [i8],
        /// From sums to activations.
        scaling: Scaling<'a>,
    },
    /// The largest value of each `size`×`size` window. The windows do not overlap; what remains on the right and below is left out.
    MaxPool {
        /// Height and width of a window, and the distance between windows.
        size: u16,
    },
    /// For each output, a sum over the whole map: a fully connected layer or, with as many groups as channels, a depthwise convolution
    /// as large as the map.
    FullyConnected {
        /// Into how many groups the channels are split.
        groups: u16,
        /// `[outputs, height, width, in_channels / groups]`.
        weights: &'a [i8],
        /// From sums to activations or, in the last layer, to scores.
        scaling: Scaling<'a>,
    },
    /// The mean of each channel's whole map. The division is part of the scaling.
    Mean {
        /// From sums to activations or, in the last layer, to scores.
        scaling: Scaling<'a>,
    },
}

/// From sums to activations, for each output channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaling<'a> {
    /// What a sum begins with.
    pub bias: &'a [i32],
    /// See [`multiply`](crate::requantize::multiply).
    pub multiplier: &'a [i32],
    /// See [`multiply`](crate::requantize::multiply).
    pub shift: &'a [i8],
    /// The activation that stands for 0. Of no meaning for scores.
    pub zero: u8,
}

impl Map {
    /// Values of a row.
    pub fn row(&self) -> usize {
        usize::from(self.width) * usize::from(self.channels)
    }

    /// Values of the whole map.
    pub fn values(&self) -> usize {
        usize::from(self.height) * self.row()
    }
}

impl Layer<'_> {
    /// The shape of its output; of no meaning where [`Network::check`] fails.
    pub fn output(&self) -> Map {
        let Map {
            height,
            width,
            channels,
        } = self.input;
        match self.operation {
            Operation::Convolution {
                kernel,
                stride,
                padding,
                scaling,
                ..
            } => {
                let side = |side: u16| {
                    let padded = u32::from(side) + 2 * u32::from(padding);
                    let positions =
                        padded.saturating_sub(kernel.into()) / u32::from(stride.max(1)) + 1;
                    u16::try_from(positions).unwrap_or(u16::MAX)
                };
                Map {
                    height: side(height),
                    width: side(width),
                    channels: scaling.channels(),
                }
            }
            Operation::MaxPool { size } => Map {
                height: height / size.max(1),
                width: width / size.max(1),
                channels,
            },
            Operation::FullyConnected { scaling, .. } | Operation::Mean { scaling } => Map {
                height: 1,
                width: 1,
                channels: scaling.channels(),
            },
        }
    }

    /// How many rows of its input it holds.
    pub fn window_rows(&self) -> usize {
        match self.operation {
            Operation::Convolution { kernel, .. } => usize::from(kernel.min(self.input.height)),
            _ => 1,
        }
    }

    /// Bytes of the rows of its input.
    pub fn window_bytes(&self) -> usize {
        self.window_rows() * self.input.row()
    }

    /// Whether it is done with a row of its input before the layer before it makes another.
    pub(crate) fn takes_rows_at_once(&self) -> bool {
        match self.operation {
            Operation::Convolution {
                kernel, padding, ..
            } => kernel == 1 && padding == 0,
            _ => true,
        }
    }

    /// Whether it makes a row of its output in several steps, between which other rows of other layers are made.
    pub(crate) fn makes_rows_slowly(&self) -> bool {
        matches!(self.operation, Operation::MaxPool { .. })
    }
}

impl Network<'_> {
    /// Whether the input of a layer is a row that is made and read before any other row is made but the one that it is made of and
    /// the one that is made of it. Memory of such rows can be shared.
    pub fn is_passing(&self, layer: usize) -> bool {
        let Some(before) = layer.checked_sub(1) else {
            return false;
        };
        self.layers[layer].takes_rows_at_once() && !self.layers[before].makes_rows_slowly()
    }

    /// The shape of the image: one channel for grey.
    pub fn image(&self) -> Option<Map> {
        self.layers.first().map(|layer| layer.input)
    }

    /// Number of scores.
    pub fn scores(&self) -> usize {
        let last = self.layers.last();
        last.map_or(0, |layer| layer.output().channels.into())
    }
}

impl Scaling<'_> {
    /// Number of output channels.
    pub(crate) fn channels(&self) -> u16 {
        u16::try_from(self.bias.len()).unwrap_or(u16::MAX)
    }
}
