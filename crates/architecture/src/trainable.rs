//! Which layers can be trained. More can be described: this is the one place that says which of them cannot.

use crate::error::{ArchitectureError, LayerError};
use crate::{Architecture, Convolution, Layer, PerAxis, Pool};

impl Architecture {
    /// Checks that there is a module for each layer that can be trained.
    ///
    /// # Errors
    ///
    /// A layer that can only be described, and why.
    pub fn check_trainable(&self) -> Result<(), ArchitectureError> {
        for (number, layer) in (1..).zip(&self.layers) {
            if let Some(what) = untrainable(layer) {
                let error = LayerError::NotTrainable { what };
                return Err(error.at(&format!("{number}"), layer));
            }
        }
        Ok(())
    }
}

/// What of a layer cannot be trained, if anything.
fn untrainable(layer: &Layer) -> Option<&'static str> {
    match layer {
        Layer::Convolution(convolution) => untrainable_convolution(convolution),
        Layer::MaxPool(pool) => untrainable_pool(pool),
        Layer::GlobalAveragePool | Layer::FullyConnected { .. } => None,
        Layer::AveragePool(_) => Some("an average pool of windows"),
        Layer::Repeat { layers, .. } => layers.iter().find_map(untrainable),
        Layer::Sum { .. } => Some("a sum"),
    }
}

fn untrainable_convolution(convolution: &Convolution) -> Option<&'static str> {
    let Convolution {
        kernel,
        stride,
        padding,
        dilation,
        bias,
        batch_norm,
        ..
    } = convolution;
    if ![kernel, stride, padding].iter().all(|it| it.is_square()) {
        Some("a rectangular kernel, stride or padding")
    } else if *dilation != PerAxis::both(1) {
        Some("a dilation")
    } else if *bias && *batch_norm {
        Some("a bias before batch normalisation")
    } else {
        None
    }
}

fn untrainable_pool(pool: &Pool) -> Option<&'static str> {
    if !pool.kernel.is_square() || !pool.stride.is_square() {
        Some("a rectangular window or stride")
    } else if pool.padding != PerAxis::default() {
        Some("a pool with padding")
    } else {
        None
    }
}
