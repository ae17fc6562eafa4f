//! An exported crate against what it was made of, on networks with every kind of layer.

mod compiler;
mod drawn;

use mnist::PIXELS;
use pocket_export::rust::files;
use pocket_export::{IntegerNetwork, calibrate};

use compiler::{Program, about};
use drawn::{Draws, networks};

#[test]
fn a_crate_computes_every_score_as_the_network_that_it_was_made_of() {
    let mut draws = Draws(5);
    let images: Vec<[u8; PIXELS]> = (0..40).map(|_| draws.image()).collect();
    for (number, layers) in networks().iter().enumerate() {
        let network = IntegerNetwork::new(layers, &calibrate(layers, &images[..3])).unwrap();
        let files = files(&network, &about());
        let program = Program::of_crate(&files);
        let same = program.scores(&images) == network.scores(&images);
        assert!(same, "network {number}");
    }
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    let layers = &networks()[1];
    let network = IntegerNetwork::new(layers, &calibrate(layers, &[Draws(8).image()])).unwrap();
    let files = || files(&network, &about());
    assert_eq!(files(), files());
    for (name, text) in files() {
        let is_source = name.starts_with("pocket/src");
        assert!(
            is_source || !text.contains('@'),
            "a value is missing in {name}: {text}"
        );
    }
}
