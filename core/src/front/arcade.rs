//! Arcade's REST API: turns requests into calls, and outcomes of calls into responses.

pub(crate) mod execute;
pub(crate) mod listing;
pub(crate) mod passed;
