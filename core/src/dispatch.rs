//! Decides which executor runs a call, and carries the call there.

pub(crate) mod bulkhead;
pub mod circuits;
pub mod execute;
pub(crate) mod health;
pub mod route;
mod rules;

pub use rules::ExecuteRules;
