//! Chains of blocks, and what else is one operation, against Burn's own operators.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm_train, conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Int, Tensor, TensorData};
use conv_kernels::{
    BlockOptions, ConvolutionBlock, Dropout, ImageBlocks, Then, cross_entropy, moved,
};
use kernel_reference::{EPSILON, Values, floats, tensor};

/// Relative to the largest value.
const TOLERANCE: f32 = 1e-3;

/// Output channels, kernel, groups, stride, padding, whether batch normalisation and ReLU follow, and whether max-pooling does.
type Sizes = (usize, usize, usize, usize, usize, bool, bool);

/// What the ladder's networks are made of, from 28×28 pixels to ten values.
const LADDER: [Sizes; 7] = [
    (6, 3, 1, 1, 0, true, false),
    (8, 3, 1, 1, 0, true, true),
    (8, 3, 8, 1, 0, true, false),
    (12, 1, 1, 1, 0, true, false),
    (10, 3, 1, 2, 1, true, false),
    (10, 5, 10, 1, 0, false, false),
    (10, 1, 1, 1, 0, false, false),
];

/// As many blocks as need more than one operation.
const LONG: [Sizes; 15] = [(5, 1, 1, 1, 0, true, false); 15];

/// What a chain is computed on.
struct Network {
    images: Tensor<4>,
    /// Weights, gamma and beta of each block.
    parameters: Vec<(Tensor<4>, Tensor<1>, Tensor<1>)>,
}

impl Network {
    fn new(sizes: &[Sizes], images: usize, size: usize, device: &Device) -> Self {
        let mut seed = 0.0;
        let mut values = |count: usize, scale: f32| -> Vec<f32> {
            seed += 1.0;
            let value = |at: usize| ((at as f32 * 1.7 + seed) * 12.9898).sin() * scale;
            (0..count).map(value).collect()
        };
        let shape = [images, 1, size, size];
        let images = tensor(&values(images * size * size, 1.0), shape, device).require_grad();
        let mut inputs = 1;
        let mut parameters = Vec::new();
        for &(outputs, kernel, groups, ..) in sizes {
            let shape = [outputs, inputs / groups, kernel, kernel];
            let weights = tensor(&values(shape.iter().product(), 0.5), shape, device);
            let ones = Tensor::ones([outputs], device);
            let gamma: Tensor<1> = tensor(&values(outputs, 0.3), [outputs], device) + ones;
            let beta = tensor(&values(outputs, 0.5), [outputs], device);
            parameters.push((
                weights.require_grad(),
                gamma.detach().require_grad(),
                beta.require_grad(),
            ));
            inputs = outputs;
        }
        Self { images, parameters }
    }

    fn blocks(&self, sizes: &[Sizes]) -> Vec<ConvolutionBlock> {
        let of = sizes.iter().zip(&self.parameters);
        of.map(
            |(&(_, _, groups, stride, padding, normalised, max_pool), parameters)| {
                let (weights, gamma, beta) = parameters.clone();
                ConvolutionBlock {
                    weights,
                    then: match normalised {
                        true => Then::BatchNorm {
                            gamma,
                            beta,
                            epsilon: EPSILON,
                        },
                        false => Then::Bias(beta),
                    },
                    options: BlockOptions {
                        stride,
                        padding,
                        groups,
                        relu: normalised,
                        dropout: Dropout::NONE,
                        max_pool,
                    },
                }
            },
        )
        .collect()
    }

    /// The output and all gradients.
    fn outcome(&self, output: Tensor<4>) -> Values {
        let count = output.dims().iter().product::<usize>();
        let factors: Vec<f32> = (0..count).map(|at| (at as f32 * 0.37).cos()).collect();
        let factors = tensor(&factors, output.dims(), &output.device());
        let gradients = (output.clone() * factors).sum().backward();
        let mut values = vec![("output", floats(output))];
        values.push(("images", floats(self.images.grad(&gradients).unwrap())));
        // All blocks' together: where the next batch normalisation undoes what a parameter does, its gradient is only rounding.
        let [mut of_weights, mut of_gamma, mut of_beta] = [(); 3].map(|()| Vec::new());
        for (weights, gamma, beta) in &self.parameters {
            of_weights.extend(floats(weights.grad(&gradients).unwrap()));
            of_gamma.extend(gamma.grad(&gradients).into_iter().flat_map(floats));
            of_beta.extend(floats(beta.grad(&gradients).unwrap()));
        }
        values.push(("weights", of_weights));
        values.push(("gamma", of_gamma));
        values.push(("beta", of_beta));
        Values(values)
    }

