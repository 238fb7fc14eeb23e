//! Toolgate's core: everything that decides. No platform SDK, no clock, no randomness, no socket, no thread.
//!
//! ```text
//! request -> identity -> admission -> cache -> route -> execute -> record -> response
//! ```
//!
//! [`gateway`] is that line as one straight function; the modules below stand in its order. What a host must supply stands
//! in [`ports`]; nothing else of the world exists here. ARCHITECTURE.md follows one request through.

// Words: values that cannot be wrong, and import nothing else of the crate.
pub mod action;
mod cbor;
pub mod hex;
pub mod json;
pub mod limits;
pub mod names;
mod nearest;
pub mod refusal;
pub mod schema;
pub mod secret;
pub mod time;

// The world, as traits.
pub mod ports;

// What the operator says, what executors offer, what one owner holds.
pub mod config;
pub mod input;
pub mod registry;
pub mod state;

// The pipeline, left to right.
pub mod admission;
mod bulkhead;
pub mod cache;
mod circuits;
pub mod epochs;
pub mod execute;
mod health;
pub mod idempotency;
pub mod identity;
pub mod operation;
pub mod policy;
pub mod rate;
pub mod record;
pub mod request;
pub mod response;
pub mod route;

// The straight functions of each kind of request, and the one that leads there.
mod apart;
mod engine_call;
pub mod gateway;
pub mod isolate;
mod listing;
mod own;
mod tool_call;
mod warm;

// Where a call can go.
pub mod tools;
mod upstream;
