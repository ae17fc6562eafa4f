//! Whether a network can be run.

use core::fmt;
use core::ops::Range;

use crate::requantize::SHIFTS;
use crate::{Layer, MAX_LAYERS, Map, Network, Operation, Scaling};

/// What is wrong with a network, and with which layer, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// There are none, or more than [`MAX_LAYERS`].
    NumberOfLayers,
    /// A size is 0, a kernel is larger than its padded map, or padding is as large as the kernel.
    Size(usize),
    /// Its input is not the output of the layer before.
    Input(usize),
    /// The channels cannot be split into these groups.
    Groups(usize),
    /// The weights, biases, multipliers or shifts are not as many as the sizes say.
    Weights(usize),
    /// A multiplier is negative, or a shift is not one of [`SHIFTS`].
    Scaling(usize),
    /// A sum may not fit into 32 bits.
    Overflow(usize),
    /// Rows overlap with others that are needed at the same time, or lie outside the memory.
    Window(usize),
    /// There are fewer sums than a layer needs.
    Sums(usize),
    /// The last layer is neither fully connected nor a mean.
    LastLayer,
}

impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (layer, what) = match self {
            Self::NumberOfLayers => {
                return write!(formatter, "it has not 1 to {MAX_LAYERS} layers");
            }
            Self::LastLayer => {
                return formatter.write_str("its last layer does not sum over its whole map");
            }
            Self::Size(layer) => (layer, "its sizes do not fit each other"),
            Self::Input(layer) => (layer, "it does not take what the layer before it makes"),
            Self::Groups(layer) => (layer, "its channels cannot be split into its groups"),
            Self::Weights(layer) => (layer, "it has too many or too few weights"),
            Self::Scaling(layer) => (layer, "its scales cannot be written in fixed point"),
            Self::Overflow(layer) => (layer, "its sums may not fit into 32 bits"),
            Self::Window(layer) => (layer, "its rows do not lie apart from others"),
            Self::Sums(layer) => (layer, "there is no room for its sums"),
        };
        write!(formatter, "layer {}: {what}", layer + 1)
    }
}

impl core::error::Error for Flaw {}

