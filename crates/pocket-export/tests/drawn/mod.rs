//! Networks whose weights are drawn at random.

// Each test program uses a part of this.
#![allow(dead_code)]

use kernels::Geometry;
use kernels::inference::{Layer, Shape};
use mnist::{IMAGE_SIDE, PIXELS};

/// Numbers that look random: the upper bits of Knuth's linear congruential generator.
pub struct Draws(pub u64);

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

    pub fn image(&mut self) -> [u8; PIXELS] {
        std::array::from_fn(|_| self.next() as u8)
    }
}

/// A network, layer by layer.
pub struct Builder {
    draws: Draws,
    shape: Shape,
    pub layers: Vec<Layer>,
}

impl Builder {
    pub fn new(seed: u64) -> Self {
        Self {
            draws: Draws(seed),
            shape: Shape {
                channels: 1,
                height: IMAGE_SIDE,
                width: IMAGE_SIDE,
            },
            layers: Vec::new(),
        }
    }

    pub fn add(mut self, layer: Layer) -> Self {
        self.shape = layer.output(self.shape);
        self.layers.push(layer);
        self
    }

    pub fn convolution(
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

    pub fn fully_connected(mut self, outputs: usize) -> Self {
        let weights = self.draws.floats(self.shape.values() * outputs);
        let bias = self.draws.floats(outputs);
        self.add(Layer::FullyConnected { weights, bias })
    }

    pub fn max_pool(self, kernel: usize, stride: usize) -> Self {
        self.add(Layer::MaxPool { kernel, stride })
    }
}

/// Networks that together have every kind of layer, in places that matter to memory.
pub fn networks() -> Vec<Vec<Layer>> {
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
