//! The pipeline: a row is made as soon as the rows that it needs are there.

use crate::requantize::{activation, multiply};
use crate::{Layer, Network, Operation, Scaling};

/// The most layers of a network.
pub const MAX_LAYERS: usize = 48;

/// Memory for a run; what is in it before does not matter.
#[derive(Debug)]
pub struct Memory<'a> {
    /// At least [`Network::rows`] bytes.
    pub rows: &'a mut [u8],
    /// At least [`Network::sums`] numbers.
    pub sums: &'a mut [i32],
}

impl Network<'_> {
    /// The scores of an image `[height, width, channels]`: logits times [`SCORE_ONE`](crate::SCORE_ONE).
    ///
    /// # Panics
    ///
    /// If the image has another size or the memory is too small. Where [`check`](Self::check) finds a flaw it may panic too, or give
    /// meaningless scores.
    pub fn run<'m>(&self, image: &[u8], memory: Memory<'m>) -> &'m [i32] {
        let values = self.image().map(|image| image.values());
        assert_eq!(Some(image.len()), values, "an image of another size");
        let Memory { rows, sums } = memory;
        let mut progress = [Progress::default(); MAX_LAYERS];
        progress[0].received = self.layers[0].input.height.into();
        let mut index = 0;
        // The last layer that can make a row makes one, so that no row waits longer than it must.
        while let Some(layer) = self.layers.get(index) {
            let step = Step {
                layer,
                next: self.layers.get(index + 1),
                image: (index == 0).then_some(image),
            };
            if step.make_row(&mut progress[index], rows, sums) {
                index += 1;
                if index < self.layers.len() {
                    progress[index].received += 1;
                }
            } else {
                let Some(before) = index.checked_sub(1) else {
                    break;
                };
                index = before;
            }
        }
        &sums[..self.scores()]
    }
}

/// How far a layer is.
#[derive(Clone, Copy, Default)]
struct Progress {
    /// Rows of its input that are there, or were.
    received: i32,
    /// Rows of its output that a convolution has made; rows of its input that any other layer has taken.
    done: i32,
}

/// A layer that is to make its next row.
struct Step<'a> {
    layer: &'a Layer<'a>,
    next: Option<&'a Layer<'a>>,
    /// The input of the first layer.
    image: Option<&'a [u8]>,
}

impl<'a> Step<'a> {
    /// Makes the next row of the output in the window of the next layer, or the scores. Returns whether what that needs was there.
    fn make_row(&self, progress: &mut Progress, rows: &mut [u8], sums: &mut [i32]) -> bool {
        let channels = usize::from(self.layer.input.channels);
        match self.layer.operation {
            Operation::Convolution { .. } => self.convolve(progress, rows),
            Operation::MaxPool { size } => self.max_pool(size.into(), progress, rows),
            Operation::FullyConnected {
                groups,
                weights,
                scaling,
            } => {
                let kernel = Kernel {
                    weights,
                    height: self.layer.input.height.into(),
                    width: self.layer.input.width.into(),
                    inputs: channels / usize::from(groups),
                    outputs: scaling.bias.len() / usize::from(groups),
                    channels,
                    padding_value: 0,
                };
                self.sum_map(progress, rows, sums, &scaling, |output, row, input| {
                    kernel.sum(output, row, input, 0)
                })
            }
            Operation::Mean { scaling } => {
                self.sum_map(progress, rows, sums, &scaling, |output, _, input| {
                    let values = input[output..].iter().step_by(channels);
                    values.map(|value| i32::from(*value)).sum()
                })
            }
        }
    }

    fn convolve(&self, progress: &mut Progress, rows: &mut [u8]) -> bool {
        let Operation::Convolution {
            kernel: side,
            stride,
            padding,
            padding_value,
            groups,
            weights,
            scaling,
        } = self.layer.operation
        else {
            return false;
        };
        let (input, output) = (self.layer.input, self.layer.output());
        let (stride, padding) = (i32::from(stride), i32::from(padding));
        let top = progress.done * stride - padding;
        let needed = (top + i32::from(side)).min(input.height.into());
        if progress.done == i32::from(output.height) || progress.received < needed {
            return false;
        }
        let kernel = Kernel {
            weights,
            height: side.into(),
            width: side.into(),
            inputs: usize::from(input.channels / groups),
            outputs: scaling.bias.len() / usize::from(groups),
            channels: input.channels.into(),
            padding_value,
        };
        let (window, target) = self.window_and_target(rows, progress.done);
        let pixels = target.chunks_exact_mut(output.channels.into());
        for (left, pixel) in (-padding..).step_by(stride as usize).zip(pixels) {
            for (channel, value) in pixel.iter_mut().enumerate() {
                let taps = (top..).zip(0..kernel.height);
                let sums = taps.map(|(row, tap)| {
                    let row = self.row(window, row);
                    kernel.sum(channel, tap, row, left)
                });
                let sum = sums.fold(scaling.bias[channel], i32::wrapping_add);
                *value = scaling.activation(channel, sum);
            }
        }
        progress.done += 1;
        true
    }

