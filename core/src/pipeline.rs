//! Runs a call through every stage, left to right.

pub(crate) mod call;
pub mod idempotency;
pub(crate) mod passthrough;
pub mod runtime;
pub(crate) mod warm;
