//! A network as a crate on [`pocket`], whose source goes with it: the folder needs nothing else.

use std::fmt::Display;

use pocket::Map;

use crate::integer_network::{Kind, OwnedLayer, OwnedScaling};
use crate::numbers::lines;
use crate::{About, IntegerNetwork};

/// The files of an export: paths within its folder, and contents. The same network and the same words give the same bytes.
pub fn files(network: &IntegerNetwork, about: &About) -> [(&'static str, String); 11] {
    let readme = about.fill(include_str!("README.md"), network, network.numbers_bytes());
    [
        ("Cargo.toml", manifest(include_str!("Cargo.toml.txt"))),
        ("README.md", readme),
        ("src/lib.rs", include_str!("digit.rs").into()),
        ("src/network.rs", source(network, about)),
        ("examples/read.rs", include_str!("example.rs").into()),
        (
            "pocket/Cargo.toml",
            manifest(include_str!("pocket.toml.txt")),
        ),
        (
            "pocket/src/lib.rs",
            include_str!("../../../pocket/src/lib.rs").into(),
        ),
        (
            "pocket/src/check.rs",
            include_str!("../../../pocket/src/check.rs").into(),
        ),
        (
            "pocket/src/network.rs",
            include_str!("../../../pocket/src/network.rs").into(),
        ),
        (
            "pocket/src/requantize.rs",
            include_str!("../../../pocket/src/requantize.rs").into(),
        ),
        (
            "pocket/src/run.rs",
            include_str!("../../../pocket/src/run.rs").into(),
        ),
    ]
}

fn manifest(template: &str) -> String {
    template
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@RUST@", env!("CARGO_PKG_RUST_VERSION"))
        .replace("@LICENCE@", env!("CARGO_PKG_LICENSE"))
}

fn source(network: &IntegerNetwork, about: &About) -> String {
    let layers: Vec<String> = network.layers.iter().map(layer).collect();
    format!(
        "\
//! {}, {} parameters.

use pocket::{{Layer, Map, Network, Operation, Scaling}};

/// Bytes for rows of maps.
pub const ROWS: usize = {};

/// Number of 32-bit sums.
pub const SUMS: usize = {};

/// The network.
#[rustfmt::skip]
pub static NETWORK: Network<'static> = Network {{
    layers: &[
{}
    ],
    rows: ROWS,
    sums: SUMS,
}};
",
        about.name,
        about.parameters,
        network.rows,
        network.sums,
        layers.join("\n")
    )
}

fn layer(layer: &OwnedLayer) -> String {
    let Map {
        height,
        width,
        channels,
    } = layer.input;
    format!(
        "        Layer {{
            operation: {},
            input: Map {{ height: {height}, width: {width}, channels: {channels} }},
            window: {},
        }},",
        operation(&layer.kind),
        layer.window
    )
}

fn operation(kind: &Kind) -> String {
    let (name, fields) = match kind {
        Kind::Convolution {
            kernel,
            stride,
            padding,
            padding_value,
            groups,
            weights,
            scaling,
        } => (
            "Convolution",
            vec![
                format!("kernel: {kernel}, stride: {stride}, padding: {padding}"),
                format!("padding_value: {padding_value}, groups: {groups}"),
                array("weights", 20, weights),
                self::scaling(scaling),
            ],
        ),
        Kind::MaxPool { size } => ("MaxPool", vec![format!("size: {size}")]),
        Kind::FullyConnected {
            groups,
            weights,
            scaling,
        } => (
            "FullyConnected",
            vec![
                format!("groups: {groups}"),
                array("weights", 20, weights),
                self::scaling(scaling),
            ],
        ),
        Kind::Mean { scaling } => ("Mean", vec![self::scaling(scaling)]),
    };
    let fields = fields
        .iter()
        .map(|field| format!("                {field},\n"));
    let fields: String = fields.collect();
    format!("Operation::{name} {{\n{fields}            }}")
}

fn scaling(scaling: &OwnedScaling) -> String {
    let fields = [
        array("bias", 24, &scaling.bias),
        array("multiplier", 24, &scaling.multiplier),
        array("shift", 24, &scaling.shift),
        format!("zero: {}", scaling.zero),
    ];
    let fields = fields.map(|field| format!("                    {field},\n"));
    format!("scaling: Scaling {{\n{}                }}", fields.concat())
}

/// A field that is a slice; its numbers are indented by so much.
fn array<T: Display>(name: &str, indentation: usize, values: &[T]) -> String {
    let lines = lines(indentation, values);
    let end = " ".repeat(indentation - 4);
    format!("{name}: &[{lines}\n{end}]")
}
