//! The interfaces: the only place that knows their paths, bodies and headers.

pub(crate) mod admin;
pub(crate) mod listing;
pub mod response;
