//! How many bytes the machine can read and write at most, with the instructions that the kernels use.

use std::hint::black_box;
use std::time::Instant;

use kernels::{InstructionSet, LANES, Lanes};
use pulp::{Simd, WithSimd};

/// Bytes of the maps of one layer, such as the largest one's of the last step: less than most second-level caches hold.
pub(crate) const LAYER: usize = 2 << 20;

/// Bytes of all maps of a training step: more than those caches hold.
pub(crate) const STEP: usize = 16 << 20;

/// Bytes that are moved in a measurement: some ten milliseconds.
const MOVED: usize = 256 << 20;

/// One measurement of how many 10⁹ bytes a second all threads of the rayon pool that this is called in move at once, each in
/// `bytes` bytes of its own.
///
/// It is the triad a = b + s·c of STREAM (J. D. McCalpin, "Memory Bandwidth and Machine Balance in Current High Performance
/// Computers", 1995), and as there two reads and a write are counted, not that a cache reads what it is about to write.
pub(crate) fn gigabytes(bytes: usize) -> f64 {
    rayon::broadcast(|_| of_thread(bytes)).into_iter().sum()
}

fn of_thread(bytes: usize) -> f64 {
    let length = bytes / 3 / size_of::<Lanes>();
    let [mut a, b, c] = [0.0, 1.0, 2.0].map(|value| vec![Lanes([value; LANES]); length]);
    let mut pass = || {
        let (a, b, c) = (&mut a, &b, &c);
        InstructionSet::current().run(Triad { a, b, c });
    };
    // The caches are cold.
    pass();
    let passes = MOVED.div_ceil(bytes);
    let start = Instant::now();
    for _ in 0..passes {
        pass();
    }
    let seconds = start.elapsed().as_secs_f64();
    black_box(&a);
    (passes * 3 * length * size_of::<Lanes>()) as f64 / seconds / 1e9
}

struct Triad<'a> {
    a: &'a mut [Lanes],
    b: &'a [Lanes],
    c: &'a [Lanes],
}

impl WithSimd for Triad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // The compiler must not know it.
        let factor = simd.splat_f32s(black_box(3.0));
        let to: &mut [S::f32s] = bytemuck::must_cast_slice_mut(self.a);
        let b: &[S::f32s] = bytemuck::must_cast_slice(self.b);
        let c: &[S::f32s] = bytemuck::must_cast_slice(self.c);
        for ((to, b), c) in to.iter_mut().zip(b).zip(c) {
            *to = simd.add_f32s(*b, simd.mul_f32s(factor, *c));
        }
    }
}
