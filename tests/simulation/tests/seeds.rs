//! Many seeds, every invariant. `TOOLGATE_SEED=n` runs one; `TOOLGATE_SEEDS=n` runs that many.

use toolgate_share::seeds;
use toolgate_simulation::invariants::{Stats, check};
use toolgate_simulation::scenario::run;

/// Requests in one run.
const REQUESTS: usize = 160;

#[test]
fn every_invariant_holds() {
    let seeds = seeds(10_000);
    let worlds = seeds.len();
    let mut total = Stats::default();
    for seed in seeds {
        let stats = check(&run(seed, REQUESTS)).unwrap_or_else(|broken| panic!("{broken}"));
        total.calls += stats.calls;
        total.successes += stats.successes;
        total.hits += stats.hits;
        total.collapsed += stats.collapsed;
        total.stale += stats.stale;
        total.covered += stats.covered;
        total.not_cached += stats.not_cached;
        total.refusals += stats.refusals;
    }
    println!("{total:?}");
    if worlds > 20 {
        assert!(total.successes * 10 >= total.calls * 3, "too few successes to mean anything: {total:?}");
        assert!(total.collapsed * 100 >= total.successes, "too few waited for others to mean anything: {total:?}");
        assert!(total.stale >= worlds / 3, "too few past their life to mean anything: {total:?}");
        assert!(total.not_cached >= worlds / 3, "too few asked for what is kept alone to mean anything: {total:?}");
        // One world in sixty meets one.
        assert!(worlds < 600 || total.covered > 0, "none is covered for: {total:?}");
        assert!(total.hits * 10 >= total.successes, "too few hits to mean anything: {total:?}");
    }
}

#[test]
fn a_seed_is_a_run() {
    let lines = |seed| run(seed, REQUESTS).log;
    assert_eq!(lines(7), lines(7));
    assert_ne!(lines(7), lines(8));
}
