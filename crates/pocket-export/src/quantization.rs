//! From floats to integers: TensorFlow Lite's 8-bit scheme.
//!
//! A weight is `scale × value` with values of −127 to 127 and a scale for each output channel: its largest weight divided by 127. An
//! activation is `scale × (value − zero)` with values of 0 to 255 and one scale for all channels, from its [`Range`]. A sum of products
//! is then an integer times both scales; what `zero` adds to it goes into the bias.

use kernels::Geometry;
use kernels::inference::Layer;
use mnist::{MEAN, STANDARD_DEVIATION};
use pocket::{Flaw, Map, SCORE_ONE};
use thiserror::Error;

use crate::Range;
use crate::calibration::IMAGE;
use crate::integer_network::{Kind, OwnedLayer, OwnedScaling};

/// Why a network cannot be expressed in integers. Layers are counted from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Inexpressible {
    /// Max-pooling whose windows overlap or leave gaps.
    #[error(
        "layer {0}: max-pooling whose windows overlap or leave gaps has no form in integers here"
    )]
    Windows(usize),
    /// A last layer that does not see its whole map at once, or with a ReLU.
    #[error(
        "layer {0}: the last layer must sum over its whole map without ReLU: a fully connected layer, a mean, or a convolution as \
         large as its map"
    )]
    LastLayer(usize),
    /// A weight, a bias or an activation that is no finite number.
    #[error("layer {0}: a weight or an activation is NaN or infinite")]
    NotFinite(usize),
    /// Not a score for each of the ten digits.
    #[error("it gives {0} scores instead of one for each digit")]
    OtherClasses(usize),
    /// A size above 65,535.
    #[error("layer {0}: it is too large")]
    TooLarge(usize),
    /// What [`pocket`] says.
    #[error(transparent)]
    Flaw(#[from] Flaw),
}

/// What an activation's integer stands for: `scale × (value − zero)`.
#[derive(Clone, Copy, Debug)]
struct Scale {
    scale: f64,
    /// An integer but for pixels.
    zero: f64,
}

impl Scale {
    /// Pixels as networks take them: `(pixel / 255 − mean) / standard deviation`.
    fn of_pixels() -> Self {
        Self {
            scale: 1.0 / (255.0 * f64::from(STANDARD_DEVIATION)),
            zero: 255.0 * f64::from(MEAN),
        }
    }

    fn of(range: Range) -> Self {
        let (smallest, largest) = (f64::from(range.smallest), f64::from(range.largest));
        let width = largest - smallest;
        // A map that is 0 everywhere.
        let scale = if width > 0.0 { width / 255.0 } else { 1.0 };
        Self {
            scale,
            zero: (-smallest / scale).round(),
        }
    }
}

/// The layers in integers; where their rows lie is not decided yet.
pub(crate) fn quantize(
    layers: &[Layer],
    ranges: &[Range],
) -> Result<Vec<OwnedLayer>, Inexpressible> {
    let mut shape = IMAGE;
    let mut input = Scale::of_pixels();
    let mut quantized = Vec::new();
    for ((number, layer), range) in (1..).zip(layers).zip(ranges) {
        if !range.smallest.is_finite() || !range.largest.is_finite() {
            return Err(Inexpressible::NotFinite(number));
        }
        let is_last = number == layers.len();
        let size = |size| u16::try_from(size).map_err(|_| Inexpressible::TooLarge(number));
        let map = Map {
            height: size(shape.height)?,
            width: size(shape.width)?,
            channels: size(shape.channels)?,
        };
        let output = match layer {
            Layer::MaxPool { .. } => input,
            _ if is_last => Scale {
                scale: 1.0 / f64::from(SCORE_ONE),
                zero: 0.0,
            },
            _ => Scale::of(*range),
        };
        let stage = Stage {
            number,
            is_last,
            map,
            input,
            output,
        };
        let next = layer.output(shape);
        size(next.channels)?;
        quantized.push(stage.quantize(layer)?);
        (shape, input) = (next, output);
    }
    Ok(quantized)
}

/// A layer's place in the network.
struct Stage {
    /// Counted from 1.
    number: usize,
    is_last: bool,
    map: Map,
    input: Scale,
    output: Scale,
}

impl Stage {
    fn quantize(&self, layer: &Layer) -> Result<OwnedLayer, Inexpressible> {
        let kind = match layer {
            Layer::Convolution {
                geometry,
                weights,
                bias,
                relu,
            } => self.convolution(geometry, weights, bias, *relu)?,
            Layer::MaxPool { kernel, stride } if kernel != stride => {
                return Err(Inexpressible::Windows(self.number));
            }
            Layer::MaxPool { kernel, .. } => Kind::MaxPool {
                size: self.size(*kernel)?,
            },
            Layer::GlobalAveragePool => Kind::Mean {
                scaling: self.mean()?,
            },
            Layer::FullyConnected { weights, bias } => {
                let map = usize::from(self.map.height) * usize::from(self.map.width);
                let rows = pixels_first(weights, self.map.channels.into(), map);
                let (weights, scaling) = self.sums(&rows, bias)?;
                Kind::FullyConnected {
                    groups: 1,
                    weights,
                    scaling,
                }
            }
        };
        let sums = matches!(kind, Kind::FullyConnected { .. } | Kind::Mean { .. });
        let relu = matches!(layer, Layer::Convolution { relu: true, .. });
        if self.is_last && (!sums || relu) {
            return Err(Inexpressible::LastLayer(self.number));
        }
        Ok(OwnedLayer {
            kind,
            input: self.map,
            window: 0,
        })
    }

