//! The nouns that several mechanisms share.

pub mod operation;
pub mod request;
