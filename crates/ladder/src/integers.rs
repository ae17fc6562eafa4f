//! Trained networks in integers.

use kernels::inference::Shape;
use mnist::{Digits, IMAGE_SIDE};
use model_core::Network;
use pocket_export::{Inexpressible, IntegerNetwork, calibrate, calibration_images};

/// A digit.
const IMAGE: Shape = Shape {
    channels: 1,
    height: IMAGE_SIDE,
    width: IMAGE_SIDE,
};

/// The network in integers, its activations calibrated on some of the training images.
///
/// # Errors
///
/// Integers cannot express it.
///
/// # Panics
///
/// If the network takes other images.
pub fn integer_network(network: &Network, train: &Digits) -> Result<IntegerNetwork, Inexpressible> {
    let layers = network.layers(IMAGE);
    let ranges = calibrate(&layers, calibration_images(train));
    IntegerNetwork::new(&layers, &ranges)
}
