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
        let mut velocities = gradient.to_vec();
        for (gradient, parameter) in velocities.iter_mut().zip(parameter) {
            *gradient += parameter * self.weight_decay;
        }
        let mut steps = velocities.clone();
        if let Some(before) = velocity {
            for (velocity, before) in velocities.iter_mut().zip(before) {
                *velocity += before * self.momentum;
            }
        }
        for (step, velocity) in steps.iter_mut().zip(&velocities) {
            *step = if self.nesterov {
                velocity * self.momentum + *step
            } else {
                *velocity
            };
        }
        for (step, parameter) in steps.iter_mut().zip(parameter) {
            *step = parameter - *step * self.learning_rate;
        }
        (steps, velocities)
    }
}
