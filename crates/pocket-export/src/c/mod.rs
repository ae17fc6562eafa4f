//! A network as C99 source.
//!
//! Tables of numbers come from the network; what computes with them is the same text for every network (`engine.c`), and the same
//! arithmetic as [`pocket`].

use std::fmt::Display;

use mnist::CLASSES;
use pocket::SCORE_ONE;

use crate::integer_network::{Kind, OwnedLayer};
use crate::numbers::lines;
use crate::{About, IntegerNetwork};

/// The files of an export: names and contents. The same network and the same words give the same bytes.
pub fn files(network: &IntegerNetwork, about: &About) -> [(&'static str, String); 4] {
    [
        ("digit.h", header()),
        ("digit.c", source(network, about)),
        ("example.c", include_str!("example.c").to_owned()),
        (
            "README.md",
            about.fill(include_str!("README.md"), network, flash_bytes(network)),
        ),
    ]
}

/// Bytes of weights and tables in C: constants that lie in flash.
pub fn flash_bytes(network: &IntegerNetwork) -> usize {
    let tables = Tables::new(network);
    network.numbers_bytes() + tables.layers.len() * tables.number().layer_bytes()
}

fn header() -> String {
    include_str!("digit.h").replace("@ONE@", &SCORE_ONE.to_string())
}

fn source(network: &IntegerNetwork, about: &About) -> String {
    let tables = Tables::new(network);
    let number = tables.number();
    let layers: Vec<String> = tables.layers.iter().map(Row::initializer).collect();
    let parts = [
        format!("/* {}, {} parameters. */", about.name, about.parameters),
        "#include \"digit.h\"".into(),
        format!(
            "#define LAYERS {}\n#define ROWS {}\n#define SUMS {}",
            tables.layers.len(),
            // An array without elements is not C.
            network.rows.max(1),
            network.sums.max(CLASSES)
        ),
        format!(
            "/* [layer, output, row, column, input of the group] */\n{}",
            array("int8_t", "weights", &tables.weights)
        ),
        format!(
            "/* For each output channel of each layer: what a sum begins with, and what it is multiplied by. */\n{}",
            array("int32_t", "bias", &tables.bias)
        ),
        array("int32_t", "multiplier", &tables.multiplier),
        array("int8_t", "shift", &tables.shift),
        include_str!("layer.c")
            .trim_end()
            .replace("@NUMBER@", number.c_type()),
        format!(
            "static const layer layers[LAYERS] = {{\n{}\n}};",
            layers.join("\n")
        ),
        include_str!("engine.c").trim_end().to_owned(),
    ];
    parts.join("\n\n") + "\n"
}

/// A constant array.
fn array<T: Display>(of: &str, name: &str, values: &[T]) -> String {
    let (count, lines) = (values.len(), lines(4, values));
    format!("static const {of} {name}[{count}] = {{{lines}\n}};")
}

/// The type of sizes and places in C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    Short,
    Long,
}

impl Number {
    fn c_type(self) -> &'static str {
        match self {
            Self::Short => "uint16_t",
            Self::Long => "uint32_t",
        }
    }

    /// Bytes of a layer in the table: its numbers, and three bytes.
    fn layer_bytes(self) -> usize {
        match self {
            Self::Short => size_of::<u16>() * Row::NUMBERS + 4,
            Self::Long => size_of::<u32>() * Row::NUMBERS + 4,
        }
    }
}

/// What becomes arrays in C.
#[derive(Default)]
struct Tables {
    weights: Vec<i8>,
    bias: Vec<i32>,
    multiplier: Vec<i32>,
    shift: Vec<i8>,
    layers: Vec<Row>,
}

/// A layer in the table.
struct Row {
    numbers: [usize; Row::NUMBERS],
    operation: &'static str,
    padding_value: u8,
    zero: u8,
}

impl Tables {
    fn new(network: &IntegerNetwork) -> Self {
        let mut tables = Self::default();
        for (index, layer) in network.layers.iter().enumerate() {
            let mut row = Row::new(layer, tables.weights.len(), tables.bias.len());
            if index == 0 {
                // All of the image is there.
                row.numbers[Row::HELD] = layer.input.height.into();
            }
            tables.layers.push(row);
            tables.weights.extend(layer.weights());
            if let Some(scaling) = layer.scaling() {
                tables.bias.extend(&scaling.bias);
                tables.multiplier.extend(&scaling.multiplier);
                tables.shift.extend(&scaling.shift);
            }
        }
        tables
    }

    fn number(&self) -> Number {
        let mut numbers = self.layers.iter().flat_map(|row| row.numbers);
        if numbers.all(|number| number <= usize::from(u16::MAX)) {
            Number::Short
        } else {
            Number::Long
        }
    }
}

impl Row {
    const NUMBERS: usize = 11;
    /// Which of the numbers is that of the rows that are held.
    const HELD: usize = 7;

    fn new(layer: &OwnedLayer, weights: usize, channel: usize) -> Self {
        let view = layer.view();
        let (side, channels) = (layer.input.height.into(), usize::from(layer.input.channels));
        let (operation, kernel, stride, padding, padding_value, groups) = match &layer.kind {
            Kind::Convolution {
                kernel,
                stride,
                padding,
                padding_value,
                groups,
                ..
            } => (
                "CONVOLUTION",
                usize::from(*kernel),
                usize::from(*stride),
                usize::from(*padding),
                *padding_value,
                usize::from(*groups),
            ),
            Kind::MaxPool { size } => ("MAX_POOL", (*size).into(), (*size).into(), 0, 0, 1),
            Kind::FullyConnected { groups, .. } => {
                ("FULLY_CONNECTED", side, 1, 0, 0, (*groups).into())
            }
            Kind::Mean { .. } => ("MEAN", side, 1, 0, 0, channels),
        };
        let outputs = usize::from(view.output().channels) / groups;
        Self {
            numbers: [
                side,
                channels,
                kernel,
                stride,
                padding,
                channels / groups,
                outputs,
                view.window_rows(),
                layer.window as usize,
                weights,
                channel,
            ],
            operation,
            padding_value,
            zero: layer.scaling().map_or(0, |scaling| scaling.zero),
        }
    }

    fn initializer(&self) -> String {
        let numbers: Vec<String> = self.numbers.iter().map(usize::to_string).collect();
        format!(
            "    {{{}, {}, {}, {}}},",
            numbers.join(", "),
            self.operation,
            self.padding_value,
            self.zero
        )
    }
}
