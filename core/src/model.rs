//! The domain types that several mechanisms share.

pub mod call;
pub mod caller;
pub mod credential;
pub mod operation;
pub mod request;
pub mod route;
pub mod tool;
