//! Optimisers and learning rates of recipes, as Burn has them.

use anyhow::Result;
use burn::optim::lr_scheduler::LrSchedulerConfig;
use burn::optim::lr_scheduler::constant::ConstantLr;
use burn::optim::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::optim::lr_scheduler::step::StepLrSchedulerConfig;
use burn::optim::{AdamWConfig, ModuleOptimizer};
use conv_kernels::SgdStep;
use experiment::{Optimizer, Recipe, Schedule};

use crate::sgd::Sgd;

/// Burn's optimiser for what a recipe says.
pub fn optimizer(optimizer: &Optimizer) -> ModuleOptimizer {
    match *optimizer {
        Optimizer::Sgd {
            momentum,
            nesterov,
            weight_decay,
        } => ModuleOptimizer::from(Sgd {
            step: SgdStep {
                learning_rate: 0.0,
                momentum: momentum as f32,
                nesterov,
                weight_decay: weight_decay as f32,
            },
        }),
        Optimizer::AdamW {
            beta_1,
            beta_2,
            weight_decay,
        } => AdamWConfig::new()
            .with_beta_1(beta_1 as f32)
            .with_beta_2(beta_2 as f32)
            .with_weight_decay(weight_decay as f32)
            .init(),
    }
}

/// Burn's schedule of the learning rate for a recipe that was [checked](Recipe::check).
///
/// # Errors
///
/// Burn does not take its numbers.
pub(crate) fn schedule(recipe: &Recipe, steps_per_epoch: usize) -> Result<ModuleLrScheduler> {
    match recipe.schedule {
        Schedule::Constant => Ok(ConstantLr::from(recipe.learning_rate).into()),
        Schedule::Step { epochs, factor } => {
            StepLrSchedulerConfig::new(recipe.learning_rate, epochs * steps_per_epoch)
                .with_gamma(factor)
                .init()
                .map_err(anyhow::Error::msg)
        }
        Schedule::Cosine {
            initial_factor,
            epochs,
            final_factor,
        } => {
            let lowest = recipe.learning_rate * final_factor;
            let steps = epochs * steps_per_epoch;
            let highest = recipe.learning_rate * initial_factor;
            let falling = CosineAnnealingLrSchedulerConfig::new(highest, steps).with_min_lr(lowest);
            let both = vec![falling.into(), LrSchedulerConfig::Constant(lowest)];
            SequentialLrSchedulerConfig::new(both, vec![steps])
                .init()
                .map_err(anyhow::Error::msg)
        }
        Schedule::OneCycle { peak, rise_epochs } => {
            let rise = rise_epochs * steps_per_epoch;
            let fall = (recipe.epochs - rise_epochs) * steps_per_epoch;
            let falling = LinearLrSchedulerConfig::new(peak, 0.0, fall);
            if rise == 0 {
                return falling.init().map_err(anyhow::Error::msg);
            }
            let rising = LinearLrSchedulerConfig::new(recipe.learning_rate, peak, rise);
            let both = vec![rising.into(), falling.into()];
            SequentialLrSchedulerConfig::new(both, vec![rise])
                .init()
                .map_err(anyhow::Error::msg)
        }
    }
}
