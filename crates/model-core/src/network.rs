//! The Burn module of an [`Architecture`].

use architecture::{Architecture, ArchitectureError, Layer};
use burn::module::{Module, Param};
use burn::nn::pool::{AdaptiveAvgPool2d, AdaptiveAvgPool2dConfig, MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use conv_kernels::{BlockOptions, Dropout, ImageBlocks, Then};
use kernels::inference::Shape;

use crate::ConvolutionBlock;
use crate::quantization::LayerWeights;

/// A network that maps images to the logits of their classes.
#[derive(Module, Debug)]
pub struct Network {
    stages: Vec<Stage>,
}

/// One layer of a [`Network`].
// A network has a handful of stages, so the space that the small ones waste does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Module, Debug)]
pub enum Stage {
    /// See [`Layer::Convolution`].
    Convolution(ConvolutionBlock),
    /// See [`Layer::MaxPool`].
    MaxPool(MaxPool2d),
    /// See [`Layer::GlobalAveragePool`].
    GlobalAveragePool(AdaptiveAvgPool2d),
    /// See [`Layer::FullyConnected`].
    FullyConnected(Linear),
    /// See [`Layer::Repeat`].
    Repeat(Repeat),
}

/// The same stages several times in a row, each time with batch normalisation of its own.
#[derive(Module, Debug)]
pub struct Repeat {
    times: usize,
    stages: Vec<Stage>,
}

/// A stage at one of the times that it is computed for an image, from 0.
type Turn<'a> = (&'a Stage, usize);

/// All stages in the order in which they are computed, those of repeats as often as these say. The stages themselves are
/// at their turn number `time`.
fn turns(stages: &[Stage], time: usize) -> Vec<Turn<'_>> {
    let mut all = Vec::new();
    for stage in stages {
        if let Stage::Repeat(Repeat { times, stages }) = stage {
            let turn = |turn| turns(stages, time * times + turn);
            all.extend((0..*times).flat_map(turn));
        } else {
            all.push((stage, time));
        }
    }
    all
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

/// All convolution blocks, first to last, those inside repeats once.
fn blocks_mut(stages: &mut [Stage]) -> Vec<&mut ConvolutionBlock> {
    let mut blocks = Vec::new();
    for stage in stages {
        match stage {
            Stage::Convolution(block) => blocks.push(block),
            Stage::Repeat(repeat) => blocks.extend(blocks_mut(&mut repeat.stages)),
            _ => {}
        }
    }
    blocks
}

/// How a batch goes through a network.
#[derive(Clone, Copy, Debug, Default)]
struct Pass {
    /// What dropout is a function of; without, there is none.
    dropout_key: Option<u64>,
    /// Where batch normalisation uses the batch's statistics without autodiff too: how far these move the running ones, from 0
    /// to 1.
    share: Option<f64>,
}

fn take_statistics(stages: &[Stage], inner: &[Stage]) {
    for pair in stages.iter().zip(inner) {
        match pair {
            (Stage::Convolution(block), Stage::Convolution(inner)) => block.take_statistics(inner),
            (Stage::Repeat(repeat), Stage::Repeat(inner)) => {
                take_statistics(&repeat.stages, &inner.stages);
            }
            _ => {}
        }
    }
}

/// What the stages make of `maps`, one after the other.
fn through(turns: Vec<Turn>, mut maps: Maps, pass: Pass) -> Maps {
    let mut turns = turns.into_iter().enumerate().peekable();
    while let Some((layer, turn)) = turns.next() {
        let (Stage::Convolution(block), time) = turn else {
            maps = turn.0.forward(maps);
            continue;
        };
        // The kernels compute convolutions in a row as one chain, and pool in the same pass where the windows are the
        // usual ones.
        let mut blocks = Vec::new();
        let mut next = Some((layer, block, time));
        while let Some((layer, block, time)) = next {
            let halved = turns.next_if(|(_, (next, _))| next.halves()).is_some();
            let key = pass.dropout_key.map(|key| key_of_layer(key, layer));
            blocks.push((
                Some((block, time)),
                block.for_kernels(time, halved, key, pass.share.is_some()),
            ));
            next = turns.next_if_map(|(layer, turn)| match turn {
                (Stage::Convolution(block), time) => Ok((layer, block, time)),
                turn => Err((layer, turn)),
            });
        }
        // To the kernels, a fully connected layer is a convolution whose kernel covers the map.
        let of_linear = turns.next_if_map(|(layer, turn)| match turn {
            (Stage::FullyConnected(linear), _) => Ok(linear),
            turn => Err((layer, turn)),
        });
        if let Some(linear) = of_linear {
            let channels = blocks
                .last()
                .map_or(0, |(_, block)| block.weights.dims()[0]);
            blocks.push((None, as_convolution(linear, channels)));
        }
        maps = Maps::Blocks(chain(maps.into_blocks(), blocks, pass.share));
    }
    maps
}

/// A block whose statistics are to be kept, and at which of its turns it is.
type Keeping<'a> = (&'a ConvolutionBlock, usize);

/// The output of convolution blocks in a row, each with the module whose statistics are to be kept.
fn chain(
    maps: ImageBlocks,
    blocks: Vec<(Option<Keeping>, conv_kernels::ConvolutionBlock)>,
    share: Option<f64>,
) -> ImageBlocks {
    let (modules, blocks): (Vec<_>, Vec<_>) = blocks.into_iter().unzip();
    let chained = maps.chain(blocks);
    for (module, statistics) in modules.into_iter().zip(chained.statistics) {
        if let (Some((module, time)), Some(statistics)) = (module, statistics) {
            module.keep_statistics(time, statistics, share);
        }
    }
    chained.output
}

