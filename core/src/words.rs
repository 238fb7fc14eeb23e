//! Value types that are valid by construction: they import nothing else of the core.

pub mod action;
pub mod base64;
pub(crate) mod cbor;
pub(crate) mod choice;
pub(crate) mod futures;
pub mod hex;
pub mod json;
pub mod limits;
pub mod maps;
pub mod method;
pub mod modes;
pub mod names;
pub(crate) mod nearest;
pub(crate) mod percent;
pub mod price;
pub mod refusal;
pub(crate) mod request_id;
pub mod secret;
pub mod time;
