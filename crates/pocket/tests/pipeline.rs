//! The pipeline against a reference that computes whole maps, on drawn networks.

use pocket::requantize::{activation, multiply};
use pocket::{Flaw, Layer, Map, Memory, Network, Operation, Scaling};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a drawn layer is made of, whatever comes before it.
#[derive(Clone, Debug)]
struct Draw {
    kind: u8,
    kernel: u16,
    stride: u16,
    padding: u16,
    /// Output channels of a group.
    outputs: u16,
    depthwise: bool,
    zero: u8,
    padding_value: u8,
    seed: u64,
}

fn draws() -> impl Strategy<Value = Draw> {
    let sizes = (0..8_u8, 1..=4_u16, 1..=3_u16, 0..=2_u16, 1..=4_u16);
    (sizes, any::<bool>(), any::<[u8; 2]>(), any::<u64>()).prop_map(
        |((kind, kernel, stride, padding, outputs), depthwise, [zero, padding_value], seed)| Draw {
            kind,
            kernel,
            stride,
            padding,
            outputs,
            depthwise,
            zero,
            padding_value,
            seed,
        },
    )
}

/// The numbers of a layer.
#[derive(Clone, Debug, Default)]
struct Numbers {
    weights: Vec<i8>,
    bias: Vec<i32>,
    multiplier: Vec<i32>,
    shift: Vec<i8>,
}

/// A drawn layer that owns its numbers.
#[derive(Clone, Debug)]
struct Owned {
    draw: Draw,
    kind: Kind,
    input: Map,
    groups: u16,
    numbers: Numbers,
    window: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Convolution,
    MaxPool,
    FullyConnected,
    Mean,
}

impl Owned {
    fn new(draw: Draw, kind: Kind, input: Map) -> Self {
        let groups = if draw.depthwise { input.channels } else { 1 };
        let outputs = match kind {
            Kind::Mean => input.channels,
            _ => groups * draw.outputs,
        };
        let kernel = match kind {
            Kind::Convolution => usize::from(draw.kernel * draw.kernel),
            Kind::FullyConnected => usize::from(input.height * input.width),
            Kind::MaxPool | Kind::Mean => 0,
        };
        let weights = kernel * usize::from(input.channels / groups) * usize::from(outputs);
        let mut state = draw.seed;
        // Knuth's linear congruential generator: the upper bits are good.
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005) | 1;
            state = state.wrapping_add(1_442_695_040_888_963_406);
            (state >> 33) as i32
        };
        let numbers = Numbers {
            weights: (0..weights).map(|_| next() as i8).collect(),
            bias: (0..outputs).map(|_| next() % 20_000).collect(),
            multiplier: (0..outputs).map(|_| 1 << 30 | next() >> 1).collect(),
            shift: (0..outputs).map(|_| -(next() % 6) as i8 - 3).collect(),
        };
        Self {
            draw,
            kind,
            input,
            groups,
            numbers,
            window: 0,
        }
    }

    fn layer(&self) -> Layer<'_> {
        let Numbers {
            weights,
            bias,
            multiplier,
            shift,
        } = &self.numbers;
        let scaling = Scaling {
            bias,
            multiplier,
            shift,
            zero: self.draw.zero,
        };
        let operation = match self.kind {
            Kind::Convolution => Operation::Convolution {
                kernel: self.draw.kernel,
                stride: self.draw.stride,
                padding: self.draw.padding,
                padding_value: self.draw.padding_value,
                groups: self.groups,
                weights,
                scaling,
            },
            Kind::MaxPool => Operation::MaxPool {
                size: self.draw.kernel,
            },
            Kind::FullyConnected => Operation::FullyConnected {
                groups: self.groups,
                weights,
                scaling,
            },
            Kind::Mean => Operation::Mean { scaling },
        };
        Layer {
            operation,
            input: self.input,
            window: self.window,
        }
    }
}

