//! A million steps of two principals: neither is told what only the other asked for. `TOOLGATE_SEED=n` runs one world.

use toolgate_share::seeds;
use toolgate_simulation::{many, principals};

/// Steps of one world.
const STEPS: u64 = 1_000;
/// Worlds; each has its own principals, policies and faults.
const WORLDS: u64 = 1_000;

#[test]
fn no_principal_is_told_what_only_the_other_asked_for() {
    let seeds = seeds(WORLDS);
    let total = many::worlds(&seeds, |seed| principals::run(seed, STEPS));
    println!("{total:?}");
    assert_eq!(total.steps, seeds.len() as u64 * STEPS);
    if seeds.len() == 1 {
        return;
    }
    assert!(total.hits * 10 >= total.steps * 3, "too few hits to mean anything: {total:?}");
    assert!(total.denied * 20 >= total.steps, "too few are denied to mean anything: {total:?}");
}
