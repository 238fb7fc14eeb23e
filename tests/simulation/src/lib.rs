//! The simulated world: the core driven natively, with a hand-moved clock, every port faked and faults by seed.
//!
//! [`world`] holds the fakes, one file for each port, under the name the port has in the core. [`scenario`] makes a run from
//! a seed: isolates, callers, requests, faults. [`invariants`] says what must hold after every answer; it is naive on
//! purpose and knows nothing of caches, retries or leases but their stated bounds. A failing run is its seed. Other
//! kinds of runs: [`authority`], who may do what; [`principals`], whether one principal learns of another; [`issued`], issued keys;
//! [`crowd`], many isolates under one rate limit; [`storm`], executors that fail.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a simulation that goes wrong must stop with its seed"
)]

pub mod authority;
pub mod crowd;
pub mod facts;
pub mod invariants;
pub mod issued;
pub mod many;
pub mod principals;
pub mod scenario;
pub mod storm;
pub mod world;
