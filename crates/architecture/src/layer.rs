//! A layer, as plain serialisable data.

use serde::{Deserialize, Serialize};

use crate::PerAxis;

/// One layer of an [`Architecture`](crate::Architecture). Two kinds of layers have layers inside, so that a network is a
/// tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case", deny_unknown_fields)]
pub enum Layer {
    /// A two-dimensional convolution and what belongs to it.
    Convolution(Convolution),
    /// The largest value of each window. What is added on the sides is never the largest.
    MaxPool(Pool),
    /// The mean of each window. Zeros that are added on the sides count: it is always divided by the window's size.
    AveragePool(Pool),
    /// The mean of each channel's whole map.
    GlobalAveragePool,
    /// A matrix and a bias over all values of the layer before.
    FullyConnected {
        /// Channels × height × width of the layer before.
        in_features: usize,
        /// Number of outputs.
        out_features: usize,
    },
    /// The same layers several times in a row. All times have the same weights and biases, which are counted once and
    /// computed with every time; each time has a batch normalisation of its own.
    Repeat {
        /// How many times, at least 1.
        times: usize,
        /// What is repeated.
        layers: Vec<Layer>,
    },
    /// The sum of what several branches make of the same input, value by value. A branch without layers is the input itself:
    /// with one of these, it is a residual connection (K. He, X. Zhang, S. Ren and J. Sun, "Deep Residual Learning for Image
    /// Recognition", 2016).
    Sum {
        /// The layers of each branch, at least two branches. All make maps of the same shape.
        branches: Vec<Vec<Layer>>,
        /// Whether ReLU follows the sum.
        relu: bool,
    },
}

/// A convolution block: convolution, then batch normalisation and ReLU where wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convolution {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output, which is the number of kernels.
    pub out_channels: usize,
    /// Size of the kernel: weights along each axis.
    pub kernel: PerAxis,
    /// Distance between neighbouring positions of the kernel.
    pub stride: PerAxis,
    /// Zeros added on each side of the map: above and below `height` rows each, left and right `width` columns each.
    pub padding: PerAxis,
    /// Distance between neighbouring weights of the kernel on the map: 1 where there are no gaps.
    #[serde(default = "no_gaps", skip_serializing_if = "has_no_gaps")]
    pub dilation: PerAxis,
    /// Into how many groups the channels are split: a group's outputs see only its inputs. As many as channels is a
    /// depthwise convolution.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Whether a bias is added to each output channel.
    #[serde(default, skip_serializing_if = "is_false")]
    pub bias: bool,
    /// Whether batch normalisation follows.
    pub batch_norm: bool,
    /// Whether ReLU follows.
    pub relu: bool,
}

/// The windows of a pooling layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Size of the window.
    pub kernel: PerAxis,
    /// Distance between windows.
    pub stride: PerAxis,
    /// Values added on each side of the map.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub padding: PerAxis,
}

fn one() -> usize {
    1
}

fn is_one(groups: &usize) -> bool {
    *groups == 1
}

fn is_false(wanted: &bool) -> bool {
    !wanted
}

fn no_gaps() -> PerAxis {
    1.into()
}

pub(crate) fn has_no_gaps(dilation: &PerAxis) -> bool {
    *dilation == no_gaps()
}

fn is_nothing(padding: &PerAxis) -> bool {
    *padding == PerAxis::default()
}

impl Convolution {
    /// A convolution and nothing else: stride 1, no padding, dilation or groups, no bias, batch normalisation or ReLU.
    pub fn new(in_channels: usize, out_channels: usize, kernel: impl Into<PerAxis>) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel: kernel.into(),
            stride: 1.into(),
            padding: 0.into(),
            dilation: no_gaps(),
            groups: 1,
            bias: false,
            batch_norm: false,
            relu: false,
        }
    }

    /// Whether every channel is convolved by itself, with one kernel each.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && [self.in_channels, self.out_channels] == [self.groups; 2]
    }

    fn operation(&self) -> String {
        let depthwise = self.is_depthwise();
        let kind = if depthwise { "Depthwise" } else { "Conv" };
        let mut name = format!("{kind} {}", self.kernel.sides());
        let mut details = Vec::new();
        if self.groups != 1 && !depthwise {
            details.push(format!("{} groups", self.groups));
        }
        if !has_no_gaps(&self.dilation) {
            details.push(format!("dilation {}", self.dilation));
        }
        if !details.is_empty() {
            name += &format!(" ({})", details.join(", "));
        }
        for (wanted, follows) in [
            (self.bias, " + bias"),
            (self.batch_norm, " + BN"),
            (self.relu, " + ReLU"),
        ] {
            if wanted {
                name += follows;
            }
        }
        name
    }
}

impl Pool {
    /// Windows of this size and distance, without padding.
    pub fn new(kernel: impl Into<PerAxis>, stride: impl Into<PerAxis>) -> Self {
        Self {
            kernel: kernel.into(),
            stride: stride.into(),
            padding: 0.into(),
        }
    }
}

impl Layer {
    /// What the layer is called in tables and errors, for example `Conv 3×3 + BN + ReLU`.
    pub fn operation(&self) -> String {
        match self {
            Self::Convolution(convolution) => convolution.operation(),
            Self::MaxPool(pool) => format!("Max-pool {}", pool.kernel.sides()),
            Self::AveragePool(pool) => format!("Average pool {}", pool.kernel.sides()),
            Self::GlobalAveragePool => "Global average pool".into(),
            Self::FullyConnected { .. } => "Fully connected".into(),
            Self::Repeat { times, .. } => format!("Repeat {times} times"),
            Self::Sum { branches, relu } => {
                let relu = if *relu { " + ReLU" } else { "" };
                format!("Sum of {} branches{relu}", branches.len())
            }
        }
    }

    /// The layers inside, in one list for each branch of a sum; none of a layer that has none inside.
    pub fn inside(&self) -> &[Vec<Layer>] {
        match self {
            Self::Repeat { layers, .. } => std::slice::from_ref(layers),
            Self::Sum { branches, .. } => branches,
            _ => &[],
        }
    }

    /// Whether this layer, or one inside it, is such a layer.
    pub fn has(&self, is_such: &impl Fn(&Layer) -> bool) -> bool {
        let inside = || self.inside().iter().flatten();
        is_such(self) || inside().any(|layer| layer.has(is_such))
    }

    /// Channels of the output for an input of `channels`.
    pub(crate) fn channels_out(&self, channels: usize) -> usize {
        match self {
            Self::Convolution(convolution) => convolution.out_channels,
            Self::FullyConnected { out_features, .. } => *out_features,
            Self::MaxPool(_) | Self::AveragePool(_) | Self::GlobalAveragePool => channels,
            Self::Repeat { .. } | Self::Sum { .. } => self
                .inside()
                .first()
                .map_or(channels, |layers| after(layers, channels)),
        }
    }

    /// Puts batch normalisation before every ReLU of a convolution, in place of the bias.
    pub(crate) fn set_batch_norm(&mut self) {
        match self {
            Self::Convolution(convolution) if convolution.relu => {
                convolution.batch_norm = true;
                convolution.bias = false;
            }
            Self::Repeat { layers, .. } => layers.iter_mut().for_each(Self::set_batch_norm),
            Self::Sum { branches, .. } => {
                let layers = branches.iter_mut().flatten();
                layers.for_each(Self::set_batch_norm);
            }
            _ => {}
        }
    }
}

/// Channels after layers in a row.
pub(crate) fn after(layers: &[Layer], channels: usize) -> usize {
    let layers = layers.iter();
    layers.fold(channels, |channels, layer| layer.channels_out(channels))
}
