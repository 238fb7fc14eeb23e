//! Runs the shipped Spin component the way Spin 4.1 does, with nothing but the crates registry to build it from.
//!
//! It reads the application's own `spin.toml`, and supports what that file uses: HTTP routes, one reused `wasi:http` 0.3
//! component per entry, variables, key-value stores and SQLite databases on real files, and allowed outbound hosts. What it
//! does not support it refuses by name instead of ignoring it. Behaviour that a guest can see follows Spin: the names and
//! tables of the state files, header additions, instance reuse, error codes.
//!
//! Read in this order: [`options`], [`manifest`], [`variables`], [`allowed`], [`state`], [`guest`] with the three
//! interfaces and [`outbound`], [`instances`], [`application`], [`server`].

pub mod allowed;
mod application;
mod bindings;
mod engine;
mod error;
mod guest;
mod instances;
mod key_value;
pub mod manifest;
pub mod options;
mod outbound;
mod routes;
mod rows;
pub mod server;
mod sqlite;
mod state;
mod variable_lookup;
pub mod variables;

pub use error::StartError;
pub use options::Options;
