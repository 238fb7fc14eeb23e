//! Validation of arguments: JSON Schema, and the operator's rules about URLs and files.

pub mod input;
pub mod schema;
