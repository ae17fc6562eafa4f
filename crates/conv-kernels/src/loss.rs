//! The loss of a classifier in one operation: Burn's is made of some ten, forward and backward, on a handful of numbers.

#[cfg(feature = "ndarray")]
use burn::backend::NdArray;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Int, Shape, Tensor, try_read_sync};

use crate::tensors::Cpu;

/// The cross-entropy `[1]` of `logits` `[images, classes]` with the labels `[images]`, the mean over the images. The share
/// `smoothing` of each label is spread over all classes.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
    let (logits, labels) = (logits.into_dispatch(), labels.into_dispatch());
    Tensor::from_dispatch(Dispatch::cross_entropy(logits, labels, smoothing))
}

/// A backend that has this loss.
#[backend_extension(Flex, NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait LossBackend: Backend {
    /// See [`cross_entropy`].
    fn cross_entropy(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        smoothing: f64,
    ) -> FloatTensor<Self> {
        let [images, _] = logits.shape().dims();
        let largest = Self::float_max_dim(logits.clone(), 1);
        let centred = Self::float_sub(logits, largest);
        let sums = Self::float_sum_dim(Self::float_exp(centred.clone()), 1);
        let logarithms = Self::float_sub(centred, Self::float_log(sums));
        let labels = Self::int_reshape(labels, Shape::new([images, 1]));
        let of_labels = Self::float_gather(1, logarithms.clone(), labels);
        let of_all = Self::float_mean_dim(logarithms, 1);
        let mean = Self::float_add(
            Self::float_mul_scalar(of_labels, (1.0 - smoothing).into()),
            Self::float_mul_scalar(of_all, smoothing.into()),
        );
        let mean = Self::float_mean(Self::float_neg(mean));
        Self::float_reshape(mean, Shape::new([1]))
    }
}

macro_rules! lose_in_memory {
    ($backend:ty) => {
        impl LossBackend for $backend {
            fn cross_entropy(
                logits: FloatTensor<Self>,
                labels: IntTensor<Self>,
                smoothing: f64,
            ) -> FloatTensor<Self> {
                let loss = Classified::new::<Self>(&logits, labels, smoothing).loss;
                Self::from_values(vec![loss], [1])
            }
        }

        impl<C: CheckpointStrategy> LossBackend for Autodiff<$backend, C> {
            fn cross_entropy(
                logits: FloatTensor<Self>,
                labels: IntTensor<Self>,
                smoothing: f64,
            ) -> FloatTensor<Self> {
                let prepared = CrossEntropy
                    .prepare::<C>([logits.node()])
                    .compute_bound()
                    .stateful();
                let of = Classified::new::<$backend>(logits.primitive(), labels, smoothing);
                let loss = <$backend>::from_values(vec![of.loss], [1]);
                match prepared {
                    OpsKind::Tracked(prep) => {
                        prep.finish((of.gradient, logits.primitive().shape()), loss)
                    }
                    OpsKind::UnTracked(prep) => prep.finish(loss),
                }
            }
        }
    };
}

lose_in_memory!(Flex);
#[cfg(feature = "ndarray")]
lose_in_memory!(NdArray);

#[cfg(feature = "wgpu")]
impl LossBackend for burn::backend::Cube {}

#[cfg(feature = "wgpu")]
impl<C: CheckpointStrategy> LossBackend for Autodiff<burn::backend::Cube, C> {}

/// A batch's loss, and its gradient `[images, classes]` with respect to the logits.
struct Classified {
    loss: f32,
    gradient: Vec<f32>,
}

impl Classified {
    fn new<B: Cpu>(logits: &FloatTensor<B>, labels: IntTensor<B>, smoothing: f64) -> Self {
        let [images, classes] = logits.shape().dims();
        let labels = try_read_sync(B::int_into_data(labels));
        let labels = labels.expect("it is in memory").expect("it can be read");
        let everywhere = (smoothing / classes as f64) as f32;
        let share = 1.0 / images as f32;
        let mut gradient = Vec::with_capacity(images * classes);
        let mut loss = 0.0;
        let logits = B::values(logits);
        for (logits, label) in logits.chunks_exact(classes).zip(labels.iter::<i64>()) {
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f32 = logits.iter().map(|logit| (logit - largest).exp()).sum();
            let logarithm = sum.ln();
            for (class, logit) in logits.iter().enumerate() {
                let of_label = if class as i64 == label {
                    1.0 - smoothing as f32
                } else {
                    0.0
                };
                let target = of_label + everywhere;
                let log_probability = logit - largest - logarithm;
                if target > 0.0 {
                    loss -= target * log_probability;
                }
                gradient.push((log_probability.exp() - target) * share);
            }
        }
        Self {
            loss: loss * share,
            gradient,
        }
    }
}

#[derive(Debug)]
struct CrossEntropy;

impl<B: Cpu> Backward<B, 1> for CrossEntropy {
    /// The gradient for a gradient of one, and its shape.
    type State = (Vec<f32>, Shape);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [logits] = ops.parents;
        let outer = grads.consume::<B>(&ops.node);
        if let Some(node) = logits {
            let outer = B::values(&outer)[0];
            let (mut gradient, shape) = ops.state;
            for value in &mut gradient {
                *value *= outer;
            }
            grads.register::<B>(node.id, B::from_shaped(gradient, shape));
        }
    }
}
