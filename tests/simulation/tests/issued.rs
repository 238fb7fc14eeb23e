//! Issued keys over many seeds. `TOOLGATE_SEED=n` runs one; `TOOLGATE_SEEDS=n` runs that many.

use toolgate_share::seeds;
use toolgate_simulation::issued::{Tally, run};

/// Steps of one seed.
const STEPS: usize = 250;

#[test]
fn no_key_is_more_than_it_was_made_to_be() {
    let seeds = seeds(150);
    let worlds = seeds.len() as u64;
    let mut total = Tally::default();
    for seed in seeds {
        total += run(seed, STEPS).unwrap_or_else(|broken| panic!("{broken}"));
    }
    println!("{total:?}");
    if worlds > 10 {
        assert!(total.accepted * 100 >= total.uses * 15, "too few are let in to mean anything: {total:?}");
        assert!(total.escalations > 6 * worlds, "nobody tried to give more than it holds: {total:?}");
    }
}
