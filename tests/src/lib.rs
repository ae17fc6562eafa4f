//! Tests of the workspace as a whole: the rules of the ladder, its networks, and the command line of its steps.

use experiment::Experiment;

/// The six steps, in order.
pub fn steps() -> [Experiment; 6] {
    [
        step_01_skeleton::experiment(),
        step_02_batchnorm::experiment(),
        step_03_dropout::experiment(),
        step_04_fc::experiment(),
        step_05_augmentation::experiment(),
        step_06_lr_scheduler::experiment(),
    ]
}
