//! How many multiply-adds the machine can do at most, with the instructions that the kernels use.

use std::any::TypeId;
use std::hint::black_box;
use std::time::Instant;

use kernels::InstructionSet;
use pulp::{Scalar128b, Simd, WithSimd};

/// Sums that are computed side by side. One multiply-add takes four or five cycles, and at most two begin in each: ten
/// sums keep the units busy, and AVX2's sixteen registers hold twelve.
const SUMS: usize = 12;

/// Multiply-adds of each sum: some ten milliseconds.
const LENGTH: usize = 3_000_000;

/// One measurement of the peak of all threads of the rayon pool that this is called in, at once, in GFLOP/s: a
/// multiply-add is two operations.
pub(crate) fn gigaflops() -> f64 {
    rayon::broadcast(|_| gigaflops_of_thread())
        .into_iter()
        .sum()
}

fn gigaflops_of_thread() -> f64 {
    let start = Instant::now();
    let multiply_adds = InstructionSet::current().run(MultiplyAdds);
    2.0 * multiply_adds as f64 / start.elapsed().as_secs_f64() / 1e9
}

/// Independent sums of products in registers; yields how many multiply-adds that were.
struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        // The compiler must not know the values, and they must stay normal numbers.
        let [factor, summand] = black_box([0.75_f32, 0.25]).map(|value| simd.splat_f32s(value));
        let mut sums = [summand; SUMS];
        for _ in 0..LENGTH {
            for sum in &mut sums {
                *sum = multiply_add(simd, *sum, factor, summand);
            }
        }
        for sum in sums {
            black_box(simd.reduce_sum_f32s(sum));
        }
        SUMS * LENGTH * S::F32_LANES
    }
}

/// `a`·`b` + `c`, as the kernels have it.
#[inline(always)]
fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if TypeId::of::<S>() == TypeId::of::<Scalar128b>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}
