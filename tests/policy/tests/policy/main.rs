//! Policies against the official Cedar implementation, and the promises of the decision, on random policies and requests.
//! `TOOLGATE_SEED=n` runs one seed.

#![expect(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "what goes wrong fails the test")]

mod dependence;
mod differential;
mod fragment;
mod unknown;

use toolgate::policy::{PolicyMode, PolicySet, PolicySource};

fn read(text: &str) -> Result<PolicySet, String> {
    let source = PolicySource { text, mode: PolicyMode::Enforce };
    PolicySet::new(&[source]).map_err(|faults| format!("{faults:?}"))
}
