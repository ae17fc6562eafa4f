//! What is done, one operation after the other, to one image or to sixteen side by side.

use pulp::{Simd, WithSimd};

use super::convolution::{Convolution, Kernel};
use super::depthwise::Depthwise;
use super::head::{FullyConnected, SumPixels};
use super::maps::Maps;
use super::pool::MaxPool;
use super::rows::Arrange;
use super::{Layer, Pixels, Shape};
use crate::simd::{LANES, Lanes};
use crate::{Buffer, Geometry, InstructionSet};

/// How many values beyond its maps an operation may read and write, where it does not say.
const OVERHANG: usize = 4 * LANES;

/// Multiply-adds of a vector that take as long as moving one: it is read and written across the ends of cache lines.
const MOVING: usize = 14;

/// A network prepared for one image at a time, or for sixteen.
#[derive(Debug)]
pub(super) struct Program {
    pixels: Pixels,
    input: Maps,
    steps: Vec<Step>,
    output: Maps,
    /// Values of each of the two memories between which the operations take turns.
    memory: usize,
}

/// An operation, and the maps that it yields where it is the last of a layer.
#[derive(Debug)]
struct Step {
    operation: Operation,
    output: Option<Maps>,
}

#[derive(Debug)]
enum Operation {
    Convolution(Convolution),
    Depthwise(Depthwise),
    Arrange(Arrange),
    MaxPool(MaxPool),
    SumPixels(SumPixels),
    FullyConnected(FullyConnected),
}

impl Program {
    /// Of `images` images side by side: 1 or [`LANES`].
    pub(super) fn new(images: usize, input: Shape, pixels: Pixels, layers: &[Layer]) -> Self {
        let input = Maps::without_gaps(images, input);
        let mut planner = Planner {
            steps: Vec::new(),
            maps: input,
            unsigned: false,
            memory: input.length() + OVERHANG,
        };
        for layer in layers {
            planner.add(layer);
        }
        Self {
            pixels,
            input,
            steps: planner.steps,
            output: planner.maps,
            memory: planner.memory.next_multiple_of(LANES),
        }
    }

    /// Writes the logits `[image, output]` of at most as many images `[channels, height, width]` as the program is for.
    pub(super) fn run(&self, images: &[&[u8]], logits: &mut [f32]) {
        self.compute(images, logits, None);
    }

    /// The outputs `[channels, height, width]` of every layer, first to last, for one image.
    pub(super) fn outputs(&self, image: &[u8]) -> Vec<Vec<f32>> {
        let mut outputs = Vec::new();
        self.compute(&[image], &mut [], Some(&mut outputs));
        outputs
    }

    fn compute(&self, images: &[&[u8]], logits: &mut [f32], outputs: Option<&mut Vec<Vec<f32>>>) {
        let mut memory = Buffer::any(2 * self.memory / LANES);
        let (source, target) = memory.split_at_mut(self.memory / LANES);
        InstructionSet::current().run(Compute {
            program: self,
            images,
            memory: [source, target],
            logits,
            outputs,
        });
    }
}

/// What [`Program::new`] knows so far.
struct Planner {
    steps: Vec<Step>,
    maps: Maps,
    /// Whether no value of the maps has a sign.
    unsigned: bool,
    memory: usize,
}

impl Planner {
    fn add(&mut self, layer: &Layer) {
        match layer {
            Layer::Convolution {
                geometry,
                weights,
                bias,
                relu,
            } => self.convolution(geometry, weights, bias, *relu),
            Layer::MaxPool { kernel, stride } => {
                let pool = MaxPool::new(self.maps, *kernel, *stride, self.unsigned);
                self.push(pool.to(), pool.overhang(), Operation::MaxPool(pool));
            }
            Layer::GlobalAveragePool => {
                let pixels = self.maps.height * self.maps.width;
                let weights = vec![1.0 / pixels as f32; self.maps.channels * pixels];
                let bias = vec![0.0; self.maps.channels];
                self.sum_pixels(&weights, &bias, false);
            }
            Layer::FullyConnected { weights, bias } => self.fully_connected(weights, bias, false),
        }
        self.unsigned = match layer {
            Layer::Convolution { relu, .. } => *relu,
            Layer::MaxPool { .. } => self.unsigned,
            Layer::GlobalAveragePool | Layer::FullyConnected { .. } => false,
        };
        if let Some(step) = self.steps.last_mut() {
            step.output = Some(self.maps);
        }
    }

