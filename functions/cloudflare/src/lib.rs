//! Toolgate on Cloudflare Workers: one file per port of the core, and the calls that `js/entry.js` makes.
//!
//! Handlers are dull: convert, call the core, convert back. JavaScript does the work at which it is fastest (reading a
//! request, making a `Response`), and the boundary is crossed once in and once out. `docs/decisions` has the
//! measurements.

mod background;
mod clock;
mod durable;
mod edge_cache;
mod entropy;
pub mod entry;
mod glue;
mod host;
mod kv;
mod lines;
mod origin;
mod request;
mod response;
mod settings;
mod sql;
