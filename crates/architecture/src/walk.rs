//! The way through the layers, in the order in which they are computed.

use crate::error::{ArchitectureError, LayerError};
use crate::limits::Tally;
use crate::map::{Map, at_least_one};
use crate::{Convolution, Layer, LayerSummary, PerAxis, Pool, Window};

/// A walk through a network, with what its layers take up to here.
pub(crate) struct Walk {
    pub(crate) tally: Tally,
}

/// Layers in lists, and the map that they make.
type Inside = (Vec<Vec<LayerSummary>>, Map);

/// A layer without layers inside.
struct Leaf {
    window: Window,
    channels_out: usize,
    /// Weights and biases.
    weights: usize,
    /// Trainable parameters of batch normalisation, which has as many that are not.
    normalisation: usize,
    macs_per_output: usize,
}

impl Walk {
    /// Layers in a row. The names of their places begin with `before`; `again` says that they have been computed with, so
    /// that their weights are counted already.
    pub(crate) fn layers(
        &mut self,
        layers: &[Layer],
        input: Map,
        before: &str,
        again: bool,
    ) -> Result<(Vec<LayerSummary>, Map), ArchitectureError> {
        let mut map = input;
        let mut summaries = Vec::with_capacity(layers.len());
        for (number, layer) in (1..).zip(layers) {
            let place = format!("{before}{number}");
            let (summary, output) = self.layer(layer, map, &place, again)?;
            summaries.push(summary);
            map = output;
        }
        Ok((summaries, map))
    }

    fn layer(
        &mut self,
        layer: &Layer,
        input: Map,
        place: &str,
        again: bool,
    ) -> Result<(LayerSummary, Map), ArchitectureError> {
        let at = |error: LayerError| error.at(place, layer);
        let leaf = match layer {
            Layer::Repeat { times, layers } => {
                check_repeat(*times, layers).map_err(at)?;
                let (parts, output) = self.repeat(*times, layers, input, place, again)?;
                let held = most_held(parts.iter().flatten());
                return Ok((around(layer, [input, output], parts, held), output));
            }
            Layer::Sum { branches, .. } => {
                let (parts, output) = self.sum(layer, branches, input, place, again)?;
                self.tally.add(0, 0, output.values()).map_err(at)?;
                let held = held_in_sum(&parts, input.values(), output.values());
                return Ok((around(layer, [input, output], parts, held), output));
            }
            Layer::Convolution(convolution) => convolution.leaf(&input),
            Layer::MaxPool(pool) | Layer::AveragePool(pool) => Ok(pool.leaf(&input)),
            Layer::GlobalAveragePool => Ok(Pool::new(input.size(), 1).leaf(&input)),
            Layer::FullyConnected {
                in_features,
                out_features,
            } => fully_connected(*in_features, *out_features, &input),
        };
        let leaf = leaf.map_err(at)?;
        self.leaf(layer, input, &leaf, again).map_err(at)
    }

    fn repeat(
        &mut self,
        times: usize,
        layers: &[Layer],
        input: Map,
        place: &str,
        again: bool,
    ) -> Result<Inside, ArchitectureError> {
        let mut map = input;
        let mut parts = Vec::with_capacity(times);
        for time in 1..=times {
            let before = format!("{place}.{time}.");
            let (summaries, output) = self.layers(layers, map, &before, again || time > 1)?;
            parts.push(summaries);
            map = output;
        }
        Ok((parts, map))
    }

    fn sum(
        &mut self,
        layer: &Layer,
        branches: &[Vec<Layer>],
        input: Map,
        place: &str,
        again: bool,
    ) -> Result<Inside, ArchitectureError> {
        let mut parts = Vec::with_capacity(branches.len());
        let mut sum: Option<Map> = None;
        for (branch, layers) in (1..).zip(branches) {
            let before = format!("{place}.{branch}.");
            let (summaries, output) = self.layers(layers, input, &before, again)?;
            parts.push(summaries);
            sum = Some(match sum {
                None => output,
                Some(sum) => sum.plus(&output).ok_or_else(|| {
                    let error = LayerError::BranchesDiffer {
                        branch,
                        expected: sum.described(),
                        found: output.described(),
                    };
                    error.at(place, layer)
                })?,
            });
        }
        match sum {
            Some(sum) if branches.len() > 1 => Ok((parts, sum)),
            _ => {
                let count = branches.len();
                Err(LayerError::TooFewBranches { count }.at(place, layer))
            }
        }
    }

    fn leaf(
        &mut self,
        layer: &Layer,
        input: Map,
        leaf: &Leaf,
        again: bool,
    ) -> Result<(LayerSummary, Map), LayerError> {
        let output = input.through(&leaf.window, leaf.channels_out)?;
        at_least_one("its number of outputs", leaf.channels_out)?;
        let weights = if again { 0 } else { leaf.weights };
        let values = output.values();
        let summary = LayerSummary {
            window: Some(leaf.window),
            parameters: weights.saturating_add(leaf.normalisation),
            non_trainable_parameters: leaf.normalisation,
            macs: leaf.macs_per_output.saturating_mul(values),
            held: input.values().saturating_add(values),
            ..empty(layer, [input, output])
        };
        self.tally.add(summary.parameters, summary.macs, values)?;
        Ok((summary, output))
    }
}

