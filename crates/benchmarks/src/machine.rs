//! What the machine can do at most.

use serde_json::{Value, json};

use crate::{bandwidth, median, peak, rounded};

/// The most that some threads of the machine can do, all at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// 10⁹ operations a second, a multiply-add being two, with the instructions that the kernels use.
    pub gigaflops: f64,
    /// 10⁹ bytes a second, read and written, of data as large as the maps of one layer, which stay in the caches.
    pub gigabytes: f64,
    /// The same of data as large as the maps of a training step, which the second-level cache does not hold.
    pub gigabytes_of_step: f64,
}

impl Machine {
    /// Measures the threads of the rayon pool that this is called in, in some 100 milliseconds.
    pub fn measure() -> Self {
        Self {
            gigaflops: peak::gigaflops(),
            gigabytes: bandwidth::gigabytes(bandwidth::LAYER),
            gigabytes_of_step: bandwidth::gigabytes(bandwidth::STEP),
        }
    }

    /// The medians of several measurements.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn median<'a>(measured: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let of = |value: fn(&Self) -> f64| median(measured.clone().map(value));
        Self {
            gigaflops: of(|it| it.gigaflops),
            gigabytes: of(|it| it.gigabytes),
            gigabytes_of_step: of(|it| it.gigabytes_of_step),
        }
    }

    /// As JSON: GFLOP/s and GB/s.
    pub fn to_json(&self) -> Value {
        json!({
            "peak_gflops": rounded(self.gigaflops),
            "gb_per_second": {
                "layer": rounded(self.gigabytes),
                "step": rounded(self.gigabytes_of_step),
            },
        })
    }

    /// In words, one line.
    pub fn describe(&self) -> String {
        format!(
            "Peak {:.0} GFLOP/s; bandwidth {:.0} GB/s (2 MB a thread), {:.0} GB/s (16 MB)",
            self.gigaflops, self.gigabytes, self.gigabytes_of_step
        )
    }
}
