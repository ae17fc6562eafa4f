//! The weights of a network as 8-bit integers, for programs that have no room for floats.
//!
//! Symmetric: weight = value × scale, with values of −127 to 127. In a file each output channel has a scale of its own, a
//! 32-bit float: its largest weight divided by 127. Batch normalisation is folded into the convolutions first. Biases
//! stay 32-bit floats, and so do the maps between the layers: only weights are quantised.
//!
//! Burn quantises, but on the CPU it convolves floats alone. So to compute here, the weights are multiplied out again
//! ([`QuantizedWeights::dequantize`]), which gives what sums over the values, scaled afterwards, would give.

use std::collections::HashMap;

use burn::tensor::quantization::{QuantScheme, QuantStore, QuantValue, QuantizedBytes, ScaleDtype};
use burn::tensor::{DType, Tensor};
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, TensorView};
use tensor_file::{ExpectedTensor, TensorFile, floats};

use crate::Network;

/// What a file says of itself.
const DESCRIPTION: &str = "int8, symmetric, a scale for each output channel (the first dimension): \
    weight = value * scale; batch normalisation is folded in";

/// Which weights of a layer have a scale in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// All of them.
    Tensor,
    /// Those of an output channel.
    OutputChannel,
}

/// The weights of a network as 8-bit integers, layer by layer. See the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedWeights {
    /// The layers that have weights, first to last.
    pub layers: Vec<QuantizedLayer>,
}

/// The weights of a layer as 8-bit integers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedLayer {
    /// Position among the network's layers, from 0.
    pub stage: usize,
    /// `[out_channels, in_channels / groups, kernel, kernel]` of a convolution, `[out_features, in_features]` of a fully
    /// connected layer.
    pub shape: Vec<usize>,
    /// The values, row by row.
    pub values: Vec<i8>,
    /// One for each output channel, or one for all.
    pub scales: Vec<f32>,
    /// One for each output channel; none where the layer has no bias.
    pub bias: Option<Vec<f32>>,
}

/// The weights of a layer, before and after.
pub(crate) struct LayerWeights {
    /// Position among the network's layers, from 0.
    pub stage: usize,
    /// See [`QuantizedLayer::shape`].
    pub shape: Vec<usize>,
    /// `[out_channels, weights of an output channel]`.
    pub rows: Tensor<2>,
    /// `[out_channels]`.
    pub bias: Option<Tensor<1>>,
}

impl QuantizedWeights {
    /// Quantises the weights of a network, batch normalisation folded in.
    pub fn new(network: &Network, granularity: Granularity) -> Self {
        let layers = network.fold_batch_norm().weights().into_iter();
        Self {
            layers: layers
                .map(|layer| QuantizedLayer::new(layer, granularity))
                .collect(),
        }
    }

    /// The network with these weights: batch normalisation folded in, and each weight its value times its scale.
    ///
    /// # Panics
    ///
    /// If `network` is not of the architecture that the weights are of.
    pub fn dequantize(&self, network: &Network) -> Network {
        let mut network = network.fold_batch_norm();
        for layer in &self.layers {
            network.set_weights(layer.stage, &layer.dequantized(), layer.bias.as_deref());
        }
        network
    }

    /// Bytes of all values, scales and biases.
    pub fn bytes(&self) -> usize {
        let layers = self.layers.iter();
        let of_layer = |layer: &QuantizedLayer| {
            let floats = layer.scales.len() + layer.bias.as_ref().map_or(0, Vec::len);
            layer.values.len() + size_of::<f32>() * floats
        };
        layers.map(of_layer).sum()
    }

    /// A file in the safetensors format: for each layer `stages.<n>.weight` (I8), `stages.<n>.scale` (F32) and, where
    /// there is one, `stages.<n>.bias` (F32). [`weights::load`](crate::weights::load) reads it.
    ///
    /// # Errors
    ///
    /// A layer's values are not as many as its shape says.
    pub fn to_safetensors(&self) -> Result<Vec<u8>, SafeTensorError> {
        let stored: Vec<Stored> = self.layers.iter().flat_map(Stored::of).collect();
        let views = stored.iter().map(|stored| {
            let view = TensorView::new(stored.dtype, stored.shape.clone(), &stored.bytes)?;
            Ok((&stored.name, view))
        });
        let views: Vec<_> = views.collect::<Result<_, SafeTensorError>>()?;
        // A single entry: their order in the file would be random.
        let description = HashMap::from([("quantization".to_owned(), DESCRIPTION.to_owned())]);
        safetensors::serialize(views, Some(description))
    }