    /// ReLU needs nothing: after it no value is below 0, so its range makes 0 the smallest activation.
    fn convolution(
        &self,
        geometry: &Geometry,
        weights: &[f32],
        bias: &[f32],
        relu: bool,
    ) -> Result<Kind, Inexpressible> {
        debug_assert!(!relu || self.is_last || self.output.zero == 0.0);
        let inputs = geometry.in_channels / geometry.groups;
        let rows = pixels_first(weights, inputs, geometry.kernel * geometry.kernel);
        let (weights, scaling) = self.sums(&rows, bias)?;
        let groups = self.size(geometry.groups)?;
        let covers = [geometry.height, geometry.width] == [geometry.kernel; 2];
        if covers && geometry.padding == 0 {
            return Ok(Kind::FullyConnected {
                groups,
                weights,
                scaling,
            });
        }
        Ok(Kind::Convolution {
            kernel: self.size(geometry.kernel)?,
            stride: self.size(geometry.stride)?,
            padding: self.size(geometry.padding)?,
            padding_value: self.input.zero.round() as u8,
            groups,
            weights,
            scaling,
        })
    }

    /// The weights and the scaling of outputs, each the sum over its part of `weights`.
    fn sums(
        &self,
        weights: &[f32],
        bias: &[f32],
    ) -> Result<(Vec<i8>, OwnedScaling), Inexpressible> {
        if !weights.iter().chain(bias).all(|value| value.is_finite()) {
            return Err(Inexpressible::NotFinite(self.number));
        }
        let mut values = Vec::with_capacity(weights.len());
        let mut scaling = OwnedScaling::new(self.output.zero as u8);
        let of_output = weights.len() / bias.len();
        for (weights, bias) in weights.chunks_exact(of_output).zip(bias) {
            let bias = f64::from(*bias);
            let largest = weights.iter().fold(0.0_f32, |most, it| most.max(it.abs()));
            // The bias must fit too, however small the weights are.
            let scale = (f64::from(largest) / 127.0)
                .max(bias.abs() / self.input.scale / f64::from(1 << 30));
            let scale = if scale > 0.0 { scale } else { 1.0 };
            let row = weights.iter();
            let row: Vec<i8> = row
                .map(|weight| (f64::from(*weight) / scale).round() as i8)
                .collect();
            let sum: i32 = row.iter().map(|weight| i32::from(*weight)).sum();
            let of_sum = self.input.scale * scale;
            scaling.push(
                bias / of_sum - self.input.zero * f64::from(sum),
                of_sum / self.output.scale,
            );
            values.extend(row);
        }
        Ok((values, scaling))
    }

    fn mean(&self) -> Result<OwnedScaling, Inexpressible> {
        let pixels = f64::from(self.map.height) * f64::from(self.map.width);
        let mut scaling = OwnedScaling::new(self.output.zero as u8);
        for _ in 0..self.map.channels {
            scaling.push(
                -self.input.zero * pixels,
                self.input.scale / pixels / self.output.scale,
            );
        }
        Ok(scaling)
    }

    fn size(&self, size: usize) -> Result<u16, Inexpressible> {
        u16::try_from(size).map_err(|_| Inexpressible::TooLarge(self.number))
    }
}

/// Weights `[output, channel, pixel]` as `[output, pixel, channel]`.
fn pixels_first(weights: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let kernels = weights.chunks_exact(channels * pixels);
    let moved = kernels.flat_map(|kernel| {
        (0..channels * pixels)
            .map(move |index| kernel[index % channels * pixels + index / channels])
    });
    moved.collect()
}

/// A positive number as multiplier and shift: `multiplier × 2^(shift − 31)`, as TensorFlow Lite's `QuantizeMultiplier` finds them
/// (`tensorflow/lite/kernels/internal/quantization_util.cc`).
pub(crate) fn fixed_point(factor: f64) -> (i32, i8) {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = factor.to_bits();
    // factor = fraction × 2^exponent, with a fraction of ½ to 1.
    let exponent = (bits >> 52) as i32 - 1022;
    let fraction = f64::from_bits(bits & FRACTION | 1022 << 52);
    let rounded = (fraction * f64::from(1_u32 << 31)).round() as i64;
    let (multiplier, shift) = if rounded == 1 << 31 {
        (1 << 30, exponent + 1)
    } else {
        (rounded as i32, exponent)
    };
    match shift {
        ..-31 => (0, 0),
        -31..=30 => (multiplier, shift as i8),
        _ => (i32::MAX, 30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_in_fixed_point_is_off_by_half_of_its_last_bit_at_most() {
        for factor in [
            1e-9,
            0.000_31,
            0.25,
            0.499_999_999_99,
            0.5,
            0.7,
            1.0,
            3.9,
            1e6,
        ] {
            let (multiplier, shift) = fixed_point(factor);
            assert!(multiplier >= 1 << 30);
            let last_bit = 2_f64.powi(i32::from(shift) - 31);
            let value = f64::from(multiplier) * last_bit;
            assert!(
                (value - factor).abs() <= last_bit / 2.0,
                "{factor}: {value}"
            );
        }
    }

    #[test]
    fn factors_out_of_range_are_the_nearest_in_range() {
        assert_eq!(fixed_point(0.0), (0, 0));
        assert_eq!(fixed_point(1e-12), (0, 0));
        assert_eq!(fixed_point(1e-320), (0, 0));
        assert_eq!(fixed_point(1e12), (i32::MAX, 30));
    }

    #[test]
    fn a_kernels_pixels_come_before_its_channels() {
        // Two outputs of three channels of two pixels.
        let weights: Vec<f32> = (0..12).map(|it| it as f32).collect();
        let expected = [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11].map(|it| it as f32);
        assert_eq!(pixels_first(&weights, 3, 2), expected);
    }
}
