//! The C of an export against the crate, on networks with every kind of layer.

mod compiler;

use kernels::Geometry;
use kernels::inference::{Layer, Shape};
use mnist::PIXELS;
use pocket_export::c::{About, files};
use pocket_export::{IMAGE, Inexpressible, IntegerNetwork, Range, calibrate};

use compiler::Program;

/// Numbers that look random: the upper bits of Knuth's linear congruential generator.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u32 {
        let Self(state) = self;
        *state = state.wrapping_mul(6_364_136_223_846_793_005);
        *state = state.wrapping_add(1_442_695_040_888_963_407);
        (*state >> 32) as u32
    }

    /// From −1 to 1.
    fn float(&mut self) -> f32 {
        self.next() as f32 / (u32::MAX / 2) as f32 - 1.0
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.float()).collect()
    }

    fn image(&mut self) -> [u8; PIXELS] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

/// A network, layer by layer.
struct Builder {
    draws: Draws,
    shape: Shape,
    layers: Vec<Layer>,
}

impl Builder {
    fn new(seed: u64) -> Self {
        Self {
            draws: Draws(seed),
            shape: IMAGE,
            layers: Vec::new(),
        }
    }

    fn add(mut self, layer: Layer) -> Self {
        self.shape = layer.output(self.shape);
        self.layers.push(layer);
        self
    }

    fn convolution(
        mut self,
        [out_channels, groups, kernel, stride, padding]: [usize; 5],
        relu: bool,
    ) -> Self {
        let Shape {
            channels,
            height,
            width,
        } = self.shape;
        let weights = out_channels * channels / groups * kernel * kernel;
        let layer = Layer::Convolution {
            geometry: Geometry {
                in_channels: channels,
                out_channels,
                groups,
                kernel,
                stride,
                padding,
                height,
                width,
            },
            weights: self.draws.floats(weights),
            bias: self.draws.floats(out_channels),
            relu,
        };
        self.add(layer)
    }

    fn fully_connected(mut self, outputs: usize) -> Self {
        let weights = self.draws.floats(self.shape.values() * outputs);
        let bias = self.draws.floats(outputs);
        self.add(Layer::FullyConnected { weights, bias })
    }

    fn max_pool(self, kernel: usize, stride: usize) -> Self {
        self.add(Layer::MaxPool { kernel, stride })
    }
}

/// Networks that together have every kind of layer, in places that matter to memory.
fn networks() -> Vec<Vec<Layer>> {
    let mean = Layer::GlobalAveragePool;
    let builders = [
        // As the ladder's.
        Builder::new(1)
            .convolution([4, 1, 3, 1, 0], true)
            .convolution([6, 1, 3, 1, 0], true)
            .max_pool(2, 2)
            .convolution([6, 6, 3, 1, 0], true)
            .convolution([8, 1, 1, 1, 0], true)
            .convolution([8, 8, 10, 1, 0], false)
            .fully_connected(10),
        // Padding, strides, groups, and maps without ReLU.
        Builder::new(2)
            .convolution([4, 1, 5, 2, 2], false)
            .convolution([8, 2, 3, 1, 1], true)
            .max_pool(3, 3)
            .convolution([4, 1, 1, 1, 0], false)
            .convolution([10, 1, 2, 1, 1], false)
            .add(mean.clone()),
        // What sums over its whole map in the middle, and 1×1 convolutions on one pixel.
        Builder::new(3)
            .max_pool(2, 2)
            .convolution([12, 1, 3, 3, 1], true)
            .add(mean)
            .convolution([20, 1, 1, 1, 0], true)
            .fully_connected(15)
            .fully_connected(10),
        // A layer that reads the image whole.
        Builder::new(4).fully_connected(10),
    ];
    builders.into_iter().map(|it| it.layers).collect()
}

fn about() -> About {
    About {
        name: "drawn".into(),
        parameters: 1_234,
        weights: "drawn at random".into(),
        images: 10_000,
        right_with_integers: 1_000,
        right_with_floats: 1_001,
    }
}

fn quantized(layers: &[Layer], images: &[[u8; PIXELS]]) -> IntegerNetwork {
    IntegerNetwork::new(layers, &calibrate(layers, images)).unwrap()
}

