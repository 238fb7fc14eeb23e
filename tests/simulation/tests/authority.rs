//! A million requests of two tenants: none is let through that the model denies. `TOOLGATE_SEED=n` runs one world.
#![expect(clippy::disallowed_methods, reason = "a test is told its seed by the environment")]

use toolgate_simulation::{authority, many};

/// Requests of one world.
const REQUESTS: u64 = 1_000;
/// Worlds; each has its own configuration.
const WORLDS: u64 = 1_000;
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_request_is_let_through_that_the_model_denies() {
    if let Some(seed) = number("TOOLGATE_SEED") {
        println!("{:?}", authority::run(seed, REQUESTS));
        return;
    }
    let worlds = number("TOOLGATE_SEEDS").unwrap_or(WORLDS);
    let total = many::worlds(worlds, |seed| authority::run(seed, REQUESTS));
    println!("{total:?}");
    assert_eq!(total.requests, worlds * REQUESTS);
    assert!(total.allowed * 10 >= total.requests * 3, "too few are let through to mean anything: {total:?}");
    assert!(total.denied * 10 >= total.requests, "too few are denied to mean anything: {total:?}");
}
