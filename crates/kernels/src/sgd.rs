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
        let mut stepped = Vec::with_capacity(parameter.len());
        let mut velocities = Vec::with_capacity(parameter.len());
        for (at, (&parameter, &gradient)) in parameter.iter().zip(gradient).enumerate() {
            let gradient = parameter * self.weight_decay + gradient;
            let kept = velocity.map(|velocity| velocity[at] * self.momentum);
            let velocity = kept.map_or(gradient, |kept| gradient + kept);
            let direction = if self.nesterov {
                velocity * self.momentum + gradient
            } else {
                velocity
            };
            stepped.push(parameter - direction * self.learning_rate);
            velocities.push(velocity);
        }
        (stepped, velocities)
    }
}
