//! A trained network that another one learns from.

use burn::nn::loss::{KLDivLossConfig, Reduction};
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;
use experiment::Distillation;
use model_core::Network;

/// A trained network, and how another one learns from it: see [`Distillation`].
#[derive(Clone, Debug)]
pub struct Teacher {
    network: Network,
    temperature: f64,
    weight: f64,
}

impl Teacher {
    /// `network` is for inference, and of the architecture that `distillation` says.
    pub fn new(network: Network, distillation: &Distillation) -> Self {
        Self {
            network,
            temperature: distillation.temperature,
            weight: distillation.weight,
        }
    }

    /// The loss of a network whose logits for `images` `[batch, channels, height, width]` are `logits` `[batch, classes]`,
    /// and whose cross-entropy with the labels is `of_labels`. The images have no gradient.
    pub fn loss(&self, images: Tensor<4>, logits: Tensor<2>, of_labels: Tensor<1>) -> Tensor<1> {
        let taught = Tensor::from_inner(self.network.forward(images.inner()));
        let divergence = divergence(taught, logits, self.temperature);
        of_labels
            .mul_scalar(1.0 - self.weight)
            .add(divergence.mul_scalar(self.weight))
    }
}

/// T² times the mean Kullback–Leibler divergence of the softmax of `logits` from that of the teacher's, both divided by the
/// temperature T: with T², its gradient does not depend on T as long as T is large.
fn divergence(taught: Tensor<2>, logits: Tensor<2>, temperature: f64) -> Tensor<1> {
    let log_probabilities = |logits: Tensor<2>| log_softmax(logits.div_scalar(temperature), 1);
    KLDivLossConfig::new()
        .with_log_target(true)
        .init()
        .forward(
            log_probabilities(logits),
            log_probabilities(taught),
            Reduction::BatchMean,
        )
        .mul_scalar(temperature * temperature)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    const TAUGHT: [[f64; 3]; 2] = [[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]];
    const LOGITS: [[f64; 3]; 2] = [[0.3, 0.1, -0.4], [-1.0, 1.5, 2.5]];

    fn tensor(values: [[f64; 3]; 2], device: &Device) -> Tensor<2> {
        Tensor::from_data(values, device)
    }

    fn softmax(logits: [f64; 3], temperature: f64) -> [f64; 3] {
        let powers = logits.map(|logit| (logit / temperature).exp());
        powers.map(|power| power / powers.iter().sum::<f64>())
    }

    #[test]
    fn the_divergence_is_that_of_the_formula() {
        let device = Device::flex();
        for temperature in [1.0, 2.0, 4.0] {
            let rows = TAUGHT.iter().zip(&LOGITS).map(|(taught, logits)| {
                let taught = softmax(*taught, temperature);
                let probabilities = softmax(*logits, temperature);
                let terms = taught.iter().zip(probabilities);
                terms.map(|(t, p)| t * (t / p).ln()).sum::<f64>()
            });
            let expected = temperature * temperature * rows.sum::<f64>() / 2.0;
            let found: f64 = divergence(
                tensor(TAUGHT, &device),
                tensor(LOGITS, &device),
                temperature,
            )
            .into_scalar();
            assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
        }
    }

    #[test]
    fn its_gradient_pulls_the_probabilities_towards_the_teachers() {
        let device = Device::flex().autodiff();
        let temperature = 2.0;
        let logits = tensor(LOGITS, &device).require_grad();
        let gradients = divergence(tensor(TAUGHT, &device), logits.clone(), temperature).backward();
        let gradient: Vec<f32> = logits
            .grad(&gradients)
            .unwrap()
            .into_data()
            .try_to_vec()
            .unwrap();
        for (row, (taught, logits)) in TAUGHT.iter().zip(&LOGITS).enumerate() {
            let taught = softmax(*taught, temperature);
            let probabilities = softmax(*logits, temperature);
            for class in 0..3 {
                let expected = temperature * (probabilities[class] - taught[class]) / 2.0;
                let found = f64::from(gradient[3 * row + class]);
                assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
            }
        }
    }
}
