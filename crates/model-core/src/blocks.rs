//! The convolution block as a Burn module.

use std::f64::consts::SQRT_2;

use architecture::Convolution;
use burn::module::{Initializer, Module, ModuleMapper, Param, RunningState};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};
use conv_kernels::{BatchStatistics, BlockOptions, Dropout, Then, fold, moved};
use kernels::Geometry;
use kernels::inference::{Layer, Shape};

/// Convolution, then a bias or batch normalisation, ReLU and dropout, each where wanted.
#[derive(Module, Debug)]
pub struct ConvolutionBlock {
    convolution: Conv2d,
    batch_norm: Option<BatchNorm>,
    /// Those of the second and later times that the block is computed for an image.
    later_batch_norms: Vec<BatchNorm>,
    padding: usize,
    relu: bool,
    dropout: f64,
}

impl ConvolutionBlock {
    /// Draws the weights so that ReLU keeps the variance of what flows through (K. He, X. Zhang, S. Ren and J. Sun,
    /// "Delving Deep into Rectifiers", 2015). Burn's default, and PyTorch's, is √6 times smaller: every layer then shrinks
    /// what it is given, and a network without batch normalisation is slow to begin.
    ///
    /// Dropout of probability `dropout` follows the ReLU; a block without ReLU has none.
    ///
    /// The block is computed so many `times` for an image.
    pub(crate) fn new(
        convolution: &Convolution,
        times: usize,
        dropout: f64,
        device: &Device,
    ) -> Self {
        let Convolution {
            in_channels,
            out_channels,
            kernel,
            stride,
            padding,
            groups,
            bias,
            batch_norm,
            relu,
            ..
        } = *convolution;
        // What can be trained is the same along both axes.
        let padding = padding.height;
        let he = Initializer::KaimingUniform {
            gain: SQRT_2,
            fan_out_only: false,
        };
        let count = if batch_norm { times } else { 0 };
        let mut norms = (0..count).map(|_| BatchNormConfig::new(out_channels).init(device));
        let mut convolution = Conv2dConfig::new([in_channels, out_channels], kernel.values())
            .with_stride(stride.values())
            .with_padding(PaddingConfig2d::Explicit(
                padding, padding, padding, padding,
            ))
            .with_groups(groups)
            .with_bias(false)
            .with_initializer(he)
            .init(device);
        // Burn would draw it; there is nothing to break the symmetry of, which the weights do.
        convolution.bias = bias.then(|| Initializer::Zeros.init([out_channels], device));
        Self {
            convolution,
            batch_norm: norms.next(),
            later_batch_norms: norms.collect(),
            padding,
            relu,
            dropout: if relu { dropout } else { 0.0 },
        }
    }

    pub(crate) fn has_dropout(&self) -> bool {
        self.dropout > 0.0
    }

    pub(crate) fn remove_dropout(&mut self) {
        self.dropout = 0.0;
    }

    /// The block as the kernels want it, at its turn number `time`: from maps `[in_channels, height, width]` of each image to
    /// `[out_channels, out_height, out_width]`, halved by 2×2 max-pooling where `max_pool` says.
    ///
    /// On an autodiff device this is a training step: batch normalisation uses the batch's statistics, which are to be
    /// [kept](Self::keep_statistics) for inference; dropout is a function of `dropout_key`, and there is none without. With
    /// `of_batch`, the batch's statistics are used elsewhere too.
    pub(crate) fn for_kernels(
        &self,
        time: usize,
        max_pool: bool,
        dropout_key: Option<u64>,
        of_batch: bool,
    ) -> conv_kernels::ConvolutionBlock {
        let mut weights = self.convolution.weight.val();
        let training = weights.device().is_autodiff();
        let dropout = match dropout_key {
            Some(key) if training => Dropout {
                probability: self.dropout,
                key,
            },
            _ => Dropout::NONE,
        };
        let then = match self.batch_norm(time) {
            None => match &self.convolution.bias {
                None => Then::Nothing,
                Some(bias) => Then::Bias(bias.val()),
            },
            Some(norm) if of_batch || (training && norm.training.is_enabled()) => Then::BatchNorm {
                gamma: norm.gamma.val(),
                beta: norm.beta.val(),
                epsilon: norm.epsilon,
            },
            Some(norm) => {
                let (folded, bias) = folded(weights, norm);
                weights = folded;
                Then::Bias(bias)
            }
        };
        conv_kernels::ConvolutionBlock {
            weights,
            then,
            options: BlockOptions {
                stride: self.convolution.stride[0],
                padding: self.padding,
                groups: self.convolution.groups,
                relu: self.relu,
                dropout,
                max_pool,
            },
        }
    }

    /// Leaves the running statistics as they are in training.
    pub(crate) fn remove_running_averages(&mut self) {
        for norm in self
            .batch_norm
            .iter_mut()
            .chain(&mut self.later_batch_norms)
        {
            norm.momentum = 0.0;
        }
    }

