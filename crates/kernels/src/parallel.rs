//! Sharing work between threads.

use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

/// How often to look whether the others are done before going to sleep: some ten microseconds.
const SPINS: usize = 2_000;

/// Calls `work` with each of `items` on the threads of rayon's pool and this one, and returns what it returned, in the
/// items' order.
///
/// Rayon's parallel iterators leave a thread that is not of its pool asleep meanwhile, and putting it to sleep and
/// waking it costs as much as a small layer. Here it takes items like the others.
pub(crate) fn map<Item: Send, Output: Send>(
    items: Vec<Item>,
    work: impl Fn(usize, Item) -> Output + Sync,
) -> Vec<Output> {
    let count = items.len();
    let others = rayon::current_num_threads().min(count).saturating_sub(1);
    let items = Mutex::new(items.into_iter().enumerate());
    let outputs = Mutex::new(Vec::with_capacity(count));
    let done = AtomicUsize::new(0);
    let take_all = || {
        loop {
            let next = lock(&items).next();
            let Some((index, item)) = next else { break };
            let output = work(index, item);
            lock(&outputs).push((index, output));
            done.fetch_add(1, Ordering::Release);
        }
    };
    if others == 0 {
        take_all();
    } else {
        rayon::in_place_scope(|scope| {
            for _ in 0..others {
                scope.spawn(|_| take_all());
            }
            take_all();
            for _ in 0..SPINS {
                if done.load(Ordering::Acquire) == count {
                    break;
                }
                hint::spin_loop();
            }
        });
    }
    let mut outputs = outputs
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    outputs.sort_unstable_by_key(|&(index, _)| index);
    outputs.into_iter().map(|(_, output)| output).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
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
    fn outputs_are_in_the_items_order() {
        for threads in [1, 2, 5] {
            for count in [0, 1, 2, 100] {
                let items: Vec<usize> = (0..count).map(|index| index * index).collect();
                let expected: Vec<_> = items.iter().copied().enumerate().collect();
                let found = in_pool(threads, || map(items, |index, item| (index, item)));
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn a_panic_on_any_thread_comes_out() {
        for bad in 0..8 {
            let items = (0..8).collect();
            let fails =
                catch_unwind(|| in_pool(3, || map(items, |_, item: usize| assert_ne!(item, bad))));
            assert!(fails.is_err());
        }
    }
}
