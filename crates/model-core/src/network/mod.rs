//! The Burn module of an [`Architecture`].

mod pass;
mod stage;

pub use stage::Stage;

use architecture::{Architecture, ArchitectureError};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use conv_kernels::ImageBlocks;
use kernels::inference::Shape;

use crate::ConvolutionBlock;
use crate::quantization::LayerWeights;
use pass::{Maps, Pass, through};
use stage::{Turn, blocks_mut, take_statistics, turns};

/// A network that maps images to the logits of their classes.
#[derive(Module, Debug)]
pub struct Network {
    stages: Vec<Stage>,
}

/// A layer for inference whose batch normalisation is not folded into its weights. A value is
/// `scale · sum of weights times inputs + bias`, and zero instead of less where ReLU follows.
#[derive(Clone, Debug, PartialEq)]
pub struct UnfoldedLayer {
    /// The layer with the weights that were trained; its bias is what batch normalisation adds, where there is any.
    pub layer: kernels::inference::Layer,
    /// What batch normalisation multiplies each channel by `[out_channels]`; none where there is no batch normalisation.
    pub scale: Option<Vec<f32>>,
}

impl Network {
    /// Builds the network of an architecture on `device`, with weights drawn from the device's generator (see
    /// [`Device::seed`]).
    ///
    /// `dropout` is the probability of dropping a value after each ReLU; it is a matter of training, not of the
    /// architecture, and does nothing at inference.
    ///
    /// # Errors
    ///
    /// An architecture that cannot be built, or with a layer that can only be described; with the layer at fault.
    ///
    /// # Panics
    ///
    /// If `dropout` is not in `[0, 1)`.
    pub fn new(
        architecture: &Architecture,
        dropout: f64,
        device: &Device,
    ) -> Result<Self, ArchitectureError> {
        architecture.summary()?;
        architecture.check_trainable()?;
        let layers = architecture.layers.iter();
        let stages = layers.map(|layer| Stage::new(layer, 1, dropout, device));
        Ok(Self {
            stages: stages.collect(),
        })
    }

    /// The same network without dropout but after the last ReLU.
    pub fn with_dropout_after_last_relu_alone(mut self) -> Self {
        let blocks = blocks_mut(&mut self.stages);
        let with_dropout = blocks.into_iter().rev().filter(|block| block.has_dropout());
        with_dropout
            .skip(1)
            .for_each(ConvolutionBlock::remove_dropout);
        self
    }

    /// The same network without running averages of batch normalisation's statistics, which would be for nothing where these are
    /// [estimated](Self::estimate_statistics) before each evaluation.
    pub fn without_running_averages(mut self) -> Self {
        for block in blocks_mut(&mut self.stages) {
            block.remove_running_averages();
        }
        self
    }

