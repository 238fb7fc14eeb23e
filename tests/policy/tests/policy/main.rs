//! Policies against the official Cedar implementation, and the promises of the decision, on random policies and requests.
//! `TOOLGATE_SEED=n` runs one seed.

#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "what goes wrong fails the test")]

mod dependence;
mod differential;
mod fragment;
mod unknown;

use toolgate::policy::{Mode, PolicySet, Source};

/// The seeds of a test.
#[expect(clippy::disallowed_methods, reason = "a test is told its seed by the environment")]
fn seeds(count: u64) -> std::ops::Range<u64> {
    let one: Option<u64> = std::env::var("TOOLGATE_SEED").ok().and_then(|seed| seed.parse().ok());
    one.map_or(0..count, |seed| seed..seed + 1)
}

fn read(text: &str) -> Result<PolicySet, String> {
    let source = Source { text, mode: Mode::Enforce };
    PolicySet::new(&[source]).map_err(|faults| format!("{faults:?}"))
}
