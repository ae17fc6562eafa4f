//! Weights as 8-bit integers: how far they are from the floats, and their file.

use std::collections::HashMap;
use std::fs;

use architecture::Architecture;
use burn::tensor::{Device, Distribution, Tensor};
use model_core::Network;
use model_core::quantization::{Bits, Granularity, QuantizedWeights};
use model_core::weights::{self, WeightsError};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use tensor_file::TensorFileError;

/// Every kind of layer that has weights, with batch normalisation and without.
fn architecture() -> Architecture {
    Architecture::new(1, 12)
        .convolution_block(4, 3)
        .separable_block(6, 3)
        .max_pool(2)
        .with_batch_norm()
        .factored_head(10)
}

/// A network whose batch normalisation has seen images, so that it does something.
fn network(architecture: &Architecture) -> Network {
    let device = Device::flex().autodiff();
    let network = Network::new(architecture, 0.0, &device).unwrap();
    for _ in 0..20 {
        network.forward(images(&device));
    }
    // Only `save` and `fold_batch_norm` take what was seen into account.
    network.fold_batch_norm()
}

fn images(device: &Device) -> Tensor<4> {
    let shape = [16, 1, architecture().input_size, architecture().input_size];
    Tensor::random(shape, Distribution::Normal(0.5, 2.0), device)
}

