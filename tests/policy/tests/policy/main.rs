//! Policies against the official Cedar implementation, and the promises of the decision, on random policies and requests.
//! `TOOLGATE_SEED=n` runs one seed.

#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "what goes wrong fails the test")]

mod dependence;
mod differential;
mod fragment;
mod unknown;

use toolgate::policy::{Mode, PolicySet, Source};

fn read(text: &str) -> Result<PolicySet, String> {
    let source = Source { text, mode: Mode::Enforce };
    PolicySet::new(&[source]).map_err(|faults| format!("{faults:?}"))
}
