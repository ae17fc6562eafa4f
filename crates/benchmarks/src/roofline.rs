//! The least time that a network's layers could take on a machine: the roofline model (S. Williams, A. Waterman and D.
//! Patterson, "Roofline: An Insightful Visual Performance Model for Multicore Architectures", 2009).
//!
//! A layer is a few passes over its maps. A pass takes at least as long as its multiply-adds at the machine's peak, and at
//! least as long as its bytes at the machine's bandwidth; the larger of the two is its least time, and the sum over passes
//! and layers is the network's. A depthwise layer has few multiply-adds for its bytes, so the bandwidth bounds it.
//!
//! Counted are the maps that a pass cannot do without, once each, 4 bytes a value:
//!
//! | Pass | Reads | Writes |
//! |---|---|---|
//! | forward, convolution | input | convolved map |
//! | forward, batch normalisation, ReLU and pooling | convolved map | output |
//! | backward, all gradients | gradient of the output, convolved map, input | gradient of the input |
//!
//! Batch normalisation makes the second pass necessary, since it needs the sums over the whole batch; without it, the first
//! one writes the output. Multiply-adds are one for the forward pass, one for the gradient of the weights and one for that of
//! the input, which the first layer with weights does not need.
//!
//! Not counted: weights (some 20 kB), the second look at the maps that the sums of batch normalisation's backward pass would
//! need, loss and optimizer. What is left out makes the least time shorter, so a share of the roofline is never flattered by
//! it. Recomputing a map instead of reading it could save bytes; the model does not know of that.

use anyhow::Result;
use architecture::{Architecture, Convolution, Layer, LayerSummary, PerAxis, Pool};

use crate::Machine;

const BYTES: usize = 4;

/// One pass over maps, for one image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Multiply-adds.
    pub multiply_adds: usize,
    /// Values that are read or written.
    pub values: usize,
}

/// What one layer has to do, with the max-pooling behind it where that is done in the same pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Position of the layer in the architecture, from 0.
    pub layer: usize,
    /// What the layer is called in tables.
    pub label: String,
    /// Height and width of its input.
    pub size: usize,
    /// Whether the max-pooling behind it belongs to it.
    pub pooled: bool,
    /// Passes of the forward pass.
    pub forward: Vec<Pass>,
    /// Passes of the backward pass.
    pub backward: Vec<Pass>,
}

impl Pass {
    /// The least seconds for `images` images.
    pub fn seconds(&self, images: usize, machine: &Machine) -> f64 {
        let operations = 2.0 * (self.multiply_adds * images) as f64;
        let bytes = (BYTES * self.values * images) as f64;
        (operations / machine.gigaflops).max(bytes / machine.gigabytes) / 1e9
    }
}

impl Work {
    /// Both passes of a training step.
    pub fn training(&self) -> impl Iterator<Item = &Pass> {
        self.forward.iter().chain(&self.backward)
    }
}

/// The least seconds of some passes, one after the other.
pub fn seconds<'a>(
    passes: impl IntoIterator<Item = &'a Pass>,
    images: usize,
    machine: &Machine,
) -> f64 {
    let passes = passes.into_iter();
    passes.map(|pass| pass.seconds(images, machine)).sum()
}

/// The multiply-adds of some passes, for one image.
pub fn multiply_adds<'a>(passes: impl IntoIterator<Item = &'a Pass>) -> usize {
    passes.into_iter().map(|pass| pass.multiply_adds).sum()
}

