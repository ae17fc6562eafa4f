//! Where the rows of each layer's input lie.
//!
//! Rows that [pass](pocket::Network::is_passing) share a place as large as two that follow each other need at most; in turns they lie
//! at its beginning and at its end. All other rows have a place of their own.

use pocket::Network;

use crate::integer_network::OwnedLayer;

/// Decides where rows lie, and returns how many bytes all of them take.
pub(crate) fn plan(layers: &mut [OwnedLayer]) -> usize {
    let views: Vec<pocket::Layer> = layers.iter().map(OwnedLayer::view).collect();
    let network = Network {
        layers: &views,
        rows: 0,
        sums: 0,
    };
    // What the first layer reads is the image, which the caller has.
    let rows = (1..views.len()).map(|layer| {
        let bytes = views[layer].window_bytes();
        (network.is_passing(layer), bytes)
    });
    let rows: Vec<(bool, usize)> = rows.collect();
    let passing = |index: usize| {
        rows.get(index)
            .map_or(0, |(passing, bytes)| usize::from(*passing) * bytes)
    };
    let shared = (0..rows.len()).map(|index| passing(index) + passing(index + 1));
    let shared = shared.max().unwrap_or(0);
    let mut end = shared;
    for (index, (layer, (passing, bytes))) in layers.iter_mut().skip(1).zip(rows).enumerate() {
        let start = if !passing {
            end += bytes;
            end - bytes
        } else if index % 2 == 0 {
            0
        } else {
            shared - bytes
        };
        // More than 4 GiB would not fit into any microcontroller: the check refuses it.
        layer.window = u32::try_from(start).unwrap_or(u32::MAX);
    }
    end
}