fn check_repeat(times: usize, layers: &[Layer]) -> Result<(), LayerError> {
    at_least_one("its number of times", times)?;
    match layers {
        [] => Err(LayerError::Empty),
        _ => Ok(()),
    }
}

/// A layer from input to output, of which nothing is counted yet.
fn empty(layer: &Layer, [input, output]: [Map; 2]) -> LayerSummary {
    LayerSummary {
        operation: layer.operation(),
        n_in: input.size(),
        channels_in: input.channels,
        channels_out: output.channels,
        window: None,
        n_out: output.size(),
        jump_in: input.axes.map(|axis| axis.jump),
        jump_out: output.axes.map(|axis| axis.jump),
        receptive_field_in: input.axes.map(|axis| axis.receptive_field),
        receptive_field_out: output.axes.map(|axis| axis.receptive_field),
        input_activations: input.values(),
        parameters: 0,
        non_trainable_parameters: 0,
        start: output.axes.map(|axis| axis.start()),
        output_activations: output.values(),
        macs: 0,
        parts: Vec::new(),
        is_repeat: matches!(layer, Layer::Repeat { .. }),
        held: 0,
    }
}

/// A layer with these layers inside, which are within the limits.
fn around(
    layer: &Layer,
    maps: [Map; 2],
    parts: Vec<Vec<LayerSummary>>,
    held: usize,
) -> LayerSummary {
    let sum = |count: fn(&LayerSummary) -> usize| parts.iter().flatten().map(count).sum();
    LayerSummary {
        parameters: sum(|layer| layer.parameters),
        non_trainable_parameters: sum(|layer| layer.non_trainable_parameters),
        macs: sum(|layer| layer.macs),
        held,
        parts,
        ..empty(layer, maps)
    }
}

fn most_held<'a>(layers: impl Iterator<Item = &'a LayerSummary>) -> usize {
    layers.map(|layer| layer.held).max().unwrap_or(0)
}

/// Values held at once in a sum. Branches are computed in turn, those without layers are added last. The input is kept for
/// the branches to come, and the sum of those before is one map.
fn held_in_sum(branches: &[Vec<LayerSummary>], input: usize, output: usize) -> usize {
    let computed: Vec<_> = branches.iter().filter(|it| !it.is_empty()).collect();
    let is_residual = computed.len() < branches.len();
    let of_branch = |(index, layers): (usize, &&Vec<LayerSummary>)| {
        let input_is_needed = is_residual || index + 1 < computed.len();
        // A layer's own input is counted with it.
        let of_layer = |(number, layer): (usize, &LayerSummary)| {
            layer.held
                + if input_is_needed && number > 0 {
                    input
                } else {
                    0
                }
        };
        let most = layers.iter().enumerate().map(of_layer).max();
        most.unwrap_or(0) + if index > 0 { output } else { 0 }
    };
    let most = computed.iter().enumerate().map(of_branch).max();
    most.unwrap_or(input + output)
}

fn fully_connected(
    in_features: usize,
    out_features: usize,
    input: &Map,
) -> Result<Leaf, LayerError> {
    expect(in_features, input.values(), "features")?;
    Ok(Leaf {
        weights: in_features.saturating_add(1).saturating_mul(out_features),
        channels_out: out_features,
        macs_per_output: in_features,
        ..Pool::new(input.size(), 1).leaf(input)
    })
}

fn expect(expected: usize, found: usize, unit: &'static str) -> Result<(), LayerError> {
    if expected == found {
        return Ok(());
    }
    Err(LayerError::InputMismatch {
        expected,
        found,
        unit,
    })
}

impl Pool {
    fn leaf(&self, input: &Map) -> Leaf {
        Leaf {
            window: Window {
                padding: self.padding,
                kernel: self.kernel,
                stride: self.stride,
                dilation: PerAxis::both(1),
            },
            channels_out: input.channels,
            weights: 0,
            normalisation: 0,
            macs_per_output: 0,
        }
    }
}

impl Convolution {
    fn leaf(&self, input: &Map) -> Result<Leaf, LayerError> {
        expect(self.in_channels, input.channels, "channels")?;
        self.check_groups()?;
        let weights_per_output =
            (self.in_channels / self.groups).saturating_mul(self.kernel.area());
        let per_output = weights_per_output.saturating_add(usize::from(self.bias));
        Ok(Leaf {
            window: Window {
                padding: self.padding,
                kernel: self.kernel,
                stride: self.stride,
                dilation: self.dilation,
            },
            channels_out: self.out_channels,
            weights: per_output.saturating_mul(self.out_channels),
            normalisation: match self.batch_norm {
                true => self.out_channels.saturating_mul(2),
                false => 0,
            },
            macs_per_output: weights_per_output,
        })
    }

    fn check_groups(&self) -> Result<(), LayerError> {
        let (groups, in_channels, out_channels) =
            (self.groups, self.in_channels, self.out_channels);
        at_least_one("its number of groups", groups)?;
        if in_channels.is_multiple_of(groups) && out_channels.is_multiple_of(groups) {
            return Ok(());
        }
        Err(LayerError::UnevenGroups {
            groups,
            in_channels,
            out_channels,
        })
    }
}