fn logits(network: &Network, images: &Tensor<4>) -> Vec<f32> {
    let logits = network.forward(images.clone()).into_data();
    logits.iter::<f32>().collect()
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

#[test]
fn a_network_computes_the_same_with_batch_normalisation_folded_in() {
    let device = Device::flex();
    let training = Network::new(&architecture(), 0.0, &device.clone().autodiff()).unwrap();
    for _ in 0..20 {
        training.forward(images(&device.clone().autodiff()));
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("weights.safetensors");
    weights::save(&training, &path).unwrap();
    let network =
        weights::load(Network::new(&architecture(), 0.0, &device).unwrap(), &path).unwrap();
    let images = images(&device);
    assert_eq!(
        logits(&network.fold_batch_norm(), &images),
        logits(&network, &images)
    );
}

#[test]
fn each_value_is_the_nearest_to_its_weight() {
    let network = network(&architecture());
    let per_channel = Granularity::OutputChannel;
    for (granularity, bits, expected) in [
        (Granularity::Tensor, Bits::Eight, 127),
        (per_channel, Bits::Eight, 127),
        (per_channel, Bits::Four, 7),
    ] {
        let quantized = QuantizedWeights::new(&network, granularity, bits);
        let shapes: Vec<&[usize]> = quantized
            .layers
            .iter()
            .map(|layer| layer.shape.as_slice())
            .collect();
        assert_eq!(
            shapes,
            [
                &[4, 1, 3, 3][..],
                &[4, 1, 3, 3],
                &[6, 4, 1, 1],
                &[6, 1, 4, 4],
                &[10, 6]
            ]
        );
        let multiplied_out =
            QuantizedWeights::new(&quantized.dequantize(&network), granularity, bits);
        for (layer, again) in quantized.layers.iter().zip(&multiplied_out.layers) {
            let channels = layer.shape[0];
            let scales = if granularity == Granularity::Tensor {
                1
            } else {
                channels
            };
            assert_eq!(layer.scales.len(), scales);
            assert_eq!(layer.values.len(), layer.shape.iter().product::<usize>());
            for values in layer.values.chunks(layer.values.len() / scales) {
                let largest = values.iter().map(|value| value.unsigned_abs()).max();
                assert_eq!(
                    largest,
                    Some(expected),
                    "the scale is that of the largest weight"
                );
            }
            assert_eq!(
                layer.values, again.values,
                "what is quantised already stays as it is"
            );
        }
    }
}

#[test]
fn the_logits_change_little_and_less_with_a_scale_for_each_channel() {
    let network = network(&architecture());
    let images = images(&Device::flex());
    let exact = logits(&network, &images);
    let size = largest_difference(&exact, &vec![0.0; exact.len()]);
    let [per_tensor, per_channel] =
        [Granularity::Tensor, Granularity::OutputChannel].map(|granularity| {
            let quantized =
                QuantizedWeights::new(&network, granularity, Bits::Eight).dequantize(&network);
            largest_difference(&logits(&quantized, &images), &exact) / size
        });
    assert!(per_channel > 0.0 && per_channel < 0.03, "{per_channel}");
    assert!(per_tensor < 0.06, "{per_tensor}");
}

#[test]
fn a_file_holds_what_is_documented_and_is_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("int8.safetensors");
    let network = network(&architecture());
    let quantized = QuantizedWeights::new(&network, Granularity::OutputChannel, Bits::Eight);
    let bytes = quantized.to_safetensors().unwrap();
    assert_eq!(
        bytes,
        quantized.to_safetensors().unwrap(),
        "the same weights give the same bytes"
    );
    fs::write(&path, &bytes).unwrap();

    let file = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(
        file.len(),
        5 * 2 + 4,
        "the head's depthwise layer has no bias"
    );
    let of_file: usize = file.iter().map(|(_, tensor)| tensor.data().len()).sum();
    assert_eq!(of_file, quantized.bytes());
    for layer in &quantized.layers {
        let tensor = |kind: &str| {
            file.tensor(&format!("stages.{}.{kind}", layer.stage))
                .unwrap()
        };
        let weight = tensor("weight");
        assert_eq!(
            (weight.dtype(), weight.shape()),
            (Dtype::I8, layer.shape.as_slice())
        );
        assert!(
            weight
                .data()
                .iter()
                .map(|byte| byte.cast_signed())
                .eq(layer.values.iter().copied())
        );
        assert_eq!(
            (tensor("scale").dtype(), tensor("scale").shape()),
            (Dtype::F32, &layer.shape[..1])
        );
    }

    let images = images(&Device::flex());
    let loaded = weights::load(
        Network::new(&architecture(), 0.0, &Device::flex()).unwrap(),
        &path,
    )
    .unwrap();
    let expected = quantized.dequantize(&network);
    assert_eq!(logits(&loaded, &images), logits(&expected, &images));
}

#[test]
fn integers_of_another_network_or_damaged_ones_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("int8.safetensors");
    let quantized = QuantizedWeights::new(
        &network(&architecture()),
        Granularity::OutputChannel,
        Bits::Eight,
    );
    let load = |bytes: Vec<u8>, architecture: &Architecture| {
        fs::write(&path, bytes).unwrap();
        weights::load(
            Network::new(architecture, 0.0, &Device::flex()).unwrap(),
            &path,
        )
    };
    let other = Architecture::new(1, 12)
        .convolution_block(4, 3)
        .convolution_head(10);
    assert!(matches!(
        load(quantized.to_safetensors().unwrap(), &other),
        Err(WeightsError::Unusable {
            reason: TensorFileError::Mismatch(_),
            ..
        })
    ));
    // A scale for a whole layer is nothing that is documented.
    let per_tensor =
        QuantizedWeights::new(&network(&architecture()), Granularity::Tensor, Bits::Eight);
    let message = load(per_tensor.to_safetensors().unwrap(), &architecture())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("stages.0.scale is F32 [1], expected F32 [4]"),
        "{message}"
    );
    let mut broken = quantized;
    broken.layers[1].scales[2] = f32::NAN;
    let message = load(broken.to_safetensors().unwrap(), &architecture())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("stages.1.scale holds a value that is NaN or infinite"),
        "{message}"
    );
    let integer = TensorView::new(Dtype::I8, vec![1], &[1]).unwrap();
    let strange = safetensors::serialize([("x", integer)], None::<HashMap<_, _>>).unwrap();
    let message = load(strange, &architecture()).unwrap_err().to_string();
    assert!(message.contains("stages.0.weight is missing"), "{message}");
    assert!(!message.contains('\n') && message.len() < 500, "{message}");
}
