//! What layers do with vectors.

use std::any::TypeId;

use pulp::{Scalar128b, Simd};

/// Zero in place of negative values. Like Burn's, it lets NaN through.
#[inline(always)]
pub(super) fn relu<S: Simd>(simd: S, value: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    let negative = simd.less_than_or_equal_f32s(value, zero);
    simd.select_f32s(negative, zero, value)
}

/// The larger of two values; NaN is larger than any number. Numbers that all are positive or zero without a sign are
/// compared by their bits, which takes one instruction instead of four.
#[inline(always)]
pub(super) fn larger<S: Simd, const UNSIGNED: bool>(simd: S, a: S::f32s, b: S::f32s) -> S::f32s {
    if UNSIGNED {
        let (a, b) = (simd.transmute_u32s_f32s(a), simd.transmute_u32s_f32s(b));
        return simd.transmute_f32s_u32s(simd.max_u32s(a, b));
    }
    let larger = simd.greater_than_f32s(b, a);
    let number = simd.equal_f32s(b, b);
    simd.select_f32s(simd.or_m32s(larger, simd.not_m32s(number)), b, a)
}

/// The vector that begins at `at`.
#[inline(always)]
pub(super) fn load<S: Simd>(values: &[f32], at: usize) -> S::f32s {
    S::as_simd_f32s(&values[at..][..S::F32_LANES]).0[0]
}

/// Replaces the vector that begins at `at`.
#[inline(always)]
pub(super) fn store<S: Simd>(values: &mut [f32], at: usize, vector: S::f32s) {
    S::as_mut_simd_f32s(&mut values[at..][..S::F32_LANES]).0[0] = vector;
}

/// `a`·`b` + `c` of one value each, with as many roundings as [`multiply_add`](crate::simd::multiply_add).
#[inline(always)]
pub(super) fn multiply_add_values<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if TypeId::of::<S>() == TypeId::of::<Scalar128b>() {
        a * b + c
    } else {
        a.mul_add(b, c)
    }
}