/// The drawn layers that fit each other, with a last one that gives scores, and the bytes of rows.
fn network(image: Map, draws: Vec<Draw>) -> (Vec<Owned>, usize) {
    let mut input = image;
    let mut layers: Vec<Owned> = Vec::new();
    for (index, mut draw) in draws.clone().into_iter().enumerate() {
        let is_last = index + 1 == draws.len();
        let kind = match draw.kind {
            _ if is_last && draw.kind < 4 => Kind::FullyConnected,
            _ if is_last => Kind::Mean,
            0 => Kind::FullyConnected,
            1 => Kind::Mean,
            2 | 3 => Kind::MaxPool,
            _ => Kind::Convolution,
        };
        let side = input.height.min(input.width);
        match kind {
            Kind::MaxPool => draw.kernel = draw.kernel.min(side),
            _ => {
                draw.padding = draw.padding.min(draw.kernel - 1);
                draw.kernel = draw.kernel.min(side + 2 * draw.padding);
                draw.padding = draw.padding.min(draw.kernel - 1);
            }
        }
        let layer = Owned::new(draw, kind, input);
        input = layer.layer().output();
        layers.push(layer);
    }
    // Rows that may share memory take turns between two places.
    let views: Vec<Layer> = layers.iter().map(Owned::layer).collect();
    let network = Network {
        layers: &views,
        rows: 0,
        sums: 0,
    };
    let passing: Vec<bool> = (0..views.len()).map(|it| network.is_passing(it)).collect();
    let bytes: Vec<usize> = views.iter().map(Layer::window_bytes).collect();
    let place = passing.iter().zip(&bytes).filter(|(passing, _)| **passing);
    let place = place.map(|(_, bytes)| *bytes).max().unwrap_or(0);
    let mut end = 2 * place;
    for (index, layer) in layers.iter_mut().enumerate().skip(1) {
        if passing[index] {
            layer.window = (index % 2 * place) as u32;
        } else {
            layer.window = end as u32;
            end += bytes[index];
        }
    }
    (layers, end)
}

/// The scores, or the output map of a layer that is not the last, from the whole input.
fn reference(layer: &Owned, input: &[i32], is_last: bool) -> Vec<i32> {
    let Map {
        height,
        width,
        channels,
    } = layer.input;
    let output = layer.layer().output();
    let (kernel_height, kernel_width, stride, padding) = match layer.kind {
        Kind::Convolution => (
            layer.draw.kernel,
            layer.draw.kernel,
            layer.draw.stride,
            layer.draw.padding,
        ),
        Kind::MaxPool => (layer.draw.kernel, layer.draw.kernel, layer.draw.kernel, 0),
        Kind::FullyConnected | Kind::Mean => (height, width, 1, 0),
    };
    let inputs = usize::from(channels / layer.groups);
    let outputs = usize::from(output.channels / layer.groups).max(1);
    let mut values = Vec::new();
    for y in 0..i32::from(output.height) {
        for x in 0..i32::from(output.width) {
            for channel in 0..usize::from(output.channels) {
                let mut sum = layer
                    .numbers
                    .bias
                    .get(channel)
                    .map_or(0, |it| i64::from(*it));
                let mut largest = 0;
                for tap_y in 0..i32::from(kernel_height) {
                    for tap_x in 0..i32::from(kernel_width) {
                        let row = y * i32::from(stride) + tap_y - i32::from(padding);
                        let column = x * i32::from(stride) + tap_x - i32::from(padding);
                        let inside = (0..i32::from(height)).contains(&row)
                            && (0..i32::from(width)).contains(&column);
                        let at = |channel: usize| {
                            let pixel = row * i32::from(width) + column;
                            if inside {
                                input[pixel as usize * usize::from(channels) + channel]
                            } else {
                                layer.draw.padding_value.into()
                            }
                        };
                        match layer.kind {
                            Kind::MaxPool => largest = largest.max(at(channel)),
                            Kind::Mean => sum += i64::from(at(channel)),
                            _ => {
                                let first = channel / outputs * inputs;
                                let tap = tap_y * i32::from(kernel_width) + tap_x;
                                let taps = usize::from(kernel_height * kernel_width);
                                let start = (channel * taps + tap as usize) * inputs;
                                for index in 0..inputs {
                                    let weight = layer.numbers.weights[start + index];
                                    sum += i64::from(weight) * i64::from(at(first + index));
                                }
                            }
                        }
                    }
                }
                let Numbers {
                    multiplier, shift, ..
                } = &layer.numbers;
                let sum = i32::try_from(sum).expect("a sum of 32 bits");
                values.push(match layer.kind {
                    Kind::MaxPool => largest,
                    _ if is_last => multiply(sum, multiplier[channel], shift[channel]),
                    _ => {
                        activation(sum, multiplier[channel], shift[channel], layer.draw.zero).into()
                    }
                });
            }
        }
    }
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rows_one_by_one_give_what_whole_maps_give(
        (height, width, channels) in (1..=14_u16, 1..=14_u16, 1..=3_u16),
        draws in vec(draws(), 1..=7),
        pixels in vec(any::<u8>(), 14 * 14 * 3),
        dirt: u8,
    ) {
        let image = Map { height, width, channels };
        let pixels = &pixels[..image.values()];
        let (layers, rows) = network(image, draws);
        let views: Vec<Layer> = layers.iter().map(Owned::layer).collect();
        let sums = layers.iter().map(|layer| layer.numbers.bias.len()).max().unwrap();
        let network = Network { layers: &views, rows, sums };
        prop_assert_eq!(network.check(), Ok(()));
        // What is left in the memory must not matter.
        let (mut rows, mut sums) = (vec![dirt; rows], vec![dirt.into(); sums]);
        let memory = Memory { rows: &mut rows, sums: &mut sums };
        let scores = network.run(pixels, memory);
        let mut maps: Vec<i32> = pixels.iter().map(|pixel| i32::from(*pixel)).collect();
        for (index, layer) in layers.iter().enumerate() {
            maps = reference(layer, &maps, index + 1 == layers.len());
        }
        prop_assert_eq!(scores, maps);
    }
}

