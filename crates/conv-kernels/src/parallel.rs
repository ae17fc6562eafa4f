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
