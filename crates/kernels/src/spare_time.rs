//! Work for threads that are awake and have nothing else to do.
//!
//! While a network is trained, the other threads of the pool [stay awake](crate::in_awake_pool) for the next kernel, and
//! have nothing to do between kernels. What the training needs soon, such as the next batch, can be made in that time.

use std::any::Any;
use std::hint;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

/// How often to look whether another thread has finished its piece before letting the system run something else.
const SPINS: usize = 1_000;

/// Something that is made in pieces, by whichever threads have time.
pub trait Job: Send + Sync + 'static {
    /// What one piece results in.
    type Piece: Send;
    /// What all pieces result in.
    type Output: Send;

    /// Number of pieces.
    fn pieces(&self) -> usize;

    /// Makes the piece with this number, from 0. A piece should take some ten microseconds, since a kernel that begins
    /// meanwhile has one thread less; and it must not use rayon, which could begin other work in the middle of it.
    fn piece(&self, number: usize) -> Self::Piece;

    /// Joins all pieces, in their order.
    fn join(&self, pieces: Vec<Self::Piece>) -> Self::Output;
}

/// A [`Job`] that may have begun. If it is dropped, no further piece begins.
pub struct Begun<J: Job>(Arc<Progress<J>>);

impl<J: Job> Begun<J> {
    /// The job, of which nothing is made before [`finish`](Self::finish) is called.
    pub fn new(job: J) -> Self {
        Self(Arc::new(Progress {
            taken: AtomicUsize::new(0),
            left: AtomicUsize::new(job.pieces()),
            pieces: (0..job.pieces()).map(|_| Mutex::new(None)).collect(),
            output: Mutex::new(None),
            is_finished: AtomicBool::new(false),
            job,
        }))
    }

    /// The job, offered to the threads that [are awake](crate::in_awake_pool). There is one offer at a time: this one
    /// takes the place of any other, whose rest is then made when it is asked for.
    pub fn offered(job: J) -> Self {
        let this = Self::new(job);
        let progress: Arc<dyn Offered> = this.0.clone();
        let mut offer = lock(&OFFER);
        *offer = Some(Arc::downgrade(&progress));
        IS_OFFERED.store(true, Ordering::Relaxed);
        this
    }

    /// The output. What is left to do is done now, on the threads of rayon's pool and this one.
    ///
    /// # Panics
    ///
    /// With the panic of a piece or of the joining, whichever thread it was on.
    pub fn finish(self) -> J::Output {
        let progress = &*self.0;
        let untaken = progress.untaken();
        if untaken > 1 {
            rayon::in_place_scope(|scope| {
                for _ in 1..rayon::current_num_threads().min(untaken) {
                    scope.spawn(|_| while progress.do_piece() {});
                }
                while progress.do_piece() {}
            });
        } else if untaken == 1 {
            progress.do_piece();
        } else if progress.pieces.is_empty() {
            return progress.job.join(Vec::new());
        }
        // Others may still be at their last piece.
        let mut spins = 0;
        while !progress.is_finished.load(Ordering::Acquire) {
            spins += 1;
            if spins % SPINS == 0 {
                thread::yield_now();
            } else {
                hint::spin_loop();
            }
        }
        let output = lock(&progress.output).take();
        output
            .expect("it was stored before it was said to be finished")
            .unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// Does a piece of what is offered. Returns whether there was one.
pub(crate) fn do_offered_piece() -> bool {
    if !IS_OFFERED.load(Ordering::Relaxed) {
        return false;
    }
    let offered = lock(&OFFER).as_ref().and_then(Weak::upgrade);
    if offered.is_some_and(|offered| offered.do_piece()) {
        return true;
    }
    let mut offer = lock(&OFFER);
    // Unless there is a new one by now.
    let offered = offer.as_ref().and_then(Weak::upgrade);
    if offered.is_none_or(|offered| offered.untaken() == 0) {
        *offer = None;
        IS_OFFERED.store(false, Ordering::Relaxed);
    }
    false
}

/// What threads that are awake may work on. It is held by who waits for it alone, so it is gone when nobody does.
static OFFER: Mutex<Option<Weak<dyn Offered>>> = Mutex::new(None);

/// Whether there is an offer, for a look without a lock.
static IS_OFFERED: AtomicBool = AtomicBool::new(false);

/// A job, whatever its types.
trait Offered: Send + Sync {
    /// Does a piece. Returns false if others have taken all.
    fn do_piece(&self) -> bool;

    /// Number of pieces that nobody has taken.
    fn untaken(&self) -> usize;
}

/// A value, or the panic instead of it.
type Outcome<Value> = Result<Value, Box<dyn Any + Send>>;

struct Progress<J: Job> {
    job: J,
    /// How many pieces were taken.
    taken: AtomicUsize,
    /// How many pieces are not finished.
    left: AtomicUsize,
    pieces: Vec<Mutex<Option<Outcome<J::Piece>>>>,
    output: Mutex<Option<Outcome<J::Output>>>,
    is_finished: AtomicBool,
}

impl<J: Job> Progress<J> {
    fn join(&self) -> Outcome<J::Output> {
        let pieces = self.pieces.iter().map(|piece| lock(piece).take());
        let pieces = pieces.map(|piece| piece.expect("all pieces are finished"));
        let pieces = pieces.collect::<Outcome<Vec<_>>>()?;
        catch_unwind(AssertUnwindSafe(|| self.job.join(pieces)))
    }
}

impl<J: Job> Offered for Progress<J> {
    fn do_piece(&self) -> bool {
        let count = self.pieces.len();
        if self.taken.load(Ordering::Relaxed) >= count {
            return false;
        }
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return false;
        }
        let piece = catch_unwind(AssertUnwindSafe(|| self.job.piece(number)));
        *lock(&self.pieces[number]) = Some(piece);
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            let output = self.join();
            *lock(&self.output) = Some(output);
            self.is_finished.store(true, Ordering::Release);
        }
        true
    }

