//! Toolgate's core.

pub mod json;
pub mod secret;
pub mod time;
pub mod tools;
