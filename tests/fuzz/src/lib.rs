//! Fuzz targets: each hands bytes to one reader of the core, and panics where a property of that reader does not hold.
//!
//! `corpus/TARGET` has the inputs that `tests/replay.rs` replays and varies; `libfuzzer/` runs the same functions under
//! libFuzzer.

#![expect(clippy::expect_used, clippy::panic, reason = "a property that does not hold must stop the run")]

mod answer;
mod cache_control;
mod catalogue;
mod cbor;
mod configuration;
mod entry;
mod exchange;
mod host;
mod json;
mod key;
pub mod mutate;
mod policy;
mod query;
mod request;
mod schema;
mod state;
mod text;
mod token;
mod tool;
mod url;

/// One reader, and what must hold of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is its directory in the corpus.
    pub name: &'static str,
    /// The form of its input.
    pub takes: &'static str,
    /// Hands the bytes to the reader; panics where a property does not hold.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target {
        name: "answer",
        takes: "`engine` or `worker`, its list of tools, and its answer to a call",
        run: answer::run,
    },
    Target { name: "cache_control", takes: "the value of a request's `Cache-Control`", run: cache_control::run },
    Target { name: "catalogue", takes: "a list of tools, as JSON", run: catalogue::run },
    Target {
        name: "configuration",
        takes: "a configuration; `#: NAME=VALUE` lines are settings",
        run: configuration::run,
    },
    Target { name: "entry", takes: "a key, and a kept answer in its stored form", run: entry::run },
    Target { name: "json", takes: "a JSON text", run: json::run },
    Target { name: "key", takes: "a key as it is presented, and bodies of requests for keys", run: key::run },
    Target { name: "policy", takes: "policies in Cedar", run: policy::run },
    Target { name: "query", takes: "a request's target, or a query alone", run: query::run },
    Target { name: "request", takes: "one or more whole requests, as HTTP writes them", run: request::run },
    Target { name: "schema", takes: "a JSON Schema, and an instance behind `---`", run: schema::run },
    Target { name: "state", takes: "a stored state, and the commands that come to it", run: state::run },
    Target { name: "token", takes: "a token, its claims, or an issuer's keys or metadata", run: token::run },
    Target { name: "tool", takes: "a local tool's name, and its arguments as JSON", run: tool::run },
    Target { name: "url", takes: "a URL, and the hosts that it may name", run: url::run },
];

/// Hands the bytes to the target with this name.
///
/// # Panics
/// When there is no such target, and where a property does not hold.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of the table");
    (target.run)(data);
}
