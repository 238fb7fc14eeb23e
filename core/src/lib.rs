//! Toolgate's core: everything that decides. No platform SDK, no clock, no randomness, no socket, no thread.
//!
//! ```text
//! request -> identity -> admission -> cache -> route -> execute -> record -> response
//! ```
//!
//! [`gateway`] is that line as one straight function; the modules below stand in its order. What a host must supply
//! stands in [`ports`]; nothing else of the world exists here. ARCHITECTURE.md follows one request through.

// The wings: each imports only those above it in this list. cli/tests/repository holds them to it.
pub mod access;
pub mod backends;
pub mod cache;
pub mod catalog;
pub mod config;
pub mod dispatch;
pub mod front;
pub mod gateway;
pub mod model;
pub mod pipeline;
pub mod policy;
pub mod ports;
pub mod state;
pub mod telemetry;
pub mod tools;
pub mod validate;
pub mod words;
