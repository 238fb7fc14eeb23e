//! Toolgate end to end, on workerd and on the Spin host, each in front of real counterparts: both official SDKs, an Arcade
//! worker, and the engine stand-in.
//!
//! Needs what `cargo gate` gives: TOOLGATE_PYTHON, TOOLGATE_SPIN_HOST, npm packages. A missing counterpart is a failure.
#![expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test fails by panicking")]

#[cfg(test)]
mod build;
#[cfg(test)]
mod cache;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod epochs;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod http;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod load;
#[cfg(test)]
mod normal;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod sdk;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod world;
