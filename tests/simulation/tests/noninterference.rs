//! A million steps of two principals: neither is told what only the other asked for. `TOOLGATE_SEED=n` runs one world.
#![expect(clippy::disallowed_methods, reason = "a test is told its seed by the environment")]

use toolgate_simulation::{many, principals};

/// Steps of one world.
const STEPS: u64 = 1_000;
/// Worlds; each has its own principals, policies and faults.
const WORLDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_principal_is_told_what_only_the_other_asked_for() {
    if let Some(seed) = number("TOOLGATE_SEED") {
        println!("{:?}", principals::run(seed, STEPS));
        return;
    }
    let worlds = number("TOOLGATE_SEEDS").unwrap_or(WORLDS);
    let total = many::worlds(worlds, |seed| principals::run(seed, STEPS));
    println!("{total:?}");
    assert_eq!(total.steps, worlds * STEPS);
    assert!(total.hits * 10 >= total.steps * 3, "too few hits to mean anything: {total:?}");
    assert!(total.denied * 20 >= total.steps, "too few are denied to mean anything: {total:?}");
}
