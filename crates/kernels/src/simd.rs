//! Sixteen images side by side, and the instruction sets that compute on them.
//!
//! Vector instructions come from [`pulp`]: each kernel is written once, generic over its `Simd` trait, and compiled for
//! every instruction set. Kernels and what they call must be `#[inline(always)]`: only what is inlined into the
//! function that `pulp` compiles for an instruction set may use its instructions.

use std::any::TypeId;
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU8, Ordering};

use bytemuck::{Pod, Zeroable};
use pulp::{Scalar128b, Simd, WithSimd};

/// Images in a block, whatever the width of the machine's registers.
pub const LANES: usize = 16;

/// One value of each of the sixteen images of a block: a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; LANES]);

/// What the kernels compute with.
///
/// AVX2 and AVX-512 give the same results, to the bit. Portable code on x86-64 rounds a multiply-add twice, not once: its
/// results differ in the last digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum InstructionSet {
    /// Whatever every machine of this architecture has.
    Portable = 1,
    /// AVX2 and FMA of x86-64: eight lanes, sixteen registers.
    Avx2,
    /// AVX-512 of x86-64: sixteen lanes, thirty-two registers.
    Avx512,
}

/// The one in use, 0 before the first use.
static CURRENT: AtomicU8 = AtomicU8::new(0);

impl InstructionSet {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// The one that kernels use: the best that this machine has, unless [forced](Self::force).
    pub fn current() -> Self {
        match CURRENT.load(Ordering::Relaxed) {
            1 => Self::Portable,
            2 => Self::Avx2,
            3 => Self::Avx512,
            _ => {
                let best = Self::ALL.into_iter().find(|set| set.is_available());
                let best = best.unwrap_or(Self::Portable);
                CURRENT.store(best as u8, Ordering::Relaxed);
                best
            }
        }
    }

    /// Makes all kernels of this process use this one from now on: for tests and benchmarks.
    ///
    /// # Panics
    ///
    /// If this machine does not have it.
    pub fn force(self) {
        assert!(self.is_available(), "this machine has no {self}");
        CURRENT.store(self as u8, Ordering::Relaxed);
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::try_new().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// Runs `operation` with it; [`pulp`] says how to write one.
    pub fn run<Operation: WithSimd>(self, operation: Operation) -> Operation::Output {
        #[cfg(target_arch = "x86_64")]
        match self {
            Self::Avx512 => {
                if let Some(simd) = pulp::x86::V4::try_new() {
                    return Simd::vectorize(simd, operation);
                }
            }
            Self::Avx2 => {
                if let Some(simd) = pulp::x86::V3::try_new() {
                    return Simd::vectorize(simd, operation);
                }
            }
            Self::Portable => {}
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(simd) = pulp::aarch64::Neon::try_new() {
            return Simd::vectorize(simd, operation);
        }
        Simd::vectorize(Scalar128b, operation)
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        })
    }
}

impl FromStr for InstructionSet {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|set| set.to_string() == name);
        named.ok_or_else(|| format!("{name}: expected avx512, avx2 or portable"))
    }
}

/// Vectors of the instruction set to each [`Lanes`].
#[inline(always)]
pub(crate) const fn vectors_per_pixel<S: Simd>() -> usize {
    LANES / S::F32_LANES
}

/// The same values as vectors of the instruction set.
#[inline(always)]
pub(crate) fn vectors<S: Simd>(lanes: &[Lanes]) -> &[S::f32s] {
    bytemuck::must_cast_slice(lanes)
}

/// The same values as vectors of the instruction set.
#[inline(always)]
pub(crate) fn vectors_mut<S: Simd>(lanes: &mut [Lanes]) -> &mut [S::f32s] {
    bytemuck::must_cast_slice_mut(lanes)
}

/// `a`·`b` + `c`, in one rounding or two as the instruction set has it.
#[inline(always)]
pub(crate) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    // Without the instruction, a fused multiply-add is a slow function of the C library.
    if TypeId::of::<S>() == TypeId::of::<Scalar128b>() {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    } else {
        simd.mul_add_e_f32s(a, b, c)
    }
}
