//! Trained networks in integers.

use mnist::Digits;
use model_core::Network;
use pocket_export::{IMAGE, Inexpressible, IntegerNetwork, calibrate, calibration_images};

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
