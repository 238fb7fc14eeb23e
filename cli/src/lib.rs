//! The work of the `toolgate` command, one module per subcommand, over small helpers.
//!
//! Everything here runs on the developer's machine. It starts other programs and moves files; it decides nothing about
//! requests.

pub mod bench;
pub mod build;
#[cfg(feature = "gateway")]
pub mod cache;
#[cfg(feature = "gateway")]
pub mod config;
#[cfg(feature = "gateway")]
pub mod dev;
pub mod gate;
#[cfg(feature = "gateway")]
pub mod key;
#[cfg(feature = "policy")]
pub mod policy;

pub mod command;
pub mod failure;
#[cfg(feature = "gateway")]
mod gateway;
pub mod group;
pub mod interrupt;
pub mod machine;
pub mod npm;
pub mod prerequisites;
pub mod say;
pub mod times;
pub mod workspace;