    fn untaken(&self) -> usize {
        let taken = self.taken.load(Ordering::Relaxed);
        self.pieces.len().saturating_sub(taken)
    }
}

/// Nothing is done under a lock that could leave something half done.
fn lock<Value: ?Sized>(mutex: &Mutex<Value>) -> MutexGuard<'_, Value> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::in_awake_pool;

    /// There is one offer in a process: tests that make one take turns.
    static TURN: Mutex<()> = Mutex::new(());

    /// The numbers up to `pieces`, and how often each was made.
    struct Numbers {
        made: Arc<Vec<AtomicUsize>>,
        bad: Option<usize>,
    }

    impl Numbers {
        fn new(pieces: usize, bad: Option<usize>) -> Self {
            let made = Arc::new((0..pieces).map(|_| AtomicUsize::new(0)).collect());
            Self { made, bad }
        }
    }

    impl Job for Numbers {
        type Piece = usize;
        type Output = Vec<usize>;

        fn pieces(&self) -> usize {
            self.made.len()
        }

        fn piece(&self, number: usize) -> usize {
            assert_ne!(Some(number), self.bad, "a bad piece");
            self.made[number].fetch_add(1, Ordering::Relaxed);
            number
        }

        fn join(&self, pieces: Vec<usize>) -> Vec<usize> {
            assert_ne!(Some(pieces.len()), self.bad, "a bad end");
            pieces
        }
    }

    fn in_pool<Output: Send>(threads: usize, work: impl FnOnce() -> Output + Send) -> Output {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("it can be built").install(work)
    }

    /// Waits until this holds, which other threads see to.
    fn wait_until(holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(start.elapsed() < Duration::from_secs(60), "nobody did it");
            thread::yield_now();
        }
    }

    #[test]
    fn every_piece_is_made_once_and_joined_in_order() {
        let _turn = lock(&TURN);
        for threads in [1, 2, 3] {
            for pieces in [0, 1, 2, 50] {
                for is_offered in [false, true] {
                    let numbers = Numbers::new(pieces, None);
                    let made = numbers.made.clone();
                    let work = move || match is_offered {
                        true => Begun::offered(numbers).finish(),
                        false => Begun::new(numbers).finish(),
                    };
                    let output = in_pool(threads, || in_awake_pool(1000, work));
                    assert!(output.into_iter().eq(0..pieces));
                    assert!(made.iter().all(|made| made.load(Ordering::Relaxed) == 1));
                }
            }
        }
    }

    #[test]
    fn threads_that_are_awake_do_what_is_offered() {
        let _turn = lock(&TURN);
        for threads in [2, 3] {
            in_pool(threads, || {
                in_awake_pool(1000, || {
                    let begun = Begun::offered(Numbers::new(50, None));
                    wait_until(|| begun.0.is_finished.load(Ordering::Acquire));
                    assert!(begun.finish().into_iter().eq(0..50));
                });
            });
        }
    }

    #[test]
    fn an_offer_that_another_replaces_is_finished_when_asked_for() {
        let _turn = lock(&TURN);
        let [first, second] = [30, 50].map(|pieces| Begun::offered(Numbers::new(pieces, None)));
        assert_eq!([first.0.untaken(), second.0.untaken()], [30, 50]);
        assert_eq!([first.finish().len(), second.finish().len()], [30, 50]);
    }

    #[test]
    fn what_is_dropped_is_gone() {
        let _turn = lock(&TURN);
        in_pool(3, || {
            in_awake_pool(1000, || {
                let numbers = Numbers::new(1000, None);
                let made = numbers.made.clone();
                drop(Begun::offered(numbers));
                // The job goes with the last who holds it, at the end of a piece.
                wait_until(|| Arc::strong_count(&made) == 1);
            });
        });
    }

    #[test]
    fn a_panic_in_a_piece_or_the_end_comes_out() {
        let _turn = lock(&TURN);
        for bad in [0, 7, 8] {
            for threads in [1, 3] {
                let fails = catch_unwind(|| {
                    in_pool(threads, || {
                        in_awake_pool(1000, || {
                            let begun = Begun::offered(Numbers::new(8, Some(bad)));
                            if threads > 1 {
                                wait_until(|| begun.0.is_finished.load(Ordering::Acquire));
                            }
                            begun.finish()
                        })
                    })
                });
                let panic = fails.expect_err("it fails");
                let message = panic.downcast_ref::<String>().expect("it says why");
                assert!(message.contains("a bad"), "{message}");
            }
        }
    }
}
