//! Stochastic gradient descent in one operation a parameter.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use conv_kernels::SgdStep;

/// Stochastic gradient descent with momentum and weight decay, the same as Burn's, bit for bit. Burn's takes longer for the
/// thirty small tensors of a network here than their gradients do.
#[derive(Clone, Debug)]
pub(crate) struct Sgd {
    /// But for the learning rate.
    pub(crate) step: SgdStep,
}

/// A parameter's velocity.
#[derive(Clone, Debug)]
pub(crate) struct Velocity<const D: usize>(Tensor<D>);

/// What the velocity is called in a record.
const NAME: &str = "velocity";

impl<const D: usize> RecordState for Velocity<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_tensor(prefix, NAME, self.0.to_data());
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        let data = src.take_tensor(prefix, NAME)?;
        Some(Self(Tensor::from_data(data, device)))
    }
}

impl Optimizer for Sgd {
    type State<const D: usize> = Velocity<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: LearningRate,
        tensor: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Velocity<D>>,
    ) -> (Tensor<D>, Option<Velocity<D>>) {
        let step = SgdStep {
            learning_rate: learning_rate as f32,
            ..self.step
        };
        let velocity = state.map(|velocity| velocity.0);
        let (tensor, velocity) = conv_kernels::sgd(step, tensor, gradient, velocity);
        (tensor, Some(Velocity(velocity)))
    }

    fn to_device<const D: usize>(velocity: Velocity<D>, device: &Device) -> Velocity<D> {
        Velocity(velocity.0.to_device(device))
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Module;
    use burn::nn::LinearConfig;
    use burn::optim::decay::WeightDecayConfig;
    use burn::optim::momentum::MomentumConfig;
    use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn steps_are_burns_bit_for_bit() {
        let device = Device::flex().autodiff();
        for nesterov in [false, true] {
            let ours = ModuleOptimizer::from(Sgd {
                step: SgdStep {
                    learning_rate: 0.0,
                    momentum: 0.9,
                    nesterov,
                    weight_decay: 5e-4,
                },
            });
            let burns = SgdConfig::new()
                .with_momentum(Some(MomentumConfig {
                    momentum: 0.9,
                    dampening: 0.0,
                    nesterov,
                }))
                .with_weight_decay(Some(WeightDecayConfig::new(5e-4)))
                .init();
            let network = LinearConfig::new(7, 5).init(&device).fork(&device);
            let input = Tensor::<2>::random([3, 7], Distribution::Default, &device);
            let [ours, burns] = [ours, burns].map(|mut optimizer| {
                let mut network = network.clone();
                for step in 1..=4 {
                    let loss = network.forward(input.clone()).powf_scalar(2.0).sum();
                    let gradients = GradientsParams::from_grads(loss.backward(), &network);
                    network = optimizer.step(0.01 * f64::from(step), network, gradients);
                }
                network.weight.val().into_data()
            });
            assert_eq!(ours, burns);
        }
    }
}
