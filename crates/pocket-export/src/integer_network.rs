//! A network in integers that owns its numbers.

use kernels::inference::Layer;
use mnist::{CLASSES, PIXELS};
use pocket::{Map, Memory, Network, Operation, Scaling};

use crate::plan::plan;
use crate::quantization::{fixed_point, quantize};
use crate::{Inexpressible, Range};

/// A network of digits in integers: as [`pocket::Network`], but made when the program runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerNetwork {
    pub(crate) layers: Vec<OwnedLayer>,
    /// Bytes for rows of maps.
    pub(crate) rows: usize,
    /// Number of 32-bit sums.
    pub(crate) sums: usize,
}

/// As [`pocket::Layer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedLayer {
    pub kind: Kind,
    pub input: Map,
    pub window: u32,
}

/// As [`pocket::Operation`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Convolution {
        kernel: u16,
        stride: u16,
        padding: u16,
        padding_value: u8,
        groups: u16,
        weights: Vec<i8>,
        scaling: OwnedScaling,
    },
    MaxPool {
        size: u16,
    },
    FullyConnected {
        groups: u16,
        weights: Vec<i8>,
        scaling: OwnedScaling,
    },
    Mean {
        scaling: OwnedScaling,
    },
}

/// As [`pocket::Scaling`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedScaling {
    pub bias: Vec<i32>,
    pub multiplier: Vec<i32>,
    pub shift: Vec<i8>,
    pub zero: u8,
}

impl OwnedScaling {
    pub fn new(zero: u8) -> Self {
        Self {
            bias: Vec::new(),
            multiplier: Vec::new(),
            shift: Vec::new(),
            zero,
        }
    }

    /// Adds a channel whose sum begins with `bias` and is then multiplied by `factor`. A bias beyond 32 bits is the nearest within,
    /// which [`Network::check`] refuses.
    pub fn push(&mut self, bias: f64, factor: f64) {
        let (multiplier, shift) = fixed_point(factor);
        self.bias.push(bias.round() as i32);
        self.multiplier.push(multiplier);
        self.shift.push(shift);
    }

    fn view(&self) -> Scaling<'_> {
        Scaling {
            bias: &self.bias,
            multiplier: &self.multiplier,
            shift: &self.shift,
            zero: self.zero,
        }
    }
}

impl OwnedLayer {
    pub fn view(&self) -> pocket::Layer<'_> {
        let operation = match &self.kind {
            Kind::Convolution {
                kernel,
                stride,
                padding,
                padding_value,
                groups,
                weights,
                scaling,
            } => Operation::Convolution {
                kernel: *kernel,
                stride: *stride,
                padding: *padding,
                padding_value: *padding_value,
                groups: *groups,
                weights,
                scaling: scaling.view(),
            },
            Kind::MaxPool { size } => Operation::MaxPool { size: *size },
            Kind::FullyConnected {
                groups,
                weights,
                scaling,
            } => Operation::FullyConnected {
                groups: *groups,
                weights,
                scaling: scaling.view(),
            },
            Kind::Mean { scaling } => Operation::Mean {
                scaling: scaling.view(),
            },
        };
        pocket::Layer {
            operation,
            input: self.input,
            window: self.window,
        }
    }

    /// Its weights; none where it has none.
    pub fn weights(&self) -> &[i8] {
        match &self.kind {
            Kind::Convolution { weights, .. } | Kind::FullyConnected { weights, .. } => weights,
            Kind::MaxPool { .. } | Kind::Mean { .. } => &[],
        }
    }

    /// Its scaling, where it sums.
    pub fn scaling(&self) -> Option<&OwnedScaling> {
        match &self.kind {
            Kind::Convolution { scaling, .. }
            | Kind::FullyConnected { scaling, .. }
            | Kind::Mean { scaling } => Some(scaling),
            Kind::MaxPool { .. } => None,
        }
    }
}

impl IntegerNetwork {
    /// Quantises a network for digits: its layers with batch normalisation folded in, and the [range](crate::calibrate) of each
    /// layer's outputs.
    ///
    /// # Errors
    ///
    /// Integers cannot express the network.
    pub fn new(layers: &[Layer], ranges: &[Range]) -> Result<Self, Inexpressible> {
        let mut layers = quantize(layers, ranges)?;
        let rows = plan(&mut layers);
        let sums = layers.iter().filter_map(|layer| match &layer.kind {
            Kind::FullyConnected { scaling, .. } | Kind::Mean { scaling } => {
                Some(scaling.bias.len())
            }
            _ => None,
        });
        let sums = sums.max().unwrap_or(0);
        let network = Self { layers, rows, sums };
        network.with(|network| network.check())?;
        match network.with(|network| network.scores()) {
            CLASSES => Ok(network),
            scores => Err(Inexpressible::OtherClasses(scores)),
        }
    }

    /// Calls `use_it` with the network as [`pocket`] takes it.
    pub fn with<T>(&self, use_it: impl FnOnce(&Network) -> T) -> T {
        let layers: Vec<pocket::Layer> = self.layers.iter().map(OwnedLayer::view).collect();
        use_it(&Network {
            layers: &layers,
            rows: self.rows,
            sums: self.sums,
        })
    }

    /// The scores of images, each `[28 × 28]`: logits times [`SCORE_ONE`](pocket::SCORE_ONE).
    pub fn scores<'a>(
        &self,
        images: impl IntoIterator<Item = &'a [u8; PIXELS]>,
    ) -> Vec<[i32; CLASSES]> {
        let (mut rows, mut sums) = (vec![0; self.rows], vec![0; self.sums]);
        self.with(|network| {
            let scores = images.into_iter().map(|image| {
                let memory = Memory {
                    rows: &mut rows,
                    sums: &mut sums,
                };
                let mut scores = [0; CLASSES];
                scores.copy_from_slice(network.run(image, memory));
                scores
            });
            scores.collect()
        })
    }

    /// Bytes of its numbers: weights, and for each output channel a bias, a multiplier and a shift.
    pub fn numbers_bytes(&self) -> usize {
        let bytes = self.layers.iter().map(|layer| {
            let channels = layer.scaling().map_or(0, |scaling| scaling.bias.len());
            layer.weights().len() + channels * (2 * size_of::<i32>() + size_of::<i8>())
        });
        bytes.sum()
    }

    /// Bytes of memory that a run needs beside the image and the stack: rows and sums.
    pub fn memory_bytes(&self) -> usize {
        self.rows + size_of::<i32>() * self.sums
    }
}

/// The digit of the highest score, and the smallest of several with the same score.
pub fn most_probable(scores: &[i32; CLASSES]) -> usize {
    let digits = scores.iter().enumerate().rev();
    digits
        .max_by_key(|(_, score)| **score)
        .map_or(0, |(digit, _)| digit)
}
