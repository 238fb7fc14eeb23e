//! The interfaces: the only place that knows their paths, bodies and headers.

pub(crate) mod admin;
pub(crate) mod arcade;
mod body;
mod cache_status;
mod conditional;
pub mod response;
pub(crate) mod worker;
