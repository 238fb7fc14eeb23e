//! Issued keys over many seeds. `TOOLGATE_SEED=n` runs one; `TOOLGATE_SEEDS=n` runs that many.

use toolgate_simulation::issued::{Tally, run};

/// Steps of one seed.
const STEPS: usize = 250;

#[expect(clippy::disallowed_methods, reason = "a test is told its seed by the environment")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_key_is_more_than_it_was_made_to_be() {
    let seeds = match number("TOOLGATE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TOOLGATE_SEEDS").unwrap_or(150),
    };
    let many = seeds.end - seeds.start > 100;
    let mut total = Tally::default();
    for seed in seeds {
        total += run(seed, STEPS).unwrap_or_else(|broken| panic!("{broken}"));
    }
    println!("{total:?}");
    if many {
        assert!(total.accepted * 100 >= total.uses * 15, "too few are let in to mean anything: {total:?}");
        assert!(total.escalations > 1_000, "nobody tried to give more than it holds: {total:?}");
    }
}