/// What each layer of a network has to do in a training step, first to last.
///
/// # Errors
///
/// The network cannot be built, or only described.
pub fn work(architecture: &Architecture) -> Result<Vec<Work>> {
    architecture.check_trainable()?;
    let summary = architecture.summary()?;
    let layers = architecture.layers.iter().zip(&summary.layers);
    let mut layers = layers.enumerate().peekable();
    let mut works = Vec::new();
    let mut is_first = true;
    while let Some((position, (layer, sizes))) = layers.next() {
        let follows = |(_, (next, _)): &(_, (&Layer, _))| halves(layer, next);
        let pool = layers.next_if(follows).map(|(_, (_, sizes))| sizes);
        let (input, output) = (sizes.input_activations, sizes.output_activations);
        let (forward, backward) = match layer {
            Layer::Convolution(convolution) => {
                let pooled = pool.map(|sizes| sizes.output_activations);
                of_convolution(convolution, sizes, pooled, is_first)
            }
            // Which value of a window was the largest, its input tells.
            Layer::MaxPool(_) => simple(0, [input, output], input + output, is_first),
            Layer::GlobalAveragePool => simple(0, [input, output], output, is_first),
            Layer::FullyConnected { .. } => {
                simple(sizes.macs, [input, output], input + output, is_first)
            }
            Layer::AveragePool(_) | Layer::Repeat { .. } | Layer::Sum { .. } => {
                unreachable!("it is not trainable, which was checked before")
            }
        };
        works.push(Work {
            layer: position,
            label: label(layer, sizes, pool.is_some()),
            // What can be trained has square maps.
            size: sizes.n_in.height,
            pooled: pool.is_some(),
            forward,
            backward,
        });
        is_first &= sizes.parameters == 0;
    }
    Ok(works)
}

/// Whether `next` is max-pooling that the kernels do together with `layer` before it.
fn halves(layer: &Layer, next: &Layer) -> bool {
    matches!(layer, Layer::Convolution(_)) && *next == Layer::MaxPool(Pool::new(2, 2))
}

/// One pass each way: from input to output, and from what the backward pass `reads` to the gradient of the input.
fn simple(
    multiply_adds: usize,
    [input, output]: [usize; 2],
    reads: usize,
    is_first: bool,
) -> (Vec<Pass>, Vec<Pass>) {
    let forward = Pass {
        multiply_adds,
        values: input + output,
    };
    (
        vec![forward],
        backward(multiply_adds, reads, input, is_first),
    )
}

fn of_convolution(
    convolution: &Convolution,
    sizes: &LayerSummary,
    pooled: Option<usize>,
    is_first: bool,
) -> (Vec<Pass>, Vec<Pass>) {
    let multiply_adds = multiply_adds_inside(convolution, sizes);
    let (input, convolved) = (sizes.input_activations, sizes.output_activations);
    let output = pooled.unwrap_or(convolved);
    let first = |values| Pass {
        multiply_adds,
        values,
    };
    let forward = if convolution.batch_norm {
        let second = Pass {
            multiply_adds: 0,
            values: convolved + output,
        };
        vec![first(input + convolved), second]
    } else {
        // Where the output is not the convolved map but its largest values, the backward pass needs that map too.
        vec![first(input + output + pooled.map_or(0, |_| convolved))]
    };
    let needs_convolved = convolution.batch_norm || convolution.relu || pooled.is_some();
    let reads = output + input + if needs_convolved { convolved } else { 0 };
    (forward, backward(multiply_adds, reads, input, is_first))
}

/// The backward pass: none of a first layer without multiply-adds, since nothing before it is trained.
fn backward(multiply_adds: usize, reads: usize, input: usize, is_first: bool) -> Vec<Pass> {
    if !is_first {
        return vec![Pass {
            multiply_adds: 2 * multiply_adds,
            values: reads + input,
        }];
    }
    let weights = Pass {
        multiply_adds,
        values: reads,
    };
    Vec::from_iter((multiply_adds > 0).then_some(weights))
}

/// Multiply-adds of a convolution of one image. Only what the image has is counted: zeros of the padding need no
/// multiplication.
fn multiply_adds_inside(convolution: &Convolution, sizes: &LayerSummary) -> usize {
    let Convolution {
        in_channels,
        out_channels,
        kernel,
        stride,
        padding,
        groups,
        ..
    } = *convolution;
    let inside = |axis: fn(PerAxis) -> usize| -> usize {
        let [kernel, stride, padding] = [kernel, stride, padding].map(axis);
        let inside = padding..padding + axis(sizes.n_in);
        let taps_inside = |output: usize| {
            let taps = output * stride..output * stride + kernel;
            taps.filter(|tap| inside.contains(tap)).count()
        };
        (0..axis(sizes.n_out)).map(taps_inside).sum()
    };
    in_channels / groups * out_channels * inside(|it| it.height) * inside(|it| it.width)
}

