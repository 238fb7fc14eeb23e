//! Arcade's REST API: turns requests into calls, and outcomes of calls into responses.

pub(crate) mod call;
pub(crate) mod execute;
pub(crate) mod listing;
mod names;
pub(crate) mod passed;
pub(crate) mod read;
