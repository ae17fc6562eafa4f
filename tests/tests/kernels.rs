//! The kernels compute every layer of the ladder as Burn's own operators do.

use architecture::{Layer, Pool};
use burn::tensor::Device;
use kernel_reference::Case;
use ladder::steps::experiments as steps;

/// Relative to the largest value of each tensor.
const TOLERANCE: f32 = 1e-4;

/// Not a multiple of sixteen.
const IMAGES: usize = 40;

#[test]
fn every_layer_of_every_step_agrees_with_burn() {
    let device = Device::flex().autodiff();
    for step in steps() {
        let layers = &step.architecture.layers;
        let summary = step.architecture.summary().expect("it can be built");
        for (index, layer) in layers.iter().enumerate() {
            let Layer::Convolution(convolution) = layer else {
                continue;
            };
            let size = summary.layers[index].n_in;
            let pooled = Layer::MaxPool(Pool::new(2, 2));
            let case = Case {
                images: IMAGES,
                in_channels: convolution.in_channels,
                out_channels: convolution.out_channels,
                groups: convolution.groups,
                kernel: convolution.kernel.height,
                stride: convolution.stride.height,
                padding: convolution.padding.height,
                height: size.height,
                width: size.width,
                batch_norm: convolution.batch_norm,
                relu: convolution.relu,
                dropout: step.recipe.dropout,
                max_pool: layers.get(index + 1) == Some(&pooled),
                second: false,
                seed: 1,
            };
            let data = case.data();
            case.by_kernels(&data, &device)
                .check(&case.by_burn(&data, &device), TOLERANCE)
                .unwrap_or_else(|error| panic!("{}, layer {index}: {error}", step.name));
        }
    }
}