    /// The weights of `network` from the tensors of a file, which are those [expected](Self::expected).
    pub(crate) fn from_tensors(network: &Network, tensors: &TensorFile) -> Self {
        let layers = network.fold_batch_norm().weights().into_iter();
        let read = |layer: LayerWeights| {
            let data = |kind| tensors.data(&name(layer.stage, kind)).unwrap_or_default();
            QuantizedLayer {
                stage: layer.stage,
                values: data("weight")
                    .iter()
                    .map(|byte| byte.cast_signed())
                    .collect(),
                scales: floats(data("scale")).collect(),
                bias: layer.bias.map(|_| floats(data("bias")).collect()),
                shape: layer.shape,
            }
        };
        Self {
            layers: layers.map(read).collect(),
        }
    }

    /// The tensors of a file for this network.
    pub(crate) fn expected(network: &Network) -> Vec<ExpectedTensor> {
        let layers = network.fold_batch_norm().weights().into_iter();
        let of_layer = |layer: LayerWeights| {
            let expected = |kind, dtype, shape: &[usize]| ExpectedTensor {
                name: name(layer.stage, kind),
                dtype,
                shape: shape.to_vec(),
            };
            let channels = &layer.shape[..1];
            let bias = layer
                .bias
                .as_ref()
                .map(|_| expected("bias", Dtype::F32, channels));
            let always = [
                expected("weight", Dtype::I8, &layer.shape),
                expected("scale", Dtype::F32, channels),
            ];
            always.into_iter().chain(bias).collect::<Vec<_>>()
        };
        layers.flat_map(of_layer).collect()
    }
}

impl QuantizedLayer {
    fn new(layer: LayerWeights, granularity: Granularity) -> Self {
        let rows = match granularity {
            Granularity::Tensor => vec![layer.rows],
            Granularity::OutputChannel => layer.rows.split(1, 0),
        };
        let quantized: Vec<(Vec<i8>, f32)> = rows.into_iter().map(quantize).collect();
        Self {
            stage: layer.stage,
            shape: layer.shape,
            scales: quantized.iter().map(|(_, scale)| *scale).collect(),
            values: quantized
                .into_iter()
                .flat_map(|(values, _)| values)
                .collect(),
            bias: layer
                .bias
                .map(|bias| bias.into_data().iter::<f32>().collect()),
        }
    }

    /// The weights, row by row.
    fn dequantized(&self) -> Vec<f32> {
        let of_one_scale = self.values.len() / self.scales.len();
        let rows = self.values.chunks(of_one_scale).zip(&self.scales);
        rows.flat_map(|(values, scale)| values.iter().map(move |value| f32::from(*value) * scale))
            .collect()
    }
}

/// A tensor's values with one scale for all.
fn quantize(tensor: Tensor<2>) -> (Vec<i8>, f32) {
    let scheme = QuantScheme::default()
        .with_value(QuantValue::Q8S)
        .with_store(QuantStore::Native)
        .per_tensor(ScaleDtype::F32);
    let data = tensor.quantize_dynamic(&scheme).into_data();
    let DType::QFloat(scheme) = data.dtype() else {
        unreachable!("a quantised tensor has quantised data");
    };
    let shape = data.shape().clone();
    let bytes = data.into_bytes();
    let (values, scales) = QuantizedBytes {
        bytes,
        scheme,
        shape,
    }
    .into_vec_i8();
    (values, scales.block[0])
}

/// A tensor of a file.
struct Stored {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Stored {
    fn of(layer: &QuantizedLayer) -> Vec<Self> {
        let floats = |kind, values: &[f32]| Self {
            name: name(layer.stage, kind),
            dtype: Dtype::F32,
            shape: vec![values.len()],
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        };
        let mut stored = vec![
            Self {
                name: name(layer.stage, "weight"),
                dtype: Dtype::I8,
                shape: layer.shape.clone(),
                bytes: layer
                    .values
                    .iter()
                    .map(|value| value.cast_unsigned())
                    .collect(),
            },
            floats("scale", &layer.scales),
        ];
        stored.extend(layer.bias.as_deref().map(|bias| floats("bias", bias)));
        stored
    }
}

fn name(stage: usize, kind: &str) -> String {
    format!("stages.{stage}.{kind}")
}
