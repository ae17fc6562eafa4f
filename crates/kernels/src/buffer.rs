//! Memory that is used again.
//!
//! A training step needs the same maps as the one before, and maps of megabytes are what allocators give back to the
//! operating system. Fresh from there, memory is paid for page by page when it is first written.

use std::collections::BTreeMap;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard};

use crate::simd::Lanes;

/// Idle memory to keep at most, in bytes.
const KEPT_BYTES: usize = 512 << 20;

static IDLE: Mutex<Option<Idle>> = Mutex::new(None);

/// Memory that waits for its next use.
#[derive(Default)]
struct Idle {
    by_length: BTreeMap<usize, Vec<Vec<Lanes>>>,
    bytes: usize,
}

impl Idle {
    fn take(&mut self, length: usize) -> Option<Vec<Lanes>> {
        let values = self.by_length.get_mut(&length)?.pop()?;
        self.bytes -= size_of_val(values.as_slice());
        Some(values)
    }

    /// Keeps `values`, and no more than `most` bytes in all.
    fn keep(&mut self, values: Vec<Lanes>, most: usize) {
        let bytes = size_of_val(values.as_slice());
        if bytes > most {
            return;
        }
        if self.bytes + bytes > most {
            // Sizes that are not in use any more, for the most part.
            *self = Self::default();
        }
        self.bytes += bytes;
        self.by_length.entry(values.len()).or_default().push(values);
    }
}

fn idle() -> MutexGuard<'static, Option<Idle>> {
    IDLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A slice of [`Lanes`] on the heap, whose memory is kept for the next one of its length.
#[derive(Debug)]
pub struct Buffer(Vec<Lanes>);

impl Buffer {
    /// A buffer of `length` with anything in it.
    pub fn any(length: usize) -> Self {
        // A statement of its own: the lock is not held while memory is asked of the system.
        let kept = idle().get_or_insert_default().take(length);
        Self(kept.unwrap_or_else(|| vec![Lanes::default(); length]))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = mem::take(&mut self.0);
        idle().get_or_insert_default().keep(values, KEPT_BYTES);
    }
}

impl Deref for Buffer {
    type Target = [Lanes];

    fn deref(&self) -> &[Lanes] {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [Lanes] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: [usize; 4] = [3, 4, 5, 11];
    const MOST: usize = 10 * size_of::<Lanes>();

    fn kept(idle: &Idle) -> Vec<usize> {
        let buffers = idle.by_length.values().flatten();
        let mut lengths: Vec<usize> = buffers.map(Vec::len).collect();
        lengths.sort_unstable();
        assert_eq!(
            idle.bytes,
            lengths.iter().sum::<usize>() * size_of::<Lanes>()
        );
        lengths
    }

    #[test]
    fn no_more_than_the_most_is_kept() {
        let mut idle = Idle::default();
        let [three, four, five, eleven] = LENGTHS.map(|length| vec![Lanes::default(); length]);
        idle.keep(three, MOST);
        idle.keep(four, MOST);
        assert_eq!(kept(&idle), [3, 4]);
        idle.keep(eleven, MOST);
        assert_eq!(kept(&idle), [3, 4], "one above the most leaves the others");
        idle.keep(five, MOST);
        assert_eq!(kept(&idle), [5], "with one more than fits the rest goes");
    }

    #[test]
    fn what_is_kept_is_used_again() {
        let mut idle = Idle::default();
        idle.keep(vec![Lanes::default(); 3], MOST);
        assert_eq!(idle.take(4), None);
        assert_eq!(idle.take(3).map(|values| values.len()), Some(3));
        assert_eq!(idle.take(3), None);
        assert!(kept(&idle).is_empty());
    }
}
