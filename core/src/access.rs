//! Identifies callers, and decides on their permissions and their rates of requests.

pub mod admission;
pub mod epochs;
pub mod identity;
pub mod rate;