impl Network<'_> {
    /// Checks that the network can be [run](Self::run) on any image of its size: the layers fit each other, no sum overflows, and no
    /// row is overwritten before it is read for the last time.
    ///
    /// # Errors
    ///
    /// The first flaw.
    pub fn check(&self) -> Result<(), Flaw> {
        if !(1..=MAX_LAYERS).contains(&self.layers.len()) {
            return Err(Flaw::NumberOfLayers);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            self.check_sizes(index, layer)?;
            self.check_numbers(index, layer)?;
            self.check_memory(index, layer)?;
        }
        match self.layers.last().map(|layer| layer.operation) {
            Some(Operation::FullyConnected { .. } | Operation::Mean { .. }) => Ok(()),
            _ => Err(Flaw::LastLayer),
        }
    }

    fn check_sizes(&self, index: usize, layer: &Layer) -> Result<(), Flaw> {
        let Map {
            height,
            width,
            channels,
        } = layer.input;
        if [height, width, channels].contains(&0) {
            return Err(Flaw::Size(index));
        }
        if index > 0 && self.layers[index - 1].output() != layer.input {
            return Err(Flaw::Input(index));
        }
        match layer.operation {
            Operation::Convolution {
                kernel,
                stride,
                padding,
                ..
            } => {
                let padded = |side: u16| u32::from(side) + 2 * u32::from(padding);
                // Positions are counted in 16 bits.
                let fits = (u32::from(kernel)..=u16::MAX.into()).contains(&padded(height))
                    && (u32::from(kernel)..=u16::MAX.into()).contains(&padded(width));
                if stride == 0 || kernel == 0 || padding >= kernel || !fits {
                    return Err(Flaw::Size(index));
                }
            }
            Operation::MaxPool { size } => {
                if !(1..=height.min(width)).contains(&size) {
                    return Err(Flaw::Size(index));
                }
            }
            Operation::FullyConnected { .. } | Operation::Mean { .. } => {}
        }
        Ok(())
    }

    fn check_numbers(&self, index: usize, layer: &Layer) -> Result<(), Flaw> {
        let Some((groups, kernel, weights, scaling)) = layer.numbers() else {
            return Ok(());
        };
        let (inputs, outputs) = (usize::from(layer.input.channels), scaling.bias.len());
        let mean = matches!(layer.operation, Operation::Mean { .. });
        if groups == 0
            || !inputs.is_multiple_of(groups)
            || outputs == 0
            || !outputs.is_multiple_of(groups)
            || mean && outputs != inputs
        {
            return Err(Flaw::Groups(index));
        }
        let of_output = kernel * (inputs / groups);
        let counts = [scaling.multiplier.len(), scaling.shift.len()];
        let expected = weights.map_or(0, |_| of_output * outputs);
        if counts != [outputs; 2]
            || outputs > usize::from(u16::MAX)
            || weights.map_or(0, <[i8]>::len) != expected
        {
            return Err(Flaw::Weights(index));
        }
        let mut fixed_point = scaling.multiplier.iter().zip(scaling.shift);
        if !fixed_point.all(|(multiplier, shift)| *multiplier >= 0 && SHIFTS.contains(shift)) {
            return Err(Flaw::Scaling(index));
        }
        for (output, bias) in scaling.bias.iter().enumerate() {
            let of_output = match weights {
                Some(weights) => weights[output * of_output..][..of_output]
                    .iter()
                    .map(|weight| i64::from(weight.unsigned_abs()))
                    .sum(),
                None => of_output as i64,
            };
            // However the terms are added up, no part of the sum is larger.
            let most = i64::from(bias.unsigned_abs()) + i64::from(u8::MAX) * of_output;
            if most > i64::from(i32::MAX) {
                return Err(Flaw::Overflow(index));
            }
        }
        Ok(())
    }

    fn check_memory(&self, index: usize, layer: &Layer) -> Result<(), Flaw> {
        let sums = match layer.operation {
            Operation::FullyConnected { scaling, .. } | Operation::Mean { scaling } => {
                scaling.bias.len()
            }
            _ => 0,
        };
        if sums > self.sums {
            return Err(Flaw::Sums(index));
        }
        if index == 0 {
            return Ok(());
        }
        let rows = layer.rows();
        if rows.end > self.rows {
            return Err(Flaw::Window(index));
        }
        for other in 1..index {
            let apart = rows.end <= self.layers[other].rows().start
                || self.layers[other].rows().end <= rows.start;
            let in_turn = other + 1 < index && self.is_passing(index) && self.is_passing(other);
            if !apart && !in_turn {
                return Err(Flaw::Window(index));
            }
        }
        Ok(())
    }
}

impl<'a> Layer<'a> {
    /// Groups, weights of a kernel for one channel, weights if there are any, and scaling of a layer that sums.
    fn numbers(&self) -> Option<(usize, usize, Option<&'a [i8]>, Scaling<'a>)> {
        let map = usize::from(self.input.height) * usize::from(self.input.width);
        match self.operation {
            Operation::Convolution {
                kernel,
                groups,
                weights,
                scaling,
                ..
            } => {
                let kernel = usize::from(kernel) * usize::from(kernel);
                Some((groups.into(), kernel, Some(weights), scaling))
            }
            Operation::FullyConnected {
                groups,
                weights,
                scaling,
            } => Some((groups.into(), map, Some(weights), scaling)),
            Operation::Mean { scaling } => Some((self.input.channels.into(), map, None, scaling)),
            Operation::MaxPool { .. } => None,
        }
    }

    /// Where the rows of its input lie.
    fn rows(&self) -> Range<usize> {
        let start = self.window as usize;
        start..start.saturating_add(self.window_bytes())
    }
}