    fn by_burn(&self, sizes: &[Sizes]) -> Values {
        let mut maps = self.images.clone();
        for (&(_, _, groups, stride, padding, normalised, max_pool), parameters) in
            sizes.iter().zip(&self.parameters)
        {
            let (weights, gamma, beta) = parameters.clone();
            let options = ConvOptions::new([stride; 2], [padding; 2], [1, 1], groups);
            let bias = (!normalised).then(|| beta.clone());
            maps = conv2d(maps, weights, bias, options);
            if normalised {
                maps = relu(batch_norm_train(maps, gamma, beta, EPSILON).output);
            }
            if max_pool {
                maps = max_pool2d(maps, MaxPoolOptions::new([2, 2]));
            }
        }
        self.outcome(maps)
    }
}

#[test]
fn a_chain_is_its_blocks_one_after_the_other() {
    let device = Device::flex().autodiff();
    for (sizes, size, images) in [(&LADDER[..], 28, 37), (&LONG[..], 6, 20)] {
        let outcome = |at_once: usize| {
            let network = Network::new(sizes, images, size, &device);
            let mut maps = ImageBlocks::new(network.images.clone());
            for blocks in network.blocks(sizes).chunks(at_once) {
                maps = maps.chain(blocks.to_vec()).output;
            }
            network.outcome(maps.into_images())
        };
        assert_eq!(outcome(sizes.len()).0, outcome(1).0);
    }
}

#[test]
fn a_chain_agrees_with_burn() {
    let device = Device::flex().autodiff();
    for images in [16, 37] {
        let network = || Network::new(&LADDER, images, 28, &device);
        let ours = network();
        let maps = ImageBlocks::new(ours.images.clone());
        let chained = maps.chain(ours.blocks(&LADDER)).output.into_images();
        let found = ours.outcome(chained);
        found.check(&network().by_burn(&LADDER), TOLERANCE).unwrap();
    }
}

#[test]
fn the_loss_and_its_gradient_are_burns() {
    let device = Device::flex().autodiff();
    let (images, classes) = (7, 10);
    let values: Vec<f32> = (0..images * classes)
        .map(|at| (at as f32).sin() * 4.0)
        .collect();
    let labels = TensorData::from([3, 0, 9, 9, 1, 5, 2]);
    let labels = Tensor::<1, Int>::from_data(labels, &device);
    for smoothing in [0.0, 0.1] {
        let outcome = |ours: bool| {
            let logits: Tensor<2> = tensor(&values, [images, classes], &device).require_grad();
            let loss = match ours {
                true => cross_entropy(logits.clone(), labels.clone(), smoothing),
                false => CrossEntropyLossConfig::new()
                    .with_smoothing((smoothing > 0.0).then_some(smoothing as f32))
                    .init(&device)
                    .forward(logits.clone(), labels.clone()),
            };
            // Not a gradient of one.
            let gradients = loss.clone().mul_scalar(3.0).backward();
            Values(vec![
                ("loss", floats(loss)),
                ("gradient", floats(logits.grad(&gradients).unwrap())),
            ])
        };
        outcome(true).check(&outcome(false), 1e-5).unwrap();
    }
}

#[test]
fn what_is_moved_is_between() {
    for device in [Device::flex(), Device::flex().autodiff()] {
        let kept = [[1.0, -2.0], [0.0, 8.0]].map(|values| tensor(&values, [2], &device));
        let targets = [[3.0, 0.0], [4.0, 0.0]].map(|values| tensor(&values, [2], &device));
        let moved = moved(kept, targets, 0.25).map(floats);
        assert_eq!(moved, [[1.5, -1.5], [1.0, 6.0]]);
    }
}
