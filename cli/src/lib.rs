//! The work of the `toolgate` command, one module per subcommand, over small helpers.
//!
//! Everything here runs on the developer's machine. It starts other programs and moves files; it decides nothing about
//! requests.

pub mod bench;
pub mod build;
pub mod cache;
pub mod config;
pub mod dev;
pub mod gate;
pub mod key;
#[cfg(feature = "policy")]
pub mod policy;

pub mod command;
pub mod failure;
mod gateway;
pub mod group;
pub mod interrupt;
pub mod machine;
pub mod npm;
pub mod prerequisites;
pub mod say;
pub mod times;
pub mod workspace;