/// A convolution, a 1×1 convolution and a fully connected layer, changed as the test wants.
fn flaw(change: impl Fn(&mut [Layer], &mut usize, &mut usize)) -> Result<(), Flaw> {
    let weights = [1; 64];
    let scaling = |outputs| Scaling {
        bias: &[1_000, 1_000, 1_000, 1_000][..outputs],
        multiplier: &[1 << 30; 4][..outputs],
        shift: &[-3; 4][..outputs],
        zero: 0,
    };
    let convolution = |kernel, weights| Operation::Convolution {
        kernel,
        stride: 1,
        padding: 0,
        padding_value: 0,
        groups: 1,
        weights,
        scaling: scaling(2),
    };
    let map = |side, channels| Map {
        height: side,
        width: side,
        channels,
    };
    let mut layers = [
        Layer {
            operation: convolution(3, &weights[..18]),
            input: map(4, 1),
            window: 0,
        },
        Layer {
            operation: convolution(1, &weights[..4]),
            input: map(2, 2),
            window: 0,
        },
        Layer {
            operation: Operation::FullyConnected {
                groups: 1,
                weights: &weights[..32],
                scaling: scaling(4),
            },
            input: map(2, 2),
            window: 4,
        },
    ];
    let (mut rows, mut sums) = (8, 4);
    change(&mut layers, &mut rows, &mut sums);
    Network {
        layers: &layers,
        rows,
        sums,
    }
    .check()
}

#[test]
fn flaws_are_found() {
    assert_eq!(flaw(|_, _, _| {}), Ok(()));
    assert_eq!(flaw(|_, rows, _| *rows = 7), Err(Flaw::Window(2)));
    assert_eq!(flaw(|_, _, sums| *sums = 3), Err(Flaw::Sums(2)));
    assert_eq!(
        flaw(|layers, _, _| layers[2].window = 2),
        Err(Flaw::Window(2))
    );
    assert_eq!(
        flaw(|layers, _, _| layers[1].input.width = 3),
        Err(Flaw::Input(1))
    );
    let change = |to: fn(&mut u16, &mut u16, &mut Scaling)| {
        flaw(move |layers, _, _| {
            if let Operation::Convolution {
                kernel,
                groups,
                scaling,
                ..
            } = &mut layers[0].operation
            {
                to(kernel, groups, scaling);
            }
        })
    };
    assert_eq!(change(|kernel, _, _| *kernel = 5), Err(Flaw::Size(0)));
    assert_eq!(change(|kernel, _, _| *kernel = 2), Err(Flaw::Weights(0)));
    assert_eq!(change(|_, groups, _| *groups = 2), Err(Flaw::Groups(0)));
    assert_eq!(
        change(|_, _, scaling| scaling.multiplier = &[-1, 0]),
        Err(Flaw::Scaling(0))
    );
    assert_eq!(
        change(|_, _, scaling| scaling.shift = &[31, 0]),
        Err(Flaw::Scaling(0))
    );
    assert_eq!(
        change(|_, _, scaling| scaling.bias = &[i32::MAX - 9 * 255 + 1, 0]),
        Err(Flaw::Overflow(0))
    );
    assert_eq!(
        change(|_, _, scaling| scaling.bias = &[i32::MAX - 9 * 255, 0]),
        Ok(())
    );
}
