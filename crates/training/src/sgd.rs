//! Stochastic gradient descent in one operation a parameter.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor, TensorData};
use conv_kernels::SgdStep;

use crate::trial;

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
        let trial = trial::current();
        let mut of = SgdStep {
            learning_rate: learning_rate as f32,
            ..self.step
        };
        if D == 1 {
            of.learning_rate *= trial.vector_rate.unwrap_or(1.0);
            if trial.vectors_do_not_decay {
                of.weight_decay = 0.0;
            }
        }
        let is_matrix = D == 4 && tensor.dims()[2..] == [1, 1] && tensor.dims()[1] > 1;
        if let Some(rate) = trial.muon
            && is_matrix
        {
            return muon(of, rate, tensor, gradient, state);
        }
        let velocity = state.map(|velocity| velocity.0);
        let (tensor, velocity) = conv_kernels::sgd(of, tensor, gradient, velocity);
        (tensor, Some(Velocity(velocity)))
    }

    fn to_device<const D: usize>(velocity: Velocity<D>, device: &Device) -> Velocity<D> {
        Velocity(velocity.0.to_device(device))
    }
}

/// A step of Muon: the velocity's direction with all singular values made about one.
fn muon<const D: usize>(
    step: SgdStep,
    rate: f32,
    tensor: Tensor<D>,
    gradient: Tensor<D>,
    state: Option<Velocity<D>>,
) -> (Tensor<D>, Option<Velocity<D>>) {
    let (dims, device) = (tensor.dims(), tensor.device());
    let (rows, columns) = (dims[0], dims[1]);
    let read = |tensor: Tensor<D>| -> Vec<f32> { tensor.into_data().iter().collect() };
    let gradient = read(gradient);
    let mut weights = read(tensor);
    let mut velocity = state.map_or_else(|| vec![0.0; weights.len()], |state| read(state.0));
    for (velocity, gradient) in velocity.iter_mut().zip(&gradient) {
        *velocity = step.momentum * *velocity + gradient;
    }
    let ahead = velocity.iter().zip(&gradient);
    let ahead: Vec<f32> = ahead.map(|(v, g)| step.momentum * v + g).collect();
    let length = rate * step.learning_rate * 0.2 * (rows.max(columns) as f32).sqrt();
    let direction = orthogonal(&ahead, rows, columns);
    for (weight, direction) in weights.iter_mut().zip(direction) {
        *weight -= step.learning_rate * step.weight_decay * *weight + length * direction;
    }
    let tensor = |values| Tensor::from_data(TensorData::new(values, dims), &device);
    (tensor(weights), Some(Velocity(tensor(velocity))))
}

/// Five steps of Newton and Schulz with Muon's coefficients.
fn orthogonal(matrix: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    let norm = matrix.iter().map(|v| v * v).sum::<f32>().sqrt() + 1e-7;
    let mut x: Vec<f32> = matrix.iter().map(|v| v / norm).collect();
    for _ in 0..5 {
        let mut a = vec![0.0; rows * rows];
        for i in 0..rows {
            for j in 0..rows {
                let pairs = x[i * columns..][..columns]
                    .iter()
                    .zip(&x[j * columns..][..columns]);
                a[i * rows + j] = pairs.map(|(p, q)| p * q).sum();
            }
        }
        let mut b: Vec<f32> = a.iter().map(|a| -4.7750 * a).collect();
        for i in 0..rows {
            for k in 0..rows {
                for j in 0..rows {
                    b[i * rows + j] += 2.0315 * a[i * rows + k] * a[k * rows + j];
                }
            }
        }
        let mut y: Vec<f32> = x.iter().map(|v| 3.4445 * v).collect();
        for i in 0..rows {
            for k in 0..rows {
                for j in 0..columns {
                    y[i * columns + j] += b[i * rows + k] * x[k * columns + j];
                }
            }
        }
        x = y;
    }
    x
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
