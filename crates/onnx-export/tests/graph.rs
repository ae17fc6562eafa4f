//! ONNX files of networks with every kind of layer.

#[path = "../../pocket-export/tests/drawn/mod.rs"]
mod drawn;
mod python;

use std::fs;

use kernels::inference::{Layer, Network, Pixels, Shape};
use mnist::{CLASSES, IMAGE_SIDE, MEAN, PIXELS, STANDARD_DEVIATION};
use onnx_export::{About, file};

use drawn::{Builder, Draws, networks};
use python::Checked;

fn about() -> About {
    About {
        name: "drawn".into(),
        description: "A network drawn at random.".into(),
        metadata: vec![("parameters".into(), "1234".into())],
    }
}

/// Networks with every kind of layer, in every order that needs something between.
fn all_networks() -> Vec<Vec<Layer>> {
    let mut networks = networks();
    let after_vectors = Builder::new(9)
        .max_pool(3, 2)
        .fully_connected(12)
        .convolution([10, 2, 1, 1, 0], true)
        .add(Layer::GlobalAveragePool);
    networks.push(after_vectors.layers);
    networks.iter_mut().flatten().for_each(shrink);
    networks
}

/// Makes the weights so small that no probability becomes 0 or 1.
fn shrink(layer: &mut Layer) {
    if let Layer::Convolution { weights, bias, .. } | Layer::FullyConnected { weights, bias } =
        layer
    {
        let inputs = (weights.len() / bias.len()) as f32;
        weights
            .iter_mut()
            .for_each(|weight| *weight /= inputs.sqrt());
    }
}

fn probabilities(layers: &[Layer], images: &[[u8; PIXELS]]) -> Vec<[f32; CLASSES]> {
    let shape = Shape {
        channels: 1,
        height: IMAGE_SIDE,
        width: IMAGE_SIDE,
    };
    let pixels = Pixels {
        scale: 1.0 / (255.0 * STANDARD_DEVIATION),
        shift: -MEAN / STANDARD_DEVIATION,
    };
    let network = Network::new(shape, pixels, layers);
    let images: Vec<&[u8]> = images.iter().map(|image| image.as_slice()).collect();
    let logits = network.logits(&images);
    let (logits, _) = logits.as_chunks::<CLASSES>();
    logits.iter().map(softmax).collect()
}

fn softmax(logits: &[f32; CLASSES]) -> [f32; CLASSES] {
    let exponentials = logits.map(|logit| f64::from(logit).exp());
    let sum: f64 = exponentials.iter().sum();
    exponentials.map(|value| (value / sum) as f32)
}

fn most_probable(probabilities: &[f32; CLASSES]) -> u8 {
    let digits = (0..).zip(probabilities);
    digits
        .max_by(|one, other| one.1.total_cmp(other.1))
        .unwrap()
        .0
}

#[test]
#[ignore = "needs Python with onnx and onnxruntime"]
fn onnxruntime_computes_what_the_kernels_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut draws = Draws(10);
    let images: Vec<[u8; PIXELS]> = (0..40).map(|_| draws.image()).collect();
    let checked = Checked {
        folder: folder.path(),
        images: &images,
    };
    for (number, layers) in all_networks().iter().enumerate() {
        let name = format!("network-{number}");
        fs::write(
            folder.path().join(format!("{name}.onnx")),
            file(layers, &about()),
        )
        .unwrap();
        let probabilities = probabilities(layers, &images);
        let digits: Vec<u8> = probabilities.iter().map(most_probable).collect();
        checked.expect(&name, &probabilities, &digits);
    }
    checked.check();
}

#[test]
fn the_same_network_gives_the_same_bytes_and_another_gives_others() {
    let networks = all_networks();
    let files = || networks.iter().map(|layers| file(layers, &about()));
    assert!(files().eq(files()));
    assert_ne!(files().next(), files().nth(1));
}

#[test]
fn a_file_holds_every_weight_once_and_little_else() {
    for layers in all_networks() {
        let file = file(&layers, &about());
        let mut bytes = 0;
        for layer in &layers {
            if let Layer::Convolution { weights, bias, .. }
            | Layer::FullyConnected { weights, bias } = layer
            {
                let weights: Vec<u8> = weights.iter().flat_map(|it| it.to_le_bytes()).collect();
                let places = file
                    .windows(weights.len())
                    .filter(|place| *place == weights);
                assert_eq!(places.count(), 1);
                bytes += weights.len() + size_of::<f32>() * bias.len();
            }
        }
        let rest = file.len() - bytes;
        assert!(rest < 300 * (layers.len() + 5), "{rest} bytes");
    }
}
