//! The C of an export against the crate, on networks with every kind of layer.

mod compiler;
mod drawn;

use kernels::inference::Layer;
use mnist::PIXELS;
use pocket_export::c::files;
use pocket_export::{Inexpressible, IntegerNetwork, Range, calibrate};

use compiler::{Program, about};
use drawn::{Builder, Draws, networks};

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
    let network = kernels::inference::Network::new(pocket_export::IMAGE, pixels, layers);
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