    /// Takes a row that has come, and makes one of the output when it was the last of its windows.
    fn max_pool(&self, size: usize, progress: &mut Progress, rows: &mut [u8]) -> bool {
        let channels = usize::from(self.layer.input.channels);
        while progress.done < progress.received {
            let row = progress.done;
            progress.done += 1;
            let (output, tap) = (row / size as i32, row % size as i32);
            if output >= self.layer.output().height.into() {
                continue;
            }
            let (window, target) = self.window_and_target(rows, output);
            if tap == 0 {
                target.fill(0);
            }
            let input = self.row(window, row).chunks_exact(size * channels);
            for (values, largest) in input.zip(target.chunks_exact_mut(channels)) {
                for pixel in values.chunks_exact(channels) {
                    for (largest, value) in largest.iter_mut().zip(pixel) {
                        *largest = (*largest).max(*value);
                    }
                }
            }
            if tap + 1 == size as i32 {
                return true;
            }
        }
        false
    }

    /// Adds a row that has come to the sum of each output, and makes the only row of the output after the last. `sum` is what an
    /// output adds for a row of this number.
    fn sum_map(
        &self,
        progress: &mut Progress,
        rows: &mut [u8],
        sums: &mut [i32],
        scaling: &Scaling,
        sum: impl Fn(usize, usize, &[u8]) -> i32,
    ) -> bool {
        let sums = &mut sums[..scaling.bias.len()];
        while progress.done < progress.received {
            let row = progress.done;
            progress.done += 1;
            if row == 0 {
                sums.copy_from_slice(scaling.bias);
            }
            let (window, target) = self.window_and_target(rows, 0);
            let input = self.row(window, row);
            for (output, total) in sums.iter_mut().enumerate() {
                *total = total.wrapping_add(sum(output, row as usize, input));
            }
            if progress.done == i32::from(self.layer.input.height) {
                if self.next.is_some() {
                    for (output, value) in target.iter_mut().enumerate() {
                        *value = scaling.activation(output, sums[output]);
                    }
                } else {
                    for (output, score) in sums.iter_mut().enumerate() {
                        *score = scaling.score(output, *score);
                    }
                }
                return true;
            }
        }
        false
    }

    /// The rows of the input that are held, and where a row of the output goes: nowhere after the last layer.
    fn window_and_target<'r>(&self, rows: &'r mut [u8], row: i32) -> (&'r [u8], &'r mut [u8])
    where
        'a: 'r,
    {
        let input = self.layer.window as usize;
        let input = match self.image {
            Some(_) => 0..0,
            None => input..input + self.layer.window_bytes(),
        };
        let output = self.next.map_or(0..0, |next| {
            let length = next.input.row();
            let start = next.window as usize + row as usize % next.window_rows() * length;
            start..start + length
        });
        let [input, output] = rows
            .get_disjoint_mut([input, output])
            .expect("rows that lie apart");
        (self.image.unwrap_or(input), output)
    }

    /// A row of the input; an empty one where it is above or below the map.
    fn row<'r>(&self, window: &'r [u8], row: i32) -> &'r [u8] {
        let input = self.layer.input;
        if !(0..input.height.into()).contains(&row) {
            return &[];
        }
        let held = match self.image {
            Some(_) => input.height.into(),
            None => self.layer.window_rows(),
        };
        let start = row as usize % held * input.row();
        &window[start..start + input.row()]
    }
}

/// The weights of a layer and their sizes.
struct Kernel<'a> {
    /// `[group, output of the group, height, width, input of the group]`.
    weights: &'a [i8],
    height: usize,
    width: usize,
    /// Inputs of a group.
    inputs: usize,
    /// Outputs of a group.
    outputs: usize,
    /// Inputs of all groups.
    channels: usize,
    padding_value: u8,
}

impl Kernel<'_> {
    /// What a row of an output's kernel sums up, on a row of the input, from column `left` on. Beyond the input's ends, and in all of
    /// an empty row, is padding.
    fn sum(&self, output: usize, kernel_row: usize, row: &[u8], left: i32) -> i32 {
        let first = output / self.outputs * self.inputs;
        let start = (output * self.height + kernel_row) * self.width * self.inputs;
        let weights = &self.weights[start..start + self.width * self.inputs];
        let columns = (left..).zip(weights.chunks_exact(self.inputs));
        let sums = columns.map(|(column, weights)| {
            let values = usize::try_from(column).ok().and_then(|column| {
                let start = column * self.channels + first;
                row.get(start..start + self.inputs)
            });
            match values {
                Some(values) => {
                    let pairs = weights.iter().zip(values);
                    let products =
                        pairs.map(|(weight, value)| i32::from(*weight) * i32::from(*value));
                    products.fold(0, i32::wrapping_add)
                }
                None => {
                    let padding = i32::from(self.padding_value);
                    let products = weights.iter().map(|weight| i32::from(*weight) * padding);
                    products.fold(0, i32::wrapping_add)
                }
            }
        });
        sums.fold(0, i32::wrapping_add)
    }
}

impl Scaling<'_> {
    fn activation(&self, channel: usize, sum: i32) -> u8 {
        let (multiplier, shift) = (self.multiplier[channel], self.shift[channel]);
        activation(sum, multiplier, shift, self.zero)
    }

    fn score(&self, channel: usize, sum: i32) -> i32 {
        multiply(sum, self.multiplier[channel], self.shift[channel])
    }
}
