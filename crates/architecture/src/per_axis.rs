//! A quantity that may differ between the two axes of a map.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A quantity along the height and along the width of a map, such as a kernel's size.
///
/// In JSON and in tables it is one number where both are equal, else `[height, width]` and `height×width`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerAxis<T = usize> {
    /// Along the height, from row to row.
    pub height: T,
    /// Along the width, from column to column.
    pub width: T,
}

impl<T: Copy> PerAxis<T> {
    /// The same along both axes.
    pub const fn both(value: T) -> Self {
        Self {
            height: value,
            width: value,
        }
    }

    /// `[height, width]`.
    pub fn values(self) -> [T; 2] {
        [self.height, self.width]
    }

    /// What `change` makes of each.
    pub fn map<U>(self, mut change: impl FnMut(T) -> U) -> PerAxis<U> {
        PerAxis {
            height: change(self.height),
            width: change(self.width),
        }
    }
}

impl<T: Copy + PartialEq> PerAxis<T> {
    /// Whether both are equal.
    pub fn is_square(self) -> bool {
        self.height == self.width
    }
}

impl<T: Copy + Display> PerAxis<T> {
    /// `height×width`, also where both are equal.
    pub fn sides(self) -> String {
        format!("{}×{}", self.height, self.width)
    }
}

impl PerAxis {
    /// Height times width; the largest number there is stands for anything larger.
    pub fn area(self) -> usize {
        self.height.saturating_mul(self.width)
    }
}

impl<T: Copy> From<T> for PerAxis<T> {
    fn from(value: T) -> Self {
        Self::both(value)
    }
}

impl<T> From<[T; 2]> for PerAxis<T> {
    fn from([height, width]: [T; 2]) -> Self {
        Self { height, width }
    }
}

impl<T: Copy + Display + PartialEq> Display for PerAxis<T> {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        if self.is_square() {
            self.height.fmt(formatter)
        } else {
            formatter.write_str(&self.sides())
        }
    }
}

impl<T: Copy + PartialEq + Serialize> Serialize for PerAxis<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_square() {
            self.height.serialize(serializer)
        } else {
            self.values().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for PerAxis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected a whole number or [height, width]")]
        enum Written {
            Both(usize),
            Each([usize; 2]),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Both(value) => value.into(),
            Written::Each(values) => values.into(),
        })
    }
}