    fn convolution(&mut self, geometry: &Geometry, weights: &[f32], bias: &[f32], relu: bool) {
        let whole = [geometry.height, geometry.width] == [geometry.kernel; 2];
        if whole && geometry.padding == 0 && geometry.groups == 1 {
            return self.fully_connected(weights, bias, relu);
        }
        let depthwise = [geometry.in_channels, geometry.out_channels] == [geometry.groups; 2];
        if whole && geometry.padding == 0 && depthwise {
            return self.sum_pixels(weights, bias, relu);
        }
        if geometry.padding > 0 {
            let arrange = Arrange::pad(self.maps, geometry.padding);
            self.push(arrange.to(), 0, Operation::Arrange(arrange));
        }
        let kernel = Kernel::new(geometry);
        if let Some(depthwise) = Depthwise::new(kernel, self.maps, weights, bias, relu) {
            return self.push(depthwise.to(), OVERHANG, Operation::Depthwise(depthwise));
        }
        if self.gaps_cost_more(geometry) {
            self.close_gaps();
        }
        let convolution = Convolution::new(kernel, self.maps, weights, bias, relu);
        let (to, overhang) = (convolution.to(), convolution.overhang());
        self.push(to, overhang, Operation::Convolution(convolution));
        if self.maps.width > geometry.out_width() {
            self.take_columns(geometry.stride);
        }
    }

    /// Whether to compute a convolution's outputs that mean nothing takes longer than to close the gaps first.
    fn gaps_cost_more(&self, geometry: &Geometry) -> bool {
        let maps = self.maps;
        let vectors = |pitch: usize| {
            let reach = (geometry.out_height() - 1) * pitch + geometry.out_width();
            reach.div_ceil(LANES)
        };
        let saved = vectors(maps.pitch) - vectors(maps.width * maps.images);
        let moved = maps.channels * maps.height * maps.width.div_ceil(LANES);
        geometry.stride == 1 && saved * geometry.weights() > MOVING * moved
    }

    fn fully_connected(&mut self, weights: &[f32], bias: &[f32], relu: bool) {
        if self.maps.images > 1 {
            return self.whole(1, weights, bias, relu);
        }
        self.close_gaps();
        let layer = FullyConnected::new(self.maps, weights, bias, relu);
        self.push(layer.to(), OVERHANG, Operation::FullyConnected(layer));
    }

    fn sum_pixels(&mut self, weights: &[f32], bias: &[f32], relu: bool) {
        if self.maps.images > 1 {
            return self.whole(self.maps.channels, weights, bias, relu);
        }
        self.close_gaps();
        let sum = SumPixels::new(self.maps, weights, bias, relu);
        self.push(sum.to(), 0, Operation::SumPixels(sum));
    }

    /// A convolution whose kernels are as large as the maps.
    fn whole(&mut self, groups: usize, weights: &[f32], bias: &[f32], relu: bool) {
        let kernel = Kernel {
            groups,
            height: self.maps.height,
            width: self.maps.width,
            stride: 1,
        };
        let convolution = Convolution::new(kernel, self.maps, weights, bias, relu);
        let (to, overhang) = (convolution.to(), convolution.overhang());
        self.push(to, overhang, Operation::Convolution(convolution));
    }

    fn close_gaps(&mut self) {
        if self.maps.has_gaps() {
            self.take_columns(1);
        }
    }

    fn take_columns(&mut self, step: usize) {
        let arrange = Arrange::close_gaps(self.maps, step);
        self.push(arrange.to(), OVERHANG, Operation::Arrange(arrange));
    }

    /// Adds an operation that makes `to` of the maps so far, and reaches `overhang` values beyond both.
    fn push(&mut self, to: Maps, overhang: usize, operation: Operation) {
        let most = self.maps.length().max(to.length());
        self.memory = self.memory.max(most + overhang);
        self.maps = to;
        self.steps.push(Step {
            operation,
            output: None,
        });
    }
}

/// The images' way through the network.
struct Compute<'a> {
    program: &'a Program,
    images: &'a [&'a [u8]],
    memory: [&'a mut [Lanes]; 2],
    logits: &'a mut [f32],
    outputs: Option<&'a mut Vec<Vec<f32>>>,
}

impl WithSimd for Compute<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let Program {
            pixels,
            input,
            steps,
            output,
            ..
        } = self.program;
        let [source, target] = self.memory;
        let mut source: &mut [f32] = bytemuck::must_cast_slice_mut(source);
        let mut target: &mut [f32] = bytemuck::must_cast_slice_mut(target);
        if input.images > 1 {
            pixels.read_side_by_side(input, self.images, source);
        } else {
            pixels.read(input, self.images[0], source);
        }
        for step in steps {
            match &step.operation {
                Operation::Convolution(convolution) => convolution.run(simd, source, target),
                Operation::Depthwise(depthwise) => depthwise.run(simd, source, target),
                Operation::Arrange(arrange) => arrange.run(source, target),
                Operation::MaxPool(pool) => pool.run(simd, source, target),
                Operation::SumPixels(sum) => sum.run::<S>(source, target),
                Operation::FullyConnected(layer) => layer.run(simd, source, target),
            }
            (source, target) = (target, source);
            if let (Some(maps), Some(outputs)) = (step.output, &mut self.outputs) {
                outputs.push(maps.read(source, 0));
            }
        }
        let of_image = output.shape().values();
        for (image, logits) in self.logits.chunks_exact_mut(of_image).enumerate() {
            output.write(source, image, logits);
        }
    }
}
