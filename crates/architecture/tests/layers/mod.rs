//! Layers for tests.

use architecture::{Convolution, Layer, Pool};

/// With batch normalisation and ReLU; padding keeps the map's size.
pub fn convolution(in_channels: usize, out_channels: usize, kernel: usize) -> Convolution {
    Convolution {
        padding: (kernel / 2).into(),
        batch_norm: true,
        relu: true,
        ..Convolution::new(in_channels, out_channels, kernel)
    }
}

/// A sum with ReLU.
pub fn sum<const BRANCHES: usize>(branches: [Vec<Convolution>; BRANCHES]) -> Layer {
    let branch = |layers: Vec<Convolution>| layers.into_iter().map(Layer::Convolution).collect();
    Layer::Sum {
        branches: branches.map(branch).to_vec(),
        relu: true,
    }
}

pub fn repeat(times: usize, layers: Vec<Layer>) -> Layer {
    Layer::Repeat { times, layers }
}

pub fn padded(kernel: usize, stride: usize, padding: usize) -> Pool {
    Pool {
        padding: padding.into(),
        ..Pool::new(kernel, stride)
    }
}
