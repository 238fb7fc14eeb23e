//! Decides which executor runs a call, and carries the call there.

pub(crate) mod bulkhead;
pub(crate) mod circuits;
pub mod execute;
pub(crate) mod health;
pub mod route;
