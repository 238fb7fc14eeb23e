//! A million requests of two tenants: none is let through that the model denies. `TOOLGATE_SEED=n` runs one world.

use toolgate_share::seeds;
use toolgate_simulation::{authority, many};

/// Requests of one world.
const REQUESTS: u64 = 1_000;
/// Worlds; each has its own configuration.
const WORLDS: u64 = 1_000;
#[test]
fn no_request_is_let_through_that_the_model_denies() {
    let seeds = seeds(WORLDS);
    let total = many::worlds(&seeds, |seed| authority::run(seed, REQUESTS));
    println!("{total:?}");
    assert_eq!(total.requests, seeds.len() as u64 * REQUESTS);
    if seeds.len() == 1 {
        return;
    }
    assert!(total.allowed * 10 >= total.requests * 3, "too few are let through to mean anything: {total:?}");
    assert!(total.denied * 10 >= total.requests, "too few are denied to mean anything: {total:?}");
}
