//! A stand-in for an Arcade engine, for tests: `/v1/...` as the engine's REST contract has it, `/worker/...` as an Arcade
//! worker has it, and `/_control/...` for the test that drives it (calls seen, faults to come, settings).
//!
//! Both official SDKs pass all their own calls against it alone. It holds everything in memory, runs on one thread, and
//! keeps a separate set of data for each API key and each org/project it is asked for.

mod account;
mod admin;
mod answer;
mod ask;
mod authorize;
mod catalogue;
mod chat;
mod clock;
mod collection;
mod control;
mod engine;
mod execute;
mod faults;
mod filter;
mod formats;
mod options;
mod requirements;
mod routes;
mod scheduled;
mod script;
mod server;
mod slots;
mod spoil;
mod tools;
mod upstream;
mod worker;
mod workers;

pub use options::{Options, USAGE};
pub use server::{Running, start};
