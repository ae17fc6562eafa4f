//! Requantisation against the formula in wider integers.

use pocket::requantize::{SHIFTS, activation, multiply};
use proptest::prelude::*;

/// ⌊sum × multiplier × 2^(shift − 31) + ½⌋, clamped to 32 bits.
fn expected(sum: i32, multiplier: i32, shift: i8) -> i32 {
    let product = i128::from(sum) * i128::from(multiplier);
    let divisor = 1_i128 << (31 - i32::from(shift));
    let rounded = (2 * product + divisor).div_euclid(2 * divisor);
    rounded.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

fn check(sum: i32, multiplier: i32, shift: i8) {
    let value = expected(sum, multiplier, shift);
    assert_eq!(
        multiply(sum, multiplier, shift),
        value,
        "{sum} × {multiplier} × 2^({shift} − 31)"
    );
    for zero in [0, 1, 128, 255] {
        let with_zero = (i64::from(value) + i64::from(zero)).clamp(0, 255);
        assert_eq!(
            i64::from(activation(sum, multiplier, shift, zero)),
            with_zero
        );
    }
}

#[test]
fn edges_are_rounded_and_clamped_as_the_formula_says() {
    let sums = [
        i32::MIN,
        i32::MIN + 1,
        -(1 << 30),
        -65_537,
        -3,
        -2,
        -1,
        0,
        1,
        2,
        3,
        255,
        65_535,
        1 << 30,
        i32::MAX - 1,
        i32::MAX,
    ];
    let multipliers = [0, 1, 1 << 30, (1 << 30) + 1, 1_518_500_250, i32::MAX];
    for sum in sums {
        for multiplier in multipliers {
            for shift in SHIFTS {
                check(sum, multiplier, shift);
            }
        }
    }
}

#[test]
fn halves_are_rounded_upwards() {
    // A multiplier of 2^30 with a shift of 0 halves.
    for (sum, half) in [(-5, -2), (-3, -1), (-1, 0), (1, 1), (3, 2), (5, 3)] {
        assert_eq!(multiply(sum, 1 << 30, 0), half);
    }
}

proptest! {
    #[test]
    fn drawn_numbers_are_multiplied_as_the_formula_says(
        sum: i32, multiplier in 0..=i32::MAX, shift in SHIFTS
    ) {
        check(sum, multiplier, shift);
    }
}
