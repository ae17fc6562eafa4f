//! What flows between layers, and what a window makes of it.

use crate::error::LayerError;
use crate::{MAX_REACH, MAX_SIDE, PerAxis, Window};

/// The maps of one image, and what their values see of it.
#[derive(Clone, Copy)]
pub(crate) struct Map {
    pub(crate) channels: usize,
    pub(crate) axes: PerAxis<Axis>,
}

/// A map along one axis, in pixels of the image where nothing else is said.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    /// Values of the map.
    pub(crate) size: usize,
    pub(crate) jump: usize,
    pub(crate) receptive_field: usize,
    /// Edge of the first value's receptive field; negative where it begins outside the image.
    first: i64,
}

/// A window along one axis.
struct Side {
    kernel: usize,
    stride: usize,
    padding: usize,
    dilation: usize,
}

impl Map {
    pub(crate) fn of_image(channels: usize, size: usize) -> Self {
        let axis = Axis {
            size,
            jump: 1,
            receptive_field: 1,
            first: 0,
        };
        Self {
            channels,
            axes: axis.into(),
        }
    }

    pub(crate) fn size(&self) -> PerAxis {
        self.axes.map(|axis| axis.size)
    }

    /// Channels × height × width.
    pub(crate) fn values(&self) -> usize {
        self.channels.saturating_mul(self.size().area())
    }

    /// The map that a window makes, with so many channels.
    pub(crate) fn through(&self, window: &Window, channels: usize) -> Result<Self, LayerError> {
        let [above, left] = window.sides();
        let (rows, columns) = (
            self.axes.height.through(&above),
            self.axes.width.through(&left),
        );
        match (rows?, columns?) {
            (Some(height), Some(width)) => Ok(Self {
                channels,
                axes: PerAxis { height, width },
            }),
            _ => Err(LayerError::KernelTooLarge {
                kernel: [above.span(), left.span()].into(),
                size: self.size(),
                padding: window.padding,
            }),
        }
    }

    /// The sum of this and another branch of a sum: its values see what those of either see.
    ///
    /// None where the maps cannot be added: their shapes differ, or neighbouring values are not as far apart on the image.
    pub(crate) fn plus(&self, other: &Self) -> Option<Self> {
        let rows = self.axes.height.plus(&other.axes.height)?;
        let columns = self.axes.width.plus(&other.axes.width)?;
        (self.channels == other.channels).then_some(Self {
            channels: self.channels,
            axes: [rows, columns].into(),
        })
    }

    /// In words, for an error.
    pub(crate) fn described(&self) -> String {
        let jump = self.axes.map(|axis| axis.jump);
        let size = self.size().sides();
        format!("{} channels of {size} with jump {jump}", self.channels)
    }
}

impl Axis {
    /// Middle of the first value's receptive field.
    pub(crate) fn start(&self) -> f64 {
        self.first as f64 + self.receptive_field as f64 / 2.0
    }

    /// None where the window does not fit.
    fn through(&self, side: &Side) -> Result<Option<Self>, LayerError> {
        side.check()?;
        let span = side.span();
        let Some(room) = (self.size + 2 * side.padding).checked_sub(span) else {
            return Ok(None);
        };
        let output = Self {
            size: room / side.stride + 1,
            jump: self.jump.saturating_mul(side.stride),
            receptive_field: (span - 1)
                .saturating_mul(self.jump)
                .saturating_add(self.receptive_field),
            first: self.first,
        };
        at_most("its jump", output.jump, MAX_REACH)?;
        at_most("its receptive field", output.receptive_field, MAX_REACH)?;
        // Padding is less than the span, so these pixels are fewer than the field's.
        let outside = (side.padding * self.jump) as i64;
        Ok(Some(Self {
            first: self.first - outside,
            ..output
        }))
    }

    /// See [`Map::plus`].
    fn plus(&self, other: &Self) -> Option<Self> {
        let end = |axis: &Self| axis.first + axis.receptive_field as i64;
        let first = self.first.min(other.first);
        let last = end(self).max(end(other));
        ((self.size, self.jump) == (other.size, other.jump)).then_some(Self {
            first,
            receptive_field: (last - first) as usize,
            ..*self
        })
    }
}

impl Side {
    fn check(&self) -> Result<(), LayerError> {
        for (quantity, found) in [
            ("its kernel", self.kernel),
            ("its stride", self.stride),
            ("its dilation", self.dilation),
        ] {
            at_least_one(quantity, found)?;
            at_most(quantity, found, MAX_SIDE)?;
        }
        // More would be windows of nothing but zeros.
        at_most("its padding", self.padding, self.span() - 1)
    }

    /// Values from the kernel's first to its last weight, with the gaps between them; see [`check`](Self::check) for the
    /// limits that it must be within.
    fn span(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }
}

impl Window {
    fn sides(&self) -> [Side; 2] {
        let side = |of: fn(PerAxis) -> usize| Side {
            kernel: of(self.kernel),
            stride: of(self.stride),
            padding: of(self.padding),
            dilation: of(self.dilation),
        };
        [side(|it| it.height), side(|it| it.width)]
    }
}

pub(crate) fn at_least_one(quantity: &'static str, found: usize) -> Result<(), LayerError> {
    match found {
        0 => Err(LayerError::Zero { quantity }),
        _ => Ok(()),
    }
}

pub(crate) fn at_most(
    quantity: &'static str,
    found: usize,
    limit: usize,
) -> Result<(), LayerError> {
    if found <= limit {
        return Ok(());
    }
    Err(LayerError::TooLarge {
        quantity,
        found,
        limit,
    })
}
