//! Runs a call through every stage, left to right.

pub(crate) mod call;
mod emit;
pub(crate) mod guard;
pub mod idempotency;
pub(crate) mod passthrough;
pub mod runtime;
pub(crate) mod warm;

pub(crate) use emit::emit;
