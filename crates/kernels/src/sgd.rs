//! The update of a parameter.

/// A step of stochastic gradient descent with momentum: how far it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// How far along the velocity.
    pub learning_rate: f32,
    /// What part of the velocity remains.
    pub momentum: f32,
    /// Whether the step looks ahead (Y. Nesterov, 1983).
    pub nesterov: bool,
    /// What part of the parameter is added to its gradient.
    pub weight_decay: f32,
}

impl SgdStep {
    /// A parameter's values after the step, and its velocity's, from its values, its gradient's and, but for the first step, its
    /// velocity's.
    pub fn step(
        &self,
        parameter: &[f32],
        gradient: &[f32],
        velocity: Option<&[f32]>,
    ) -> (Vec<f32>, Vec<f32>) {
        let decayed =
            |(gradient, parameter): (&f32, &f32)| gradient + parameter * self.weight_decay;
        let gradients = gradient.iter().zip(parameter).map(decayed);
        let velocities: Vec<f32> = match velocity {
            None => gradients.clone().collect(),
            Some(before) => {
                let kept = before.iter().map(|before| before * self.momentum);
                let sums = gradients.clone().zip(kept);
                sums.map(|(gradient, kept)| gradient + kept).collect()
            }
        };
        let directions = gradients.zip(&velocities).map(|(gradient, velocity)| {
            if self.nesterov {
                velocity * self.momentum + gradient
            } else {
                *velocity
            }
        });
        let stepped = parameter.iter().zip(directions);
        let stepped =
            stepped.map(|(parameter, direction)| parameter - direction * self.learning_rate);
        (stepped.collect(), velocities)
    }
}
