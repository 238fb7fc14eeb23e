//! Decides who calls, what they may call, and how often.

pub mod admission;
pub mod epochs;
pub mod identity;
pub mod rate;
