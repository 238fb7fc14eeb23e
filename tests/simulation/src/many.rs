//! Many worlds, on two cores.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Threads that share the worlds.
const THREADS: u64 = 2;

/// Set when one thread has failed: the others need not go on.
static FAILED: AtomicBool = AtomicBool::new(false);

struct FailsAll;

impl Drop for FailsAll {
    fn drop(&mut self) {
        FAILED.fetch_or(thread::panicking(), Ordering::Relaxed);
    }
}

/// Runs the worlds of the seeds below `worlds`, and adds up what came of them.
///
/// # Panics
/// When a world does.
#[must_use]
pub fn worlds<T: AddAssign + Default + Send + 'static>(
    worlds: u64,
    run: impl Fn(u64) -> T + Copy + Send + 'static,
) -> T {
    let some = move |thread: u64| {
        let _guard = FailsAll;
        let mut total = T::default();
        let seeds = (0..worlds).filter(|seed| seed % THREADS == thread);
        for seed in seeds.take_while(|_| !FAILED.load(Ordering::Relaxed)) {
            total += run(seed);
        }
        total
    };
    #[expect(clippy::disallowed_methods, reason = "the worlds are many, and each is of one thread")]
    let threads: Vec<_> = (0..THREADS).map(|thread| thread::spawn(move || some(thread))).collect();
    let mut total = T::default();
    for tally in threads.into_iter().map(|thread| thread.join().expect("no world fails")) {
        total += tally;
    }
    total
}
