//! The edge key-value store: near, large and eventually consistent.

use crate::words::time::{Millis, Timestamp};

/// The store failed or is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvError;

/// An eventually consistent map from text to bytes.
///
/// A read may return any earlier value, or nothing, for minutes after a write; a write may be lost, and writes to one
/// key faster than once a second may be refused. It is never a lock and never the only copy of a fact.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait Kv {
    /// Returns the value stored under `key` (at most 512 bytes), if any.
    ///
    /// # Errors
    /// [`KvError`] when the store cannot be reached; callers treat it as a miss, by name.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError>;

    /// Writes `value` under `key`. The host may delete it after `ttl`, and may keep it longer.
    ///
    /// # Errors
    /// [`KvError`] when the write was refused; it may still have happened.
    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), KvError>;

    /// Deletes values whose time to live has passed, where the host does not do so by itself.
    async fn sweep(&self, now: Timestamp);
}
