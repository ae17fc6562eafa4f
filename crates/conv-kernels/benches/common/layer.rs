//! The convolution layers that are measured, and how many multiply-adds they take.

use std::fmt;

/// A convolution with a square kernel on square maps, and the max-pooling behind it.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Height and width of the kernel.
    pub kernel: usize,
    /// Zeros added on each side of the map.
    pub padding: usize,
    /// Height and width of the input.
    pub size: usize,
    /// Whether 2×2 max-pooling follows.
    pub max_pool: bool,
}

/// The convolutions of the reference network. Global average pooling and a linear layer to ten classes follow.
pub const REFERENCE: [Layer; 7] = [
    Layer::new(1, 8, 28),
    Layer::new(8, 16, 26).pooled(),
    Layer {
        kernel: 1,
        ..Layer::new(16, 8, 12)
    },
    Layer::new(8, 10, 12),
    Layer::new(10, 16, 10),
    Layer::new(16, 16, 8),
    Layer {
        padding: 1,
        ..Layer::new(16, 16, 6)
    },
];

impl Layer {
    /// A 3×3 convolution of maps of `size`, without padding or pooling.
    pub const fn new(in_channels: usize, out_channels: usize, size: usize) -> Self {
        Self {
            in_channels,
            out_channels,
            kernel: 3,
            padding: 0,
            size,
            max_pool: false,
        }
    }

    /// The same with max-pooling behind it.
    pub const fn pooled(self) -> Self {
        Self {
            max_pool: true,
            ..self
        }
    }

    /// Multiply-adds of the forward pass of one image. Only what the image has is counted: zeros of the padding need no
    /// multiplication.
    pub fn multiply_adds(&self) -> usize {
        let inside = self.padding..self.padding + self.size;
        let outputs = 0..self.size + 2 * self.padding + 1 - self.kernel;
        let along_an_axis: usize = outputs
            .map(|first| {
                let taps = first..first + self.kernel;
                taps.filter(|tap| inside.contains(tap)).count()
            })
            .sum();
        self.in_channels * self.out_channels * along_an_axis.pow(2)
    }

    /// Multiply-adds of the forward and the backward pass of one image: the gradients of weights and input take as many
    /// as the output. A network's first layer needs no gradient of its input.
    pub fn training_multiply_adds(&self, is_first: bool) -> usize {
        self.multiply_adds() * if is_first { 2 } else { 3 }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            in_channels,
            out_channels,
            kernel,
            padding,
            size,
            max_pool,
        } = self;
        write!(
            formatter,
            "{in_channels} → {out_channels}, {kernel}×{kernel} at {size}×{size}"
        )?;
        if *padding > 0 {
            write!(formatter, ", padding {padding}")?;
        }
        if *max_pool {
            write!(formatter, ", pooled")?;
        }
        Ok(())
    }
}
