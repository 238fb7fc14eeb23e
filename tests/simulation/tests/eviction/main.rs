//! The memory tier under traces: what its evictions save, that it answers only what was put, and what it takes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]
#![expect(clippy::arithmetic_side_effects, reason = "overflow is checked in tests")]

mod heap;
mod model;
mod ratios;
mod replay;
mod traces;