fn label(layer: &Layer, sizes: &LayerSummary, pooled: bool) -> String {
    let LayerSummary {
        n_in,
        channels_in,
        channels_out,
        ..
    } = sizes;
    let n_in = n_in.sides();
    match layer {
        Layer::Convolution(convolution) => {
            let kernel = convolution.kernel.sides();
            let channels = match convolution.is_depthwise() {
                true => format!("{channels_in} depthwise"),
                false => format!("{channels_in} → {channels_out},"),
            };
            let pooled = if pooled { ", pool" } else { "" };
            format!("{channels} {kernel} at {n_in}{pooled}")
        }
        Layer::MaxPool(pool) => format!("pool {} at {n_in}", pool.kernel.sides()),
        Layer::GlobalAveragePool => format!("means of {channels_in} at {n_in}"),
        Layer::FullyConnected {
            in_features,
            out_features,
        } => format!("{in_features} → {out_features}, connected"),
        Layer::AveragePool(_) | Layer::Repeat { .. } | Layer::Sum { .. } => {
            format!("{} at {n_in}", layer.operation())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: Machine = Machine {
        gigaflops: 100.0,
        gigabytes: 10.0,
        gigabytes_of_step: 5.0,
    };

    fn pass(multiply_adds: usize, values: usize) -> Pass {
        Pass {
            multiply_adds,
            values,
        }
    }

    #[test]
    fn passes_are_those_computed_by_hand() {
        // 1×28×28 → 8×26×26, pooled to 8×13×13 → depthwise 8×11×11 → 12×11×11 → means of 12 → 10.
        let network = Architecture::new(1, 28)
            .convolution_block(8, 3)
            .max_pool(2)
            .linear_separable_block(12, 3)
            .with_batch_norm()
            .fully_connected_head(10);
        let work = work(&network).unwrap();
        let expected = [
            // 9 · 5,408 multiply-adds; 784 values in, 5,408 convolved, 1,352 out; no gradient of the image.
            (
                "1 → 8, 3×3 at 28×28, pool",
                vec![pass(48_672, 784 + 5_408), pass(0, 5_408 + 1_352)],
                vec![pass(48_672, 1_352 + 5_408 + 784)],
            ),
            // Neither batch normalisation nor ReLU: the output is the convolved map, and no gradient needs it.
            (
                "8 depthwise 3×3 at 13×13",
                vec![pass(8_712, 1_352 + 968)],
                vec![pass(2 * 8_712, 968 + 1_352 + 1_352)],
            ),
            (
                "8 → 12, 1×1 at 11×11",
                vec![pass(11_616, 968 + 1_452), pass(0, 1_452 + 1_452)],
                vec![pass(2 * 11_616, 1_452 + 1_452 + 968 + 968)],
            ),
            (
                "means of 12 at 11×11",
                vec![pass(0, 1_452 + 12)],
                vec![pass(0, 12 + 1_452)],
            ),
            (
                "12 → 10, connected",
                vec![pass(120, 12 + 10)],
                vec![pass(240, 10 + 12 + 12)],
            ),
        ];
        assert_eq!(work.len(), expected.len());
        for (work, (label, forward, backward)) in work.into_iter().zip(expected) {
            assert_eq!(work.label, label);
            assert_eq!(work.forward, forward, "{label}");
            assert_eq!(work.backward, backward, "{label}");
        }
    }

    #[test]
    fn a_pass_takes_as_long_as_the_slower_of_peak_and_bandwidth_lets_it() {
        // 10 images: 2 · 10⁹ operations at 100 GFLOP/s, and 4 · 10⁷ bytes at 10 GB/s.
        assert_eq!(pass(100_000_000, 1_000_000).seconds(10, &MACHINE), 0.02);
        assert_eq!(pass(0, 1_000_000).seconds(10, &MACHINE), 0.004);
        let both = [pass(100_000_000, 0), pass(0, 1_000_000)];
        assert_eq!(seconds(&both, 10, &MACHINE), 0.024);
    }

    #[test]
    fn zeros_of_the_padding_are_not_multiplied() {
        let last = Layer::Convolution(Convolution {
            padding: 1.into(),
            ..Convolution::new(1, 1, 3)
        });
        let network = Architecture::new(1, 6).layer(last);
        // Along an axis 2, 3, 3, 3, 3 and 2 of three taps are inside: 16, in both directions 256.
        let work = work(&network).unwrap();
        assert_eq!(multiply_adds(&work[0].forward), 256);
    }
}
