//! Arcade's REST API: how its requests become calls, and how calls' outcomes become its responses.

pub(crate) mod execute;
pub(crate) mod listing;
pub(crate) mod passed;
