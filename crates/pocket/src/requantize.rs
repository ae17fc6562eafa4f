//! From a 32-bit sum to an activation: a multiplication by a positive real number in fixed point, rounded once.
//!
//! The real number is `multiplier × 2^(shift − 31)`, with a multiplier of 2^30 to 2^31 − 1. This is TensorFlow Lite's
//! `MultiplyByQuantizedMultiplier` with `TFLITE_SINGLE_ROUNDING` (`tensorflow/lite/kernels/internal/common.h`; the scheme is that of
//! B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018). The older
//! variant rounds twice, first to 32 bits and then in the shift; rounding once is nearer to the real product and takes less code.

/// The smallest and the largest shift.
pub const SHIFTS: core::ops::RangeInclusive<i8> = -31..=30;

/// `sum × multiplier × 2^(shift − 31)`, rounded to the nearest integer, halves upwards, and clamped to 32 bits.
///
/// `multiplier` is not negative, and `shift` is one of [`SHIFTS`].
pub const fn multiply(sum: i32, multiplier: i32, shift: i8) -> i32 {
    let bits = (31 - shift as i32) as u32;
    // At most 2^62 + 2^61: there is no overflow.
    let product = sum as i64 * multiplier as i64 + (1 << (bits - 1));
    let rounded = product >> bits;
    if rounded > i32::MAX as i64 {
        i32::MAX
    } else if rounded < i32::MIN as i64 {
        i32::MIN
    } else {
        rounded as i32
    }
}

/// The activation of a sum: [`multiply`], plus `zero`, clamped to 8 bits.
pub const fn activation(sum: i32, multiplier: i32, shift: i8, zero: u8) -> u8 {
    let value = multiply(sum, multiplier, shift).saturating_add(zero as i32);
    if value < 0 {
        0
    } else if value > u8::MAX as i32 {
        u8::MAX
    } else {
        value as u8
    }
}
