//! What a training step does to many small tensors, in one operation for each: with Burn's own there would be five, and each
//! costs more than its sums.

use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, Backend, Dispatch, ExtensionType, Flex, TensorMetadata, backend_extension,
};
use burn::tensor::Tensor;
use kernels::SgdStep;

use crate::extension::Tensors;
use crate::tensors::Cpu;

/// A parameter after a step, and the velocity. There is no velocity before the first step.
///
/// The same numbers as Burn's own optimiser gives, bit for bit.
pub fn sgd<const D: usize>(
    step: SgdStep,
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    velocity: Option<Tensor<D>>,
) -> (Tensor<D>, Tensor<D>) {
    let mut tensors = vec![parameter.into_dispatch(), gradient.into_dispatch()];
    tensors.extend(velocity.map(Tensor::into_dispatch));
    let stepped = Dispatch::sgd(Tensors(tensors), step);
    (
        Tensor::from_dispatch(stepped.parameter),
        Tensor::from_dispatch(stepped.velocity),
    )
}

/// Each `kept` moved towards its `target` by the `share` of what is between them, outside the autodiff graph.
pub fn moved<const N: usize>(
    kept: [Tensor<1>; N],
    targets: [Tensor<1>; N],
    share: f64,
) -> [Tensor<1>; N] {
    let pairs = kept.into_iter().zip(targets);
    let pairs = pairs.flat_map(|(kept, target)| [kept.into_dispatch(), target.into_dispatch()]);
    let moved = Dispatch::moved(Tensors(pairs.collect()), share).0;
    let mut moved = moved.into_iter().map(Tensor::from_dispatch);
    [(); N].map(|()| moved.next().expect("one of each pair"))
}

/// A parameter after a step, and its velocity.
#[derive(ExtensionType)]
pub struct Stepped<B: Backend> {
    /// The parameter.
    pub parameter: FloatTensor<B>,
    /// Its velocity.
    pub velocity: FloatTensor<B>,
}

/// A backend that has these operations.
#[backend_extension(Flex, NdArray: cfg(feature = "ndarray"), Cube: cfg(feature = "wgpu"), Autodiff)]
pub trait UpdateBackend: Backend {
    /// See [`sgd`]: of parameter, gradient and, if there is one, velocity.
    fn sgd(#[extension_type] tensors: Tensors<Self>, step: SgdStep) -> Stepped<Self> {
        let mut tensors = tensors.0.into_iter();
        let mut next = || tensors.next();
        let (Some(parameter), Some(gradient)) = (next(), next()) else {
            unreachable!("parameter and gradient");
        };
        let decay = Self::float_mul_scalar(parameter.clone(), step.weight_decay.into());
        let gradient = Self::float_add(decay, gradient);
        let velocity = match next() {
            Some(velocity) => {
                let kept = Self::float_mul_scalar(velocity, step.momentum.into());
                Self::float_add(gradient.clone(), kept)
            }
            None => gradient.clone(),
        };
        let direction = if step.nesterov {
            let ahead = Self::float_mul_scalar(velocity.clone(), step.momentum.into());
            Self::float_add(ahead, gradient)
        } else {
            velocity.clone()
        };
        let way = Self::float_mul_scalar(direction, step.learning_rate.into());
        Stepped {
            parameter: Self::float_sub(parameter, way),
            velocity,
        }
    }

    /// See [`moved`]: of pairs, each a kept tensor and its target.
    fn moved(#[extension_type] pairs: Tensors<Self>, share: f64) -> Tensors<Self> {
        let moved = |pair: &[FloatTensor<Self>]| {
            let kept = Self::float_mul_scalar(pair[0].clone(), (1.0 - share).into());
            let way = Self::float_mul_scalar(pair[1].clone(), share.into());
            Self::float_detach(Self::float_add(kept, way))
        };
        Tensors(pairs.0.chunks_exact(2).map(moved).collect())
    }
}

macro_rules! update_in_memory {
    ($backend:ty) => {
        impl UpdateBackend for $backend {
            fn sgd(tensors: Tensors<Self>, step: SgdStep) -> Stepped<Self> {
                let shape = tensors.0[0].shape();
                let values: Vec<_> = tensors.0.iter().map(Self::values).collect();
                let (parameter, velocity) =
                    step.step(&values[0], &values[1], values.get(2).map(|of| &**of));
                Stepped {
                    parameter: Self::from_shaped(parameter, shape.clone()),
                    velocity: Self::from_shaped(velocity, shape),
                }
            }

            fn moved(pairs: Tensors<Self>, share: f64) -> Tensors<Self> {
                let [keep, share] = [(1.0 - share) as f32, share as f32];
                let moved = |pair: &[FloatTensor<Self>]| {
                    let [kept, target] = [&pair[0], &pair[1]].map(Self::values);
                    let pairs = kept.iter().zip(target.iter());
                    let moved = pairs.map(|(kept, target)| kept * keep + target * share);
                    Self::from_shaped(moved.collect(), pair[0].shape())
                };
                Tensors(pairs.0.chunks_exact(2).map(moved).collect())
            }
        }

        impl<C: CheckpointStrategy> UpdateBackend for Autodiff<$backend, C> {
            fn moved(pairs: Tensors<Self>, share: f64) -> Tensors<Self> {
                let inner = pairs.0.into_iter().map(|tensor| tensor.into_primitive());
                let moved = <$backend>::moved(Tensors(inner.collect()), share);
                Tensors(moved.0.into_iter().map(FloatTensor::<Self>::new).collect())
            }
        }
    };
}

update_in_memory!(Flex);
#[cfg(feature = "ndarray")]
update_in_memory!(burn::backend::NdArray);

#[cfg(feature = "wgpu")]
impl UpdateBackend for burn::backend::Cube {}

#[cfg(feature = "wgpu")]
impl<C: CheckpointStrategy> UpdateBackend for Autodiff<burn::backend::Cube, C> {}
