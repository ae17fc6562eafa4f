//! The layers of a network as ONNX's nodes.

use kernels::Geometry;
use kernels::inference::{Layer, Shape};
use mnist::{IMAGE_SIDE, MEAN, STANDARD_DEVIATION};

use crate::protobuf::Message;

/// What `TensorProto` calls the types of values.
const FLOAT: i64 = 1;
const UINT8: i64 = 2;
const INT64: i64 = 7;

/// What `AttributeProto` calls the types of attributes.
const ATTRIBUTE_INT: i64 = 2;
const ATTRIBUTE_INTS: i64 = 7;

/// Names of the input and the output.
const PIXELS: &str = "pixels";
const PROBABILITIES: &str = "probabilities";

/// The name of the first dimension, which is free.
const BATCH: &str = "batch";

/// A graph that grows node by node. A node and what it yields have the same name.
pub struct Graph {
    nodes: Vec<Message>,
    weights: Vec<Message>,
    /// The types of what the nodes yield.
    values: Vec<Message>,
    /// The node whose values are the next one's input.
    last: String,
    /// Their shape.
    shape: Shape,
    /// Whether they are `[batch, values]` rather than `[batch, channels, height, width]`.
    flat: bool,
}

impl Graph {
    /// A graph from pixels to probabilities. Layers are numbered from 1.
    pub fn of_digits(layers: &[Layer]) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            weights: Vec::new(),
            values: Vec::new(),
            last: PIXELS.into(),
            shape: Shape {
                channels: 1,
                height: IMAGE_SIDE,
                width: IMAGE_SIDE,
            },
            flat: false,
        };
        graph.normalize();
        for (number, layer) in (1..).zip(layers) {
            let output = layer.output(graph.shape);
            graph.layer(number, layer, output);
        }
        graph.flatten("flatten");
        graph.node(PROBABILITIES, "Softmax", &[], [integer("axis", 1)]);
        // Its type is that of the output, and not of something between.
        graph.values.pop();
        graph
    }

    /// The graph as `GraphProto`.
    pub fn message(&self, name: &str) -> Message {
        let image = Shape {
            channels: 1,
            height: IMAGE_SIDE,
            width: IMAGE_SIDE,
        };
        Message::new()
            .messages(1, self.nodes.iter().cloned())
            .text(2, name)
            .messages(5, self.weights.iter().cloned())
            .message(11, &value(PIXELS, UINT8, image, false))
            .message(12, &value(PROBABILITIES, FLOAT, self.shape, true))
            .messages(13, self.values.iter().cloned())
    }

    /// From bytes to what the first layer takes: `pixel × scale + shift`, as `kernels::inference::Pixels` has it.
    fn normalize(&mut self) {
        self.node("pixels_as_floats", "Cast", &[], [integer("to", FLOAT)]);
        let scale = 1.0 / (255.0 * STANDARD_DEVIATION);
        let shift = -MEAN / STANDARD_DEVIATION;
        for (name, operator, constant) in [
            ("scaled_pixels", "Mul", scale),
            ("normalized_pixels", "Add", shift),
        ] {
            let weights = self.weights(name, "constant", &[], &[constant]);
            self.node(name, operator, &[weights], []);
        }
    }

    fn layer(&mut self, number: usize, layer: &Layer, output: Shape) {
        match layer {
            Layer::Convolution {
                geometry,
                weights,
                bias,
                relu,
            } => {
                let name = &format!("convolution_{number}");
                self.unflatten(number);
                self.shape = output;
                let inputs =
                    self.weights_and_bias(name, &kernel_dimensions(geometry), weights, bias);
                self.node(name, "Conv", &inputs, convolution_attributes(geometry));
                if *relu {
                    self.node(&format!("relu_{number}"), "Relu", &[], []);
                }
            }
            Layer::MaxPool { kernel, stride } => {
                self.unflatten(number);
                self.shape = output;
                let attributes = [
                    integers("kernel_shape", &[*kernel; 2]),
                    integers("strides", &[*stride; 2]),
                ];
                self.node(&format!("max_pool_{number}"), "MaxPool", &[], attributes);
            }
            Layer::GlobalAveragePool => {
                self.unflatten(number);
                self.shape = output;
                self.node(&format!("mean_{number}"), "GlobalAveragePool", &[], []);
            }
            Layer::FullyConnected { weights, bias } => {
                let name = &format!("fully_connected_{number}");
                self.flatten(&format!("flatten_{number}"));
                let dimensions = [bias.len(), self.shape.values()];
                self.shape = output;
                let inputs = self.weights_and_bias(name, &dimensions, weights, bias);
                self.node(name, "Gemm", &inputs, [integer("transB", 1)]);
            }
        }
    }

    /// Makes `[batch, values]` of maps.
    fn flatten(&mut self, name: &str) {
        if !self.flat {
            self.flat = true;
            self.node(name, "Flatten", &[], [integer("axis", 1)]);
        }
    }

    /// Makes maps of one pixel of `[batch, values]`.
    fn unflatten(&mut self, number: usize) {
        if self.flat {
            self.flat = false;
            let name = format!("unflatten_{number}");
            let shape = format!("{name}.shape");
            // 0 leaves a dimension as it is, and -1 is what remains.
            let dimensions = [0, -1, 1, 1_i64].map(i64::to_le_bytes);
            self.weights
                .push(tensor(&shape, INT64, &[4], dimensions.as_flattened()));
            self.node(&name, "Reshape", &[shape], []);
        }
    }

    fn weights_and_bias(
        &mut self,
        name: &str,
        dimensions: &[usize],
        weights: &[f32],
        bias: &[f32],
    ) -> [String; 2] {
        [
            self.weights(name, "weight", dimensions, weights),
            self.weights(name, "bias", &[bias.len()], bias),
        ]
    }

    /// Adds constant floats of a node, and returns their name.
    fn weights(&mut self, node: &str, kind: &str, dimensions: &[usize], values: &[f32]) -> String {
        let name = format!("{node}.{kind}");
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.weights.push(tensor(&name, FLOAT, dimensions, &bytes));
        name
    }

    /// Adds a node, whose first input is what the last one yields.
    fn node(
        &mut self,
        name: &str,
        operator: &str,
        constants: &[String],
        attributes: impl IntoIterator<Item = Message>,
    ) {
        let mut node = Message::new().text(1, &self.last);
        for constant in constants {
            node = node.text(1, constant);
        }
        let node = node.text(2, name).text(3, name).text(4, operator);
        self.nodes.push(node.messages(5, attributes));
        self.values.push(value(name, FLOAT, self.shape, self.flat));
        self.last = name.into();
    }
}

