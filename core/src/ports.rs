//! Ports: all that a host must supply; the core has no other access to the world.
//!
//! A port is one or two methods, with its contract and permitted failures in its documentation. It has the same file
//! name here, in `functions/cloudflare/src`, in `functions/spin/src` and in the simulator. Both hosts are single
//! threaded: futures are not `Send`, dispatch is static, and no `RefCell` borrow may be held over an `.await`.

pub mod background;
pub mod clock;
pub mod durable;
pub mod edge_cache;
pub mod entropy;
pub mod kv;
pub mod origin;
pub mod settings;
pub mod sql;

pub use background::Background;
pub use clock::Clock;
pub use durable::{Durable, DurableError};
pub use edge_cache::{EdgeCache, EdgeCacheError};
pub use entropy::Entropy;
pub use kv::{Kv, KvError};
pub use origin::{Body, Origin, OriginError, OriginRequest, OriginResponse, OriginStream};
pub use settings::Settings;
pub use sql::{Sql, SqlError, SqlRow, SqlValue};

/// A host: every port at once. A clone is a handle on the same world and must be cheap.
pub trait Platform:
    Background + Clock + Durable + EdgeCache + Entropy + Kv + Origin + Settings + Sql + Clone + 'static
{
}

impl<T: Background + Clock + Durable + EdgeCache + Entropy + Kv + Origin + Settings + Sql + Clone + 'static> Platform
    for T
{
}
