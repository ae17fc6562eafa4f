//! Memory that is used again.
//!
//! A training step needs the same maps as the one before, and maps of megabytes are what allocators give back to the
//! operating system. Fresh from there, memory is paid for page by page when it is first written.

use std::collections::HashMap;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use crate::simd::Lanes;

/// Idle memory to keep at most, in bytes.
const KEPT_BYTES: usize = 512 << 20;

static IDLE: Mutex<Option<Idle>> = Mutex::new(None);

#[derive(Default)]
struct Idle {
    by_length: HashMap<usize, Vec<Vec<Lanes>>>,
    bytes: usize,
}

/// A slice of [`Lanes`] on the heap, whose memory is kept for the next one of its length.
#[derive(Debug)]
pub(crate) struct Buffer(Vec<Lanes>);

impl Buffer {
    /// A buffer of `length` with anything in it.
    pub(crate) fn any(length: usize) -> Self {
        let mut idle = IDLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let idle = idle.get_or_insert_default();
        match idle.by_length.get_mut(&length).and_then(Vec::pop) {
            Some(values) => {
                idle.bytes -= size_of_val(values.as_slice());
                Self(values)
            }
            None => Self(vec![Lanes::default(); length]),
        }
    }

    /// A buffer of `length` zeros.
    pub(crate) fn zeros(length: usize) -> Self {
        let mut buffer = Self::any(length);
        buffer.fill(Lanes::default());
        buffer
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let values = mem::take(&mut self.0);
        let bytes = size_of_val(values.as_slice());
        let mut idle = IDLE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let idle = idle.get_or_insert_default();
        if idle.bytes + bytes > KEPT_BYTES {
            // Sizes that are not in use any more, for the most part.
            *idle = Idle::default();
        }
        idle.bytes += bytes;
        idle.by_length.entry(values.len()).or_default().push(values);
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