#[test]
fn c_computes_every_score_as_the_crate_does() {
    let mut draws = Draws(5);
    let mut images: Vec<[u8; PIXELS]> = (0..40).map(|_| draws.image()).collect();
    images.extend([[0; PIXELS], [255; PIXELS]]);
    for (number, layers) in networks().iter().enumerate() {
        // Others than are calibrated on, so that some values are clamped.
        let network = quantized(layers, &images[..3]);
        let program = Program::compile(&files(&network, &about()));
        assert_eq!(
            program.scores(&images),
            network.scores(&images),
            "network {number}"
        );
    }
}

#[test]
fn integers_are_near_the_floats() {
    let mut draws = Draws(6);
    let images: Vec<[u8; PIXELS]> = (0..20).map(|_| draws.image()).collect();
    for (number, layers) in networks().iter().enumerate() {
        let ranges = calibrate(layers, &images);
        let network = IntegerNetwork::new(layers, &ranges).unwrap();
        // Of the last layer: what the floats' scores are spread over.
        let Range { smallest, largest } = ranges[layers.len() - 1];
        let spread = f64::from(largest - smallest);
        for (scores, floats) in network.scores(&images).iter().zip(logits(layers, &images)) {
            for (score, float) in scores.iter().zip(floats) {
                let logit = f64::from(*score) / f64::from(pocket::SCORE_ONE);
                let error = (logit - f64::from(float)).abs();
                assert!(error < 0.05 * spread, "network {number}: {logit}, {float}");
            }
        }
    }
}

fn logits(layers: &[Layer], images: &[[u8; PIXELS]]) -> Vec<Vec<f32>> {
    let pixels = kernels::inference::Pixels {
        scale: 1.0 / (255.0 * mnist::STANDARD_DEVIATION),
        shift: -mnist::MEAN / mnist::STANDARD_DEVIATION,
    };
    let network = kernels::inference::Network::new(IMAGE, pixels, layers);
    let outputs = images.iter().map(|image| network.outputs(image).pop());
    outputs.map(|last| last.unwrap().1).collect()
}

#[test]
fn bytes_of_flash_and_memory_are_those_of_the_compiled_tables() {
    for layers in networks() {
        let network = quantized(&layers, &[Draws(7).image()]);
        let files = files(&network, &about());
        let [flash, memory] = Program::sizes(&files);
        assert_eq!(flash, pocket_export::c::flash_bytes(&network));
        // C has no empty arrays, and room for ten scores in any case.
        assert!((0..=4).contains(&(memory - network.memory_bytes())));
    }
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    let layers = &networks()[1];
    let export = || files(&quantized(layers, &[Draws(8).image()]), &about());
    assert_eq!(export(), export());
    let readme = &export()[3].1;
    assert!(!readme.contains('@'), "a value is missing: {readme}");
}

#[test]
fn what_has_no_form_in_integers_is_refused_with_the_layer() {
    let refusal = |builder: Builder| {
        let layers = builder.layers;
        let ranges = vec![Range::default(); layers.len()];
        IntegerNetwork::new(&layers, &ranges).unwrap_err()
    };
    let overlapping = Builder::new(9).max_pool(3, 2).fully_connected(10);
    assert_eq!(refusal(overlapping), Inexpressible::Windows(1));
    let no_sum = Builder::new(9).convolution([10, 1, 3, 1, 0], false);
    assert_eq!(refusal(no_sum), Inexpressible::LastLayer(1));
    let relu = Builder::new(9).convolution([10, 1, 28, 1, 0], true);
    assert_eq!(refusal(relu), Inexpressible::LastLayer(1));
    let classes = Builder::new(9).fully_connected(9);
    assert_eq!(refusal(classes), Inexpressible::OtherClasses(9));
    let mut infinite = Builder::new(9).fully_connected(10);
    if let Layer::FullyConnected { weights, .. } = &mut infinite.layers[0] {
        weights[3] = f32::INFINITY;
    }
    let refused = refusal(infinite);
    assert_eq!(refused, Inexpressible::NotFinite(1));
    assert_eq!(refused.to_string().lines().count(), 1);
}
