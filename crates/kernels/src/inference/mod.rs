//! Networks for inference: prepared once from plain weights, then fast for one image and for many.
//!
//! A network is prepared twice: for one image at a time, and for sixteen side by side, which takes less time for each of
//! them, but all of it for fewer, too. Both are the same operations on maps of pixels that have one value or sixteen. What
//! differs is which outputs are neighbours, and so computed in one vector (see `convolution`).
//!
//! An image goes through all layers at once, in two memories that stay in the caches. Every sum has its terms in the
//! same order in both ways, so an image's logits are the same to the bit whatever is computed beside it.

mod convolution;
mod depthwise;
mod head;
mod layer;
mod maps;
mod pixels;
mod pool;
mod program;
mod rows;
mod vectors;

pub use layer::{Layer, Shape};
pub use pixels::Pixels;

use std::slice;

use rayon::prelude::*;

use crate::LANES;
use program::Program;

/// From how many images on it takes less time to compute sixteen side by side than one after the other. An image by itself
/// takes 1.4 to 1.5 times its share of sixteen with AVX-512, 1.2 times with AVX2: from eleven or from thirteen on.
const SIDE_BY_SIDE: usize = 12;

/// A network prepared for inference.
#[derive(Debug)]
pub struct Network {
    input: Shape,
    /// What each layer yields.
    layers: Vec<Shape>,
    one: Program,
    sixteen: Program,
}

impl Network {
    /// Prepares a network of these layers, first to last, for images of shape `input`.
    ///
    /// # Panics
    ///
    /// If a layer does not fit the one before it, or its weights are more or fewer than its sizes say.
    pub fn new(input: Shape, pixels: Pixels, layers: &[Layer]) -> Self {
        let mut shape = input;
        let shapes = layers.iter().map(|layer| {
            shape = layer.output(shape);
            shape
        });
        Self {
            input,
            layers: shapes.collect(),
            one: Program::new(1, input, pixels, layers),
            sixteen: Program::new(LANES, input, pixels, layers),
        }
    }

    /// What the last layer makes of each image `[channels, height, width]`: `[image, output]`. The threads of rayon's pool
    /// share the images where they are more than sixteen.
    ///
    /// # Panics
    ///
    /// If an image has more or fewer pixels than the network takes.
    pub fn logits(&self, images: &[&[u8]]) -> Vec<f32> {
        for image in images {
            self.check(image);
        }
        let outputs = self.layers.last().unwrap_or(&self.input).values();
        let mut logits = vec![0.0; images.len() * outputs];
        let block = |(images, logits): (&[&[u8]], &mut [f32])| {
            if images.len() >= SIDE_BY_SIDE {
                self.sixteen.run(images, logits);
                return;
            }
            for (image, logits) in images.iter().zip(logits.chunks_exact_mut(outputs)) {
                self.one.run(slice::from_ref(image), logits);
            }
        };
        if images.len() <= LANES {
            block((images, &mut logits));
        } else {
            let blocks = images.par_chunks(LANES);
            let logits = logits.par_chunks_mut(LANES * outputs);
            blocks.zip(logits).for_each(block);
        }
        logits
    }

    /// What each layer, first to last, makes of an image: its shape, and its values `[channels, height, width]`.
    ///
    /// # Panics
    ///
    /// As [`logits`](Self::logits).
    pub fn outputs(&self, image: &[u8]) -> Vec<(Shape, Vec<f32>)> {
        self.check(image);
        let values = self.one.outputs(image);
        self.layers.iter().copied().zip(values).collect()
    }

    fn check(&self, image: &[u8]) {
        assert_eq!(image.len(), self.input.values(), "pixels of an image");
    }
}
