//! The weights of a network as integers of 8 bits or 4, for programs that have no room for floats.
//!
//! Symmetric: weight = value × scale, with values of −127 to 127, or of −7 to 7. In a file each output channel has a scale of its
//! own, a 32-bit float: its largest weight divided by the largest value. Batch normalisation is folded into the convolutions
//! first. Biases stay 32-bit floats, and so do the maps between the layers: only weights are quantised.
//!
//! Burn's CPU backend convolves floats alone, and keeps no values of 4 bits. So to compute here, the weights are multiplied out
//! again ([`QuantizedWeights::dequantize`]), which gives what sums over the values, scaled afterwards, would give.

use std::collections::HashMap;

use burn::tensor::Tensor;
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

/// How many bits a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// A byte a value.
    Eight,
    /// Two values a byte.
    Four,
}

impl Bits {
    /// The largest value; the smallest is its negative.
    fn largest(self) -> f32 {
        match self {
            Self::Eight => 127.0,
            Self::Four => 7.0,
        }
    }

    /// Bytes of so many values, packed.
    fn bytes(self, values: usize) -> usize {
        match self {
            Self::Eight => values,
            Self::Four => values.div_ceil(2),
        }
    }
}

/// The weights of a network as integers, layer by layer. See the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedWeights {
    /// Of each value.
    pub bits: Bits,
    /// The layers that have weights, first to last.
    pub layers: Vec<QuantizedLayer>,
}

/// The weights of a layer as integers.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedLayer {
    /// Position among the network's layers, from 0.
    pub stage: usize,
    /// `[out_channels, in_channels / groups, kernel, kernel]` of a convolution, `[out_features, in_features]` of a fully
    /// connected layer.
    pub shape: Vec<usize>,
    /// The values, row by row, each in a byte of its own.
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
    pub fn new(network: &Network, granularity: Granularity, bits: Bits) -> Self {
        let layers = network.fold_batch_norm().weights().into_iter();
        Self {
            bits,
            layers: layers
                .map(|layer| QuantizedLayer::new(layer, granularity, bits))
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

    /// Bytes of all values, packed, scales and biases.
    pub fn bytes(&self) -> usize {
        let layers = self.layers.iter();
        let of_layer = |layer: &QuantizedLayer| {
            let floats = layer.scales.len() + layer.bias.as_ref().map_or(0, Vec::len);
            self.bits.bytes(layer.values.len()) + size_of::<f32>() * floats
        };
        layers.map(of_layer).sum()
    }

    /// A file in the safetensors format, with a byte for each value, whatever its bits: for each layer `stages.<n>.weight` (I8), `stages.<n>.scale` (F32) and, where
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
            bits: Bits::Eight,
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
    fn new(layer: LayerWeights, granularity: Granularity, bits: Bits) -> Self {
        let weights: Vec<f32> = layer.rows.into_data().iter().collect();
        let of_one_scale = match granularity {
            Granularity::Tensor => weights.len(),
            Granularity::OutputChannel => weights.len() / layer.shape[0],
        };
        let rows = weights.chunks(of_one_scale);
        let quantized: Vec<(Vec<i8>, f32)> = rows.map(|row| quantize(row, bits)).collect();
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

/// Values with one scale for all.
fn quantize(weights: &[f32], bits: Bits) -> (Vec<i8>, f32) {
    let largest = weights
        .iter()
        .fold(0.0_f32, |max, weight| max.max(weight.abs()));
    // Where all weights are 0, any scale will do but 0 itself.
    let scale = (largest / bits.largest()).max(f32::MIN_POSITIVE);
    let value = |weight: &f32| {
        (weight / scale)
            .round()
            .clamp(-bits.largest(), bits.largest()) as i8
    };
    (weights.iter().map(value).collect(), scale)
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
