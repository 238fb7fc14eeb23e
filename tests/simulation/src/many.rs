//! Many worlds, on two cores.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use toolgate_share::Progress;

/// Threads that share the worlds.
const THREADS: usize = 2;

/// Set when one thread has failed: the others need not go on.
static FAILED: AtomicBool = AtomicBool::new(false);

struct FailsAll;

impl Drop for FailsAll {
    fn drop(&mut self) {
        FAILED.fetch_or(thread::panicking(), Ordering::Relaxed);
    }
}

/// Runs the worlds of these seeds, and adds up what came of them.
///
/// # Panics
/// When a world does.
#[must_use]
pub fn worlds<T: AddAssign + Default + Send>(seeds: &[u64], run: impl Fn(u64) -> T + Copy + Send + Sync) -> T {
    let progress = &Progress::new("world", seeds.len());
    let some = move |thread: usize| {
        let _guard = FailsAll;
        let mut total = T::default();
        let own = seeds.iter().skip(thread).step_by(THREADS);
        for seed in own.take_while(|_| !FAILED.load(Ordering::Relaxed)) {
            progress.next();
            total += run(*seed);
        }
        total
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || some(thread))).collect();
        let mut total = T::default();
        for tally in threads.into_iter().map(|thread| thread.join().expect("no world fails")) {
            total += tally;
        }
        total
    })
}