    /// Moves the running statistics towards the batch's, as Burn's own batch normalisation does: by `share` of the distance, or
    /// by its momentum.
    pub(crate) fn keep_statistics(&self, time: usize, batch: BatchStatistics, share: Option<f64>) {
        let Some(norm) = self.batch_norm(time) else {
            return;
        };
        let share = share.unwrap_or(norm.momentum);
        if share == 0.0 {
            return;
        }
        let running = [&norm.running_mean, &norm.running_var];
        let kept = running.map(RunningState::value);
        let moved = moved(kept, [batch.mean, batch.variance], share);
        for (running, moved) in running.into_iter().zip(moved) {
            set(running, moved);
        }
    }

    /// Takes over the running statistics of this block in the network without autodiff.
    pub(crate) fn take_statistics(&self, inner: &Self) {
        for (own, inner) in self.batch_norms().zip(inner.batch_norms()) {
            let running = [
                (&own.running_mean, &inner.running_mean),
                (&own.running_var, &inner.running_var),
            ];
            for (own, inner) in running {
                set(own, Tensor::from_inner(inner.value()));
            }
        }
    }

    fn batch_norms(&self) -> impl Iterator<Item = &BatchNorm> {
        self.batch_norm.iter().chain(&self.later_batch_norms)
    }

    /// The block at its turn number `time`, with batch normalisation, if there is any, turned into other weights and a bias.
    pub(crate) fn fold_batch_norm(&self, time: usize) -> Self {
        let mut block = self.clone();
        if let Some(norm) = self.batch_norm(time) {
            let (weight, bias) = folded(self.convolution.weight.val(), norm);
            block.convolution.weight = Param::from_tensor(weight);
            block.convolution.bias = Some(Param::from_tensor(bias));
            block.batch_norm = None;
            block.later_batch_norms = Vec::new();
        }
        block
    }

    /// What batch normalisation at turn number `time` multiplies each channel by, and what it then adds; none where there
    /// is no batch normalisation.
    pub(crate) fn scale_and_offset(&self, time: usize) -> Option<[Vec<f32>; 2]> {
        let norm = self.batch_norm(time)?;
        let [channels] = norm.gamma.dims();
        // A weight of one becomes the scale.
        let ones = Tensor::ones([channels, 1, 1, 1], &norm.gamma.val().device());
        let (scale, offset) = folded(ones, norm);
        Some([scale.flatten::<1>(0, 3), offset].map(|it| it.into_data().iter().collect()))
    }

    fn batch_norm(&self, time: usize) -> Option<&BatchNorm> {
        match time.checked_sub(1) {
            None => self.batch_norm.as_ref(),
            Some(later) => self.later_batch_norms.get(later),
        }
    }

    /// Weights `[out_channels, in_channels / groups, kernel, kernel]` and, where there is one, bias `[out_channels]`.
    pub(crate) fn weights(&self) -> (Tensor<4>, Option<Tensor<1>>) {
        let bias = self.convolution.bias.as_ref().map(|bias| bias.val());
        (self.convolution.weight.val(), bias)
    }

    /// The block as a layer for inference, of maps of this shape; batch normalisation is [folded](Self::fold_batch_norm).
    pub(crate) fn layer(&self, input: Shape) -> Layer {
        let (weights, bias) = self.weights();
        let [out_channels, _, kernel, _] = weights.dims();
        Layer::Convolution {
            geometry: Geometry {
                in_channels: input.channels,
                out_channels,
                groups: self.convolution.groups,
                kernel,
                stride: self.convolution.stride[0],
                padding: self.padding,
                height: input.height,
                width: input.width,
            },
            weights: weights.into_data().iter().collect(),
            bias: bias.map_or_else(
                || vec![0.0; out_channels],
                |bias| bias.into_data().iter().collect(),
            ),
            relu: self.relu,
        }
    }

    /// Replaces what [`weights`](Self::weights) returns.
    pub(crate) fn set_weights(&mut self, weights: &[f32], bias: Option<&[f32]>) {
        let (weight, device) = (
            &self.convolution.weight,
            self.convolution.weight.val().device(),
        );
        let weights = TensorData::new(weights.to_vec(), weight.dims());
        self.convolution.weight = Param::from_data(weights, &device);
        self.convolution.bias = bias.map(|bias| Param::from_data(bias, &device));
    }
}

/// Sets a running statistic.
///
/// Burn's own update waits for the next one of the same thread, and takes the mean over threads. This is the one way to set the
/// value: what is mapped is shared with the clone.
fn set(running: &RunningState<Tensor<1>>, value: Tensor<1>) {
    running.clone().map(&mut Set(value));
}

/// Sets what it maps to this.
struct Set(Tensor<1>);

impl ModuleMapper for Set {
    fn map_float<const D: usize>(&mut self, old: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let new = Tensor::from_dispatch(self.0.clone().into_dispatch());
        Param::initialized(old.id, new)
    }
}

/// Weights and bias that do what `weight` and batch normalisation after it do.
fn folded(weight: Tensor<4>, norm: &BatchNorm) -> (Tensor<4>, Tensor<1>) {
    let (gamma, beta) = (norm.gamma.val(), norm.beta.val());
    let (mean, variance) = (norm.running_mean.value(), norm.running_var.value());
    fold(weight, gamma, beta, mean, variance, norm.epsilon)
}