/// A fully connected layer on square maps of so many channels.
fn as_convolution(linear: &Linear, channels: usize) -> conv_kernels::ConvolutionBlock {
    let weights = linear.weight.val();
    let [inputs, outputs] = weights.dims();
    let side = (inputs / channels).isqrt();
    conv_kernels::ConvolutionBlock {
        weights: weights.transpose().reshape([outputs, channels, side, side]),
        then: match &linear.bias {
            Some(bias) => Then::Bias(bias.val()),
            None => Then::Nothing,
        },
        options: BlockOptions {
            stride: 1,
            padding: 0,
            groups: 1,
            relu: false,
            dropout: Dropout::NONE,
            max_pool: false,
        },
    }
}

/// What one layer hands to the next.
#[derive(Clone)]
enum Maps {
    Blocks(ImageBlocks),
    /// `[batch, features]`: maps of one pixel.
    Features(Tensor<2>),
}

impl Maps {
    fn into_blocks(self) -> ImageBlocks {
        match self {
            Self::Blocks(blocks) => blocks,
            Self::Features(_) => ImageBlocks::new(self.into_images()),
        }
    }

    fn into_images(self) -> Tensor<4> {
        match self {
            Self::Blocks(blocks) => blocks.into_images(),
            Self::Features(features) => features.unsqueeze_dims(&[2, 3]),
        }
    }

    fn into_features(self) -> Tensor<2> {
        match self {
            Self::Blocks(blocks) => blocks.into_images().flatten(1, 3),
            Self::Features(features) => features,
        }
    }
}

/// Why a stage is not met.
const INSIDE: &str = "turns have no repeats, and convolutions are in chains";

impl Stage {
    /// Of a layer that [can be trained](Architecture::check_trainable) and is computed so many `times` for an image.
    fn new(layer: &Layer, times: usize, dropout: f64, device: &Device) -> Self {
        match layer {
            Layer::Convolution(convolution) => {
                Self::Convolution(ConvolutionBlock::new(convolution, times, dropout, device))
            }
            Layer::Repeat {
                times: more,
                layers,
            } => {
                let layers = layers.iter();
                let stages = layers.map(|layer| Self::new(layer, times * more, dropout, device));
                Self::Repeat(Repeat {
                    times: *more,
                    stages: stages.collect(),
                })
            }
            Layer::MaxPool(pool) => Self::MaxPool(
                MaxPool2dConfig::new(pool.kernel.values())
                    .with_strides(pool.stride.values())
                    .init(),
            ),
            Layer::GlobalAveragePool => {
                Self::GlobalAveragePool(AdaptiveAvgPool2dConfig::new([1, 1]).init())
            }
            Layer::FullyConnected {
                in_features,
                out_features,
            } => Self::FullyConnected(LinearConfig::new(*in_features, *out_features).init(device)),
            Layer::AveragePool(_) | Layer::Sum { .. } => {
                unreachable!("it is not trainable, which was checked before")
            }
        }
    }

    /// The output of a stage that is not computed in a chain.
    fn forward(&self, maps: Maps) -> Maps {
        match self {
            Self::MaxPool(pool) => Maps::Blocks(ImageBlocks::new(pool.forward(maps.into_images()))),
            Self::GlobalAveragePool(_) => Maps::Features(maps.into_blocks().means()),
            Self::FullyConnected(linear) => {
                let blocks = maps.into_blocks();
                let [channels, ..] = blocks.dims();
                Maps::Blocks(chain(
                    blocks,
                    vec![(None, as_convolution(linear, channels))],
                    None,
                ))
            }
            Self::Convolution(_) | Self::Repeat(_) => unreachable!("{INSIDE}"),
        }
    }

    /// The layer for inference, of maps of this shape; see [`Network::layers`].
    fn layer(&self, input: Shape) -> kernels::inference::Layer {
        use kernels::inference::Layer;
        match self {
            Self::Convolution(block) => block.layer(input),
            Self::MaxPool(pool) => Layer::MaxPool {
                kernel: pool.kernel_size[0],
                stride: pool.stride[0],
            },
            Self::GlobalAveragePool(_) => Layer::GlobalAveragePool,
            Self::Repeat(_) => unreachable!("{INSIDE}"),
            Self::FullyConnected(linear) => {
                let [_, outputs] = linear.weight.dims();
                let rows = linear.weight.val().transpose();
                let bias = linear.bias.as_ref().map(|bias| bias.val().into_data());
                Layer::FullyConnected {
                    weights: rows.into_data().iter().collect(),
                    bias: bias.map_or_else(|| vec![0.0; outputs], |bias| bias.iter().collect()),
                }
            }
        }
    }

    /// See [`Network::unfolded_layers`].
    fn unfolded_layer(&self, input: Shape, time: usize) -> UnfoldedLayer {
        let mut layer = self.layer(input);
        let mut scale = None;
        if let (Self::Convolution(block), kernels::inference::Layer::Convolution { bias, .. }) =
            (self, &mut layer)
            && let Some([factors, offset]) = block.scale_and_offset(time)
        {
            *bias = offset;
            scale = Some(factors);
        }
        UnfoldedLayer { layer, scale }
    }

    /// Whether this is max-pooling of 2×2 windows that do not overlap.
    fn halves(&self) -> bool {
        matches!(self, Self::MaxPool(pool) if pool.kernel_size == [2, 2] && pool.stride == [2, 2])
    }
}

/// A key for each layer of a training step.
fn key_of_layer(key: u64, layer: usize) -> u64 {
    key.rotate_left(layer as u32) ^ layer as u64
}

#[cfg(test)]
mod tests {
    use architecture::{Convolution, Pool};
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