fn kernel_dimensions(geometry: &Geometry) -> [usize; 4] {
    [
        geometry.out_channels,
        geometry.in_channels / geometry.groups,
        geometry.kernel,
        geometry.kernel,
    ]
}

fn convolution_attributes(geometry: &Geometry) -> [Message; 4] {
    [
        integers("kernel_shape", &[geometry.kernel; 2]),
        integers("strides", &[geometry.stride; 2]),
        integers("pads", &[geometry.padding; 4]),
        integer("group", geometry.groups as i64),
    ]
}

/// `AttributeProto` of an integer.
fn integer(name: &str, value: i64) -> Message {
    let attribute = Message::new().text(1, name).integer(3, value);
    attribute.integer(20, ATTRIBUTE_INT)
}

/// `AttributeProto` of integers.
fn integers(name: &str, values: &[usize]) -> Message {
    let values = values.iter().map(|value| *value as i64);
    let attribute = Message::new().text(1, name).integers(8, values);
    attribute.integer(20, ATTRIBUTE_INTS)
}

/// `TensorProto`, its values as bytes.
fn tensor(name: &str, kind: i64, dimensions: &[usize], values: &[u8]) -> Message {
    let dimensions = dimensions.iter().map(|size| *size as i64);
    Message::new()
        .integers(1, dimensions)
        .integer(2, kind)
        .text(8, name)
        .bytes(9, values)
}

/// `ValueInfoProto`: the type of a batch of values.
fn value(name: &str, kind: i64, shape: Shape, flat: bool) -> Message {
    let sizes = if flat {
        vec![shape.values()]
    } else {
        vec![shape.channels, shape.height, shape.width]
    };
    let sizes = sizes
        .into_iter()
        .map(|size| Message::new().integer(1, size as i64));
    let shape = Message::new()
        .message(1, &Message::new().text(2, BATCH))
        .messages(1, sizes);
    let tensor = Message::new().integer(1, kind).message(2, &shape);
    Message::new()
        .text(1, name)
        .message(2, &Message::new().message(1, &tensor))
}
