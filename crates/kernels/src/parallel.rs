//! Sharing work between threads.

use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rayon::Yield;

use crate::simd::LANES;
use crate::spare_time::do_offered_piece;

/// How often to look whether the others are done before doing their work: some fifty microseconds.
const SPINS: usize = 2_000;

/// How long to wait before asking for work again: about a microsecond.
const PATIENCE: usize = 30;

/// Does `items` items of work in each of `count` phases, on the threads of rayon's pool and this one. A phase begins when
/// the one before is finished: all its items are done, and `finish` was called with its number. Each thread works with what
/// `begin` gave it.
///
/// Threads meet after every phase without going to sleep, which would cost as much as a small layer. Each has its own items,
/// the same in every phase, for they are in its cache. Others take them only where it has not begun yet, or is much later than
/// they are; nobody waits for a thread that does nothing.
pub(crate) fn phases<Tools>(
    count: usize,
    items: usize,
    begin: impl Fn() -> Tools + Sync,
    work: impl Fn(&mut Tools, usize, usize) + Sync,
    finish: impl Fn(usize) + Sync,
) {
    let threads = rayon::current_num_threads().min(items).max(1);
    let has_begun: Vec<AtomicBool> = (0..threads).map(|_| AtomicBool::new(false)).collect();
    let taken: Vec<AtomicBool> = (0..count * items).map(|_| AtomicBool::new(false)).collect();
    let done: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
    let finished = AtomicUsize::new(0);
    let abandoned = AtomicBool::new(false);
    let take_part = |number: usize| {
        let _guard = AbandonOnPanic(&abandoned);
        has_begun[number].store(true, Ordering::Relaxed);
        let mut tools = begin();
        let mut take = |phase: usize, others: bool| {
            for item in 0..items {
                let owner = item * threads / items;
                let mine = owner == number || others || !has_begun[owner].load(Ordering::Relaxed);
                if !mine || taken[phase * items + item].swap(true, Ordering::Relaxed) {
                    continue;
                }
                work(&mut tools, phase, item);
                if done[phase].fetch_add(1, Ordering::AcqRel) + 1 == items {
                    finish(phase);
                    finished.store(phase + 1, Ordering::Release);
                }
            }
        };
        for phase in 0..count {
            take(phase, false);
            let mut spins = 0;
            while finished.load(Ordering::Acquire) <= phase {
                if abandoned.load(Ordering::Relaxed) {
                    return;
                }
                spins += 1;
                if spins % SPINS == 0 {
                    take(phase, true);
                    thread::yield_now();
                } else {
                    hint::spin_loop();
                }
            }
        }
    };
    if items == 0 {
        return;
    }
    rayon::in_place_scope(|scope| {
        for number in 1..threads {
            let take_part = &take_part;
            scope.spawn(move |_| take_part(number));
        }
        take_part(0);
    });
}

/// Calls `work`, which computes on `images` images at once, on a thread of rayon's pool. The other threads that can help stay
/// awake meanwhile: they are there when a kernel begins, where waking them would take longer than a small layer. Between
/// kernels they do what is [offered](crate::spare_time::Begun::offered).
pub fn in_awake_pool<Output: Send>(images: usize, work: impl FnOnce() -> Output + Send) -> Output {
    rayon::scope(|scope| {
        let is_done = Arc::new(AtomicBool::new(false));
        for _ in 1..rayon::current_num_threads().min(images.div_ceil(LANES)) {
            let is_done = is_done.clone();
            scope.spawn(move |_| {
                while !is_done.load(Ordering::Relaxed) {
                    if rayon::yield_now() != Some(Yield::Executed) && !do_offered_piece() {
                        // Asking all the time would slow down those who have work.
                        for _ in 0..PATIENCE {
                            hint::spin_loop();
                        }
                    }
                }
            });
        }
        let _end = OnDrop(|| is_done.store(true, Ordering::Relaxed));
        work()
    })
}

/// Calls a function when it is dropped, in a panic too.
struct OnDrop<Function: Fn()>(Function);

impl<Function: Fn()> Drop for OnDrop<Function> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Calls `work` with each of `items`, on the threads of rayon's pool and this one.
pub(crate) fn for_each<Item: Send>(items: Vec<Item>, work: impl Fn(usize, Item) + Sync) {
    let items: Vec<_> = items.into_iter().map(Slot::new).collect();
    phases(
        1,
        items.len(),
        || (),
        |(), _, index| work(index, items[index].take()),
        |_| {},
    );
}

/// Something that one thread takes.
struct Slot<Item>(Mutex<Option<Item>>);

impl<Item> Slot<Item> {
    fn new(item: Item) -> Self {
        Self(Mutex::new(Some(item)))
    }

    fn take(&self) -> Item {
        let mut item = self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        item.take().expect("every item is taken once")
    }
}

/// Lets the others stop waiting for what a thread that panics will not do.
struct AbandonOnPanic<'a>(&'a AtomicBool);

impl Drop for AbandonOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    fn in_pool<Output: Send>(threads: usize, work: impl FnOnce() -> Output + Send) -> Output {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("it can be built").install(work)
    }

    #[test]
    fn phases_come_one_after_the_other_with_all_their_items() {
        for threads in [1, 2, 5] {
            for items in [1, 2, 7] {
                let log = Mutex::new(Vec::new());
                let write = |entry| log.lock().expect("nobody panics").push(entry);
                in_pool(threads, || {
                    phases(
                        30,
                        items,
                        || (),
                        |(), phase, item| write((phase, Some(item))),
                        |phase| write((phase, None)),
                    );
                });
                let mut log = log.into_inner().expect("nobody panics");
                for (phase, entries) in log.chunks_mut(items + 1).enumerate() {
                    assert_eq!(entries[items], (phase, None), "it is finished last");
                    entries.sort_unstable();
                    let expected = (0..items).map(|item| (phase, Some(item)));
                    assert!(entries[1..].iter().copied().eq(expected));
                }
                assert_eq!(log.len(), 30 * (items + 1));
            }
        }
    }

    #[test]
    fn every_item_is_worked_on_once() {
        for threads in [1, 2, 5] {
            for count in [0, 1, 2, 100] {
                let found = Mutex::new(Vec::new());
                let items: Vec<usize> = (0..count).map(|index| index * index).collect();
                in_pool(threads, || {
                    for_each(items.clone(), |index, item| {
                        found.lock().expect("nobody panics").push((index, item));
                    });
                });
                let mut found = found.into_inner().expect("nobody panics");
                found.sort_unstable();
                assert!(found.into_iter().eq(items.into_iter().enumerate()));
            }
        }
    }

    #[test]
    fn a_panic_on_any_thread_comes_out() {
        for bad in 0..8 {
            let fails = catch_unwind(|| {
                in_pool(3, || {
                    phases(4, 8, || (), |(), _, item| assert_ne!(item, bad), |_| {})
                });
            });
            assert!(fails.is_err());
        }
    }
}