    /// `[batch, channels, height, width]` → logits `[batch, classes]`.
    ///
    /// On an autodiff device batch normalisation uses the batch's statistics, elsewhere those kept in training.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.run(images, Pass::default()).into_features()
    }

    /// The same with dropout on an autodiff device. What is dropped is a function of `key`, which no two steps of a
    /// training should share, on the CPU backends; on others it is drawn from the device's generator.
    pub fn forward_with_dropout(&self, images: Tensor<4>, key: u64) -> Tensor<2> {
        let pass = Pass {
            dropout_key: Some(key),
            ..Pass::default()
        };
        self.run(images, pass).into_features()
    }

    /// Replaces batch normalisation's running statistics by the mean of those of these batches, with the weights as they
    /// are (Y. Wu and J. Johnson, "Rethinking 'Batch' in BatchNorm", 2021). The network is one for training, on an autodiff
    /// device, and the images `[batch, channels, height, width]` are on that device without autodiff. Clones of the network have
    /// the new statistics too.
    pub fn estimate_statistics(&self, batches: impl IntoIterator<Item = Tensor<4>>) {
        // Autodiff would keep the maps of all batches for a backward pass.
        let inner = self.valid();
        for (images, count) in batches.into_iter().zip(1..) {
            let pass = Pass {
                share: Some(1.0 / f64::from(count)),
                ..Pass::default()
            };
            inner.run(images, pass);
        }
        take_statistics(&self.stages, &inner.stages);
    }

    /// The output `[batch, channels, height, width]` of every layer, first to last, without dropout: of those that are repeated
    /// every time.
    pub fn outputs(&self, images: Tensor<4>) -> Vec<Tensor<4>> {
        let mut maps = Maps::Blocks(ImageBlocks::new(images));
        let outputs = turns(&self.stages, 0).into_iter().map(|turn| {
            maps = through(vec![turn], maps.clone(), Pass::default());
            maps.clone().into_images()
        });
        outputs.collect()
    }

    /// The network for inference with batch normalisation folded into the convolutions before it: it computes the same,
    /// and does not fold anew at every call. What is repeated is there as often, with other weights each time. The network
    /// cannot be trained any further.
    pub fn fold_batch_norm(&self) -> Self {
        let network = self.valid();
        let fold = |(stage, time): Turn| match stage {
            Stage::Convolution(block) => Stage::Convolution(block.fold_batch_norm(time)),
            other => other.clone(),
        };
        Self {
            stages: turns(&network.stages, 0).into_iter().map(fold).collect(),
        }
    }

    /// The layers for inference on the CPU, on images of this shape, with batch normalisation folded in.
    ///
    /// # Panics
    ///
    /// If the network takes other images.
    pub fn layers(&self, images: Shape) -> Vec<kernels::inference::Layer> {
        let mut shape = images;
        let folded = self.fold_batch_norm();
        let layers = folded.stages.iter().map(|stage| {
            let layer = stage.layer(shape);
            shape = layer.output(shape);
            layer
        });
        layers.collect()
    }

    /// The same with batch normalisation by itself, so that one can see what each layer does.
    ///
    /// # Panics
    ///
    /// If the network takes other images.
    pub fn unfolded_layers(&self, images: Shape) -> Vec<UnfoldedLayer> {
        let mut shape = images;
        let network = self.valid();
        let layers = turns(&network.stages, 0).into_iter().map(|(stage, time)| {
            let unfolded = stage.unfolded_layer(shape, time);
            shape = unfolded.layer.output(shape);
            unfolded
        });
        layers.collect()
    }

    /// The weights of all layers that have any. Those of batch normalisation are not among them.
    pub(crate) fn weights(&self) -> Vec<LayerWeights> {
        let stages = self.stages.iter().enumerate();
        stages
            .filter_map(|(stage, kind)| {
                let (shape, rows, bias) = match kind {
                    Stage::Convolution(block) => {
                        let (weight, bias) = block.weights();
                        (weight.dims().to_vec(), weight.flatten(1, 3), bias)
                    }
                    Stage::FullyConnected(linear) => {
                        let rows = linear.weight.val().transpose();
                        (
                            rows.dims().to_vec(),
                            rows,
                            linear.bias.as_ref().map(|bias| bias.val()),
                        )
                    }
                    Stage::MaxPool(_) | Stage::GlobalAveragePool(_) | Stage::Repeat(_) => {
                        return None;
                    }
                };
                Some(LayerWeights {
                    stage,
                    shape,
                    rows,
                    bias,
                })
            })
            .collect()
    }

    /// Replaces the weights of a layer: `weights` as in [`LayerWeights::rows`], row by row.
    pub(crate) fn set_weights(&mut self, stage: usize, weights: &[f32], bias: Option<&[f32]>) {
        match &mut self.stages[stage] {
            Stage::Convolution(block) => block.set_weights(weights, bias),
            Stage::FullyConnected(linear) => {
                let [inputs, outputs] = linear.weight.dims();
                let device = linear.weight.val().device();
                let rows = Tensor::<2>::from_data(
                    TensorData::new(weights.to_vec(), [outputs, inputs]),
                    &device,
                );
                linear.weight = Param::from_tensor(rows.transpose());
                linear.bias = bias.map(|bias| Param::from_data(bias, &device));
            }
            Stage::MaxPool(_) | Stage::GlobalAveragePool(_) | Stage::Repeat(_) => {}
        }
    }

    fn run(&self, images: Tensor<4>, pass: Pass) -> Maps {
        let maps = Maps::Blocks(ImageBlocks::new(images));
        through(turns(&self.stages, 0), maps, pass)
    }
}

#[cfg(test)]
mod tests {
    use architecture::{Convolution, Layer, Pool};
    use burn::tensor::Distribution;

    use super::*;

    #[test]
    fn outputs_are_those_of_the_layers_up_to_each() {
        let convolution = |in_channels, out_channels| {
            Layer::Convolution(Convolution {
                padding: 1.into(),
                batch_norm: true,
                relu: true,
                ..Convolution::new(in_channels, out_channels, 3)
            })
        };
        let pool = |kernel: usize, stride: usize| Layer::MaxPool(Pool::new(kernel, stride));
        let architecture = Architecture::new(1, 28)
            .layer(convolution(1, 4))
            .layer(pool(2, 2))
            .layer(convolution(4, 6))
            .layer(pool(3, 2))
            .layer(convolution(6, 8))
            .layer(Layer::GlobalAveragePool)
            .layer(Layer::FullyConnected {
                in_features: 8,
                out_features: 10,
            });
        let device = Device::flex();
        let network = Network::new(&architecture, 0.0, &device).expect("it can be built");
        let images = Tensor::<4>::random([3, 1, 28, 28], Distribution::Default, &device);
        let outputs = network.outputs(images.clone());
        assert_eq!(outputs.len(), architecture.layers.len());
        for (index, output) in outputs.into_iter().enumerate() {
            let first = Network {
                stages: network.stages[..=index].to_vec(),
            };
            let expected = first.forward(images.clone());
            assert_eq!(output.flatten::<2>(1, 3).into_data(), expected.into_data());
        }
    }
}
