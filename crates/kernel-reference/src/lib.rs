//! A convolution block computed in two ways: by the kernels, and by Burn's own operators. For tests only.

use burn::tensor::activation::relu;
use burn::tensor::module::{batch_norm_train, conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};
use conv_kernels::{BlockOptions, ConvolutionBlock, Dropout, ImageBlocks, LANES, Then};

/// Batch normalisation's epsilon.
pub const EPSILON: f64 = 1e-5;

/// A block and its input.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Images in the batch.
    pub images: usize,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Groups of channels: an output sees only the inputs of its group.
    pub groups: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Distance between neighbouring positions of the kernel.
    pub stride: usize,
    /// Zeros added on each side of the map.
    pub padding: usize,
    /// Height of the input.
    pub height: usize,
    /// Width of the input.
    pub width: usize,
    /// Whether batch normalisation follows the convolution; if not, a bias.
    pub batch_norm: bool,
    /// Whether ReLU follows.
    pub relu: bool,
    /// Probability of dropping a value after ReLU.
    pub dropout: f64,
    /// Whether 2×2 max-pooling ends the block.
    pub max_pool: bool,
    /// Whether another block with batch normalisation comes before.
    pub second: bool,
    /// Decides the data, and what is dropped.
    pub seed: u64,
}

/// A block's values by name: what is computed from, or what is computed.
#[derive(Clone, Debug, Default)]
pub struct Values(pub Vec<(&'static str, Vec<f32>)>);

impl Values {
    /// The values of that name.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn get(&self, name: &str) -> &[f32] {
        let found = self.0.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    /// Compares with `expected`.
    ///
    /// # Errors
    ///
    /// The first tensor that differs from `expected` by more than `tolerance` of its largest value.
    pub fn check(&self, expected: &Self, tolerance: f32) -> Result<(), String> {
        assert_eq!(self.0.len(), expected.0.len());
        for ((name, found), (_, expected)) in self.0.iter().zip(&expected.0) {
            if found.len() != expected.len() {
                return Err(format!(
                    "{name}: {} values for {}",
                    found.len(),
                    expected.len()
                ));
            }
            let largest = expected
                .iter()
                .fold(0.0_f32, |most, value| most.max(value.abs()));
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                let difference = (found - expected).abs();
                let allowed = tolerance * largest + f32::MIN_POSITIVE;
                if difference > allowed || difference.is_nan() {
                    return Err(format!(
                        "{name}[{index}] is {found}, not {expected}, with values up to {largest}"
                    ));
                }
            }
        }
        Ok(())
    }
}

impl Case {
    /// Height of the output.
    pub fn out_height(&self) -> usize {
        self.outputs(self.height)
    }

    /// Width of the output.
    pub fn out_width(&self) -> usize {
        self.outputs(self.width)
    }

    fn outputs(&self, inputs: usize) -> usize {
        let convolved = (inputs + 2 * self.padding - self.kernel) / self.stride + 1;
        if self.max_pool {
            convolved / 2
        } else {
            convolved
        }
    }

    /// Whether there is anything to compute.
    pub fn is_possible(&self) -> bool {
        let fits = |inputs| inputs + 2 * self.padding >= self.kernel && self.outputs(inputs) > 0;
        fits(self.height) && fits(self.width)
    }

    /// Input channels that an output channel sees.
    pub fn inputs_of_group(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Multiply-adds of the convolution, counting those with padding.
    pub fn multiply_adds(&self) -> usize {
        let convolved = |inputs: usize| (inputs + 2 * self.padding - self.kernel) / self.stride + 1;
        self.images
            * convolved(self.height)
            * convolved(self.width)
            * self.out_channels
            * self.inputs_of_group()
            * self.kernel
            * self.kernel
    }

    /// What the block does beside convolving.
    pub fn options(&self) -> BlockOptions {
        BlockOptions {
            stride: self.stride,
            padding: self.padding,
            groups: self.groups,
            relu: self.relu,
            dropout: self.dropout(),
            max_pool: self.max_pool,
        }
    }

    fn dropout(&self) -> Dropout {
        Dropout {
            probability: self.dropout,
            key: self.seed,
        }
    }

    /// Images and weights that are whole numbers, so that their convolution has no rounding error, and no value of it
    /// is only nearly zero, or nearly as large as its neighbour: ReLU and pooling go the same way however it is
    /// computed.
    pub fn data(&self) -> Values {
        let mut state = self.seed;
        let mut whole = move |most: i64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) as i64 % (2 * most + 1) - most) as f32
        };
        let mut values =
            |count: usize, most: i64| (0..count).map(|_| whole(most)).collect::<Vec<_>>();
        let images = self.images * self.in_channels * self.height * self.width;
        let weights = self.out_channels * self.inputs_of_group() * self.kernel * self.kernel;
        let outputs = self.images * self.out_channels * self.out_height() * self.out_width();
        let fractions = |values: Vec<f32>, offset: f32| {
            values.iter().map(|value| value / 16.0 + offset).collect()
        };
        Values(vec![
            ("images", values(images, 3)),
            ("weights", values(weights, 2)),
            ("gamma", fractions(values(self.out_channels, 12), 1.003)),
            ("beta", fractions(values(self.out_channels, 12), 0.0173)),
            ("gradient", fractions(values(outputs, 16), 0.0)),
        ])
    }

    fn tensors(&self, data: &Values, device: &Device) -> Tensors {
        let (kernel, channels) = (self.kernel, self.out_channels);
        Tensors {
            images: tensor(
                data.get("images"),
                [self.images, self.in_channels, self.height, self.width],
                device,
            )
            .require_grad(),
            weights: tensor(
                data.get("weights"),
                [channels, self.inputs_of_group(), kernel, kernel],
                device,
            )
            .require_grad(),
            gamma: tensor(data.get("gamma"), [channels], device).require_grad(),
            beta: tensor(data.get("beta"), [channels], device).require_grad(),
            gradient: tensor(
                data.get("gradient"),
                [self.images, channels, self.out_height(), self.out_width()],
                device,
            ),
        }
    }

    /// Output, statistics and gradients by the kernels, on an autodiff device.
    pub fn by_kernels(&self, data: &Values, device: &Device) -> Values {
        let tensors = self.tensors(data, device);
        let mut blocks = Vec::new();
        if self.second {
            let [gamma, beta] = self.first_norm(device);
            blocks.push(ConvolutionBlock {
                weights: self.first_weights(device),
                then: Then::BatchNorm {
                    gamma,
                    beta,
                    epsilon: EPSILON,
                },
                options: BlockOptions {
                    stride: 1,
                    padding: 0,
                    groups: 1,
                    relu: false,
                    dropout: Dropout::NONE,
                    max_pool: false,
                },
            });
        }
        blocks.push(ConvolutionBlock {
            weights: tensors.weights.clone(),
            then: if self.batch_norm {
                Then::BatchNorm {
                    gamma: tensors.gamma.clone(),
                    beta: tensors.beta.clone(),
                    epsilon: EPSILON,
                }
            } else {
                Then::Bias(tensors.beta.clone())
            },
            options: self.options(),
        });
        let mut of = ImageBlocks::new(tensors.images.clone()).chain(blocks);
        let statistics = of.statistics.pop().flatten();
        let statistics = statistics.map(|statistics| [statistics.mean, statistics.variance]);
        tensors.outcome(of.output.into_images(), statistics)
    }

    /// The same by Burn's own operators, with the dropout of the kernels.
    pub fn by_burn(&self, data: &Values, device: &Device) -> Values {
        let tensors = self.tensors(data, device);
        let options = ConvOptions::new([self.stride; 2], [self.padding; 2], [1, 1], self.groups);
        let mut images = tensors.images.clone();
        if self.second {
            let plain = ConvOptions::new([1, 1], [0, 0], [1, 1], 1);
            let [gamma, beta] = self.first_norm(device);
            images = conv2d(images, self.first_weights(device), None, plain);
            images = batch_norm_train(images, gamma, beta, EPSILON).output;
        }
        let bias = (!self.batch_norm).then(|| tensors.beta.clone());
        let mut maps = conv2d(images, tensors.weights.clone(), bias, options);
        let mut statistics = None;
        if self.batch_norm {
            let of = batch_norm_train(maps, tensors.gamma.clone(), tensors.beta.clone(), EPSILON);
            maps = of.output;
            statistics = Some([of.mean, of.variance]);
        }
        if self.relu {
            maps = relu(maps);
        }
        if self.dropout > 0.0 {
            let dims = maps.dims();
            maps = maps * self.dropout_factors(dims, device);
        }
        if self.max_pool {
            maps = max_pool2d(maps, MaxPoolOptions::new([2, 2]));
        }
        tensors.outcome(maps, statistics)
    }

    /// A 1×1 convolution of each channel with itself and the next.
    fn first_weights(&self, device: &Device) -> Tensor<4> {
        let channels = self.in_channels;
        let mut weights = vec![0.0; channels * channels];
        for channel in 0..channels {
            weights[channel * channels + channel] = 2.0;
            weights[channel * channels + (channel + 1) % channels] += 1.0;
        }
        tensor(&weights, [channels, channels, 1, 1], device)
    }

    fn first_norm(&self, device: &Device) -> [Tensor<1>; 2] {
        [0.7, 1.3].map(|value| tensor(&vec![value; self.in_channels], [self.in_channels], device))
    }

    fn dropout_factors(&self, dims: [usize; 4], device: &Device) -> Tensor<4> {
        let [images, channels, height, width] = dims;
        let planes = (images.div_ceil(LANES) * channels) as u64;
        let dropout = self.dropout();
        let planes: Vec<_> = (0..planes)
            .map(|plane| dropout.factors(plane, height * width))
            .collect();
        let mut factors = Vec::new();
        for image in 0..images {
            for channel in 0..channels {
                let plane = &planes[image / LANES * channels + channel];
                factors.extend(plane.iter().map(|lanes| lanes.0[image % LANES]));
            }
        }
        tensor(&factors, dims, device)
    }
}

struct Tensors {
    images: Tensor<4>,
    weights: Tensor<4>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    gradient: Tensor<4>,
}

impl Tensors {
    fn outcome(&self, output: Tensor<4>, statistics: Option<[Tensor<1>; 2]>) -> Values {
        let mut values = vec![("output", floats(output.clone()))];
        let gradients = (output * self.gradient.clone()).sum().backward();
        let of = "the block is differentiable";
        values.push((
            "images' gradient",
            floats(self.images.grad(&gradients).expect(of)),
        ));
        values.push((
            "weights' gradient",
            floats(self.weights.grad(&gradients).expect(of)),
        ));
        if let Some([mean, variance]) = statistics {
            values.push(("mean", floats(mean)));
            values.push(("variance", floats(variance)));
            values.push((
                "gamma's gradient",
                floats(self.gamma.grad(&gradients).expect(of)),
            ));
        }
        // Without batch normalisation, the bias.
        values.push((
            "beta's gradient",
            floats(self.beta.grad(&gradients).expect(of)),
        ));
        Values(values)
    }
}

/// A tensor of `values` in the order of its dimensions.
pub fn tensor<const D: usize>(values: &[f32], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), device)
}

/// A tensor's values in the order of its dimensions.
pub fn floats<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
