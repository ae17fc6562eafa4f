//! Step 1: the skeleton.
pub fn experiment() -> experiment::Experiment {
    experiment::Experiment {
        name: "step-01-skeleton",
        title: "Step 1: the skeleton, seven convolutions and nothing else",
        architecture: model_core::Architecture::new(1, 28)
            .convolution_block(6, 3)
            .convolution_block(8, 3)
            .max_pool(2)
            .convolution_block(12, 3)
            .convolution_block(14, 3)
            .convolution_block(16, 3)
            .convolution_block(16, 3)
            .convolution_head(10),
        recipe: experiment::Recipe {
            optimizer: experiment::Optimizer::Sgd {
                momentum: 0.9,
                nesterov: true,
                weight_decay: 5e-4,
            },
            learning_rate: 0.05,
            schedule: experiment::Schedule::Constant,
            batch_size: 64,
            epochs: 15,
            dropout: 0.0,
            augmentation: None,
            seed: 1,
        },
    }
}
