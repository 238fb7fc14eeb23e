//! A million requests of two tenants: none is let through that the model denies. `TOOLGATE_SEED=n` runs one world.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, runs on all cores, and is told its seed by the environment"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use toolgate_simulation::authority::{Tally, run};

/// Requests of one world.
const REQUESTS: u64 = 1_000;
/// Worlds; each has its own configuration.
const WORLDS: u64 = 1_000;
/// Threads that share them.
const THREADS: u64 = 2;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Set when one thread has failed: the others need not go on.
static FAILED: AtomicBool = AtomicBool::new(false);

struct FailsAll;

impl Drop for FailsAll {
    fn drop(&mut self) {
        FAILED.fetch_or(thread::panicking(), Ordering::Relaxed);
    }
}

fn run_all(seeds: impl Iterator<Item = u64>) -> Tally {
    let _guard = FailsAll;
    let mut total = Tally::default();
    for seed in seeds.take_while(|_| !FAILED.load(Ordering::Relaxed)) {
        total += run(seed, REQUESTS);
    }
    total
}

#[test]
fn no_request_is_let_through_that_the_model_denies() {
    if let Some(seed) = number("TOOLGATE_SEED") {
        println!("{:?}", run(seed, REQUESTS));
        return;
    }
    let worlds = number("TOOLGATE_SEEDS").unwrap_or(WORLDS);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| thread::spawn(move || run_all((0..worlds).filter(move |seed| seed % THREADS == thread))))
        .collect();
    let mut total = Tally::default();
    for tally in threads.into_iter().map(|thread| thread.join().unwrap()) {
        total += tally;
    }
    println!("{total:?}");
    assert_eq!(total.requests, worlds * REQUESTS);
    assert!(total.allowed * 10 >= total.requests * 3, "too few are let through to mean anything: {total:?}");
    assert!(total.denied * 10 >= total.requests, "too few are denied to mean anything: {total:?}");
}
