//! The data centre's own cache, shared by the isolates of one location.

use crate::words::time::Millis;

/// The reason for a failed cache operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeCacheError {
    /// The cache failed.
    Unavailable,
    /// This host has no such cache; callers go on without it, and record nothing.
    Unsupported,
}

/// A map from text to bytes that may miss at any look-up.
///
/// It returns what was put in the same data centre, or an earlier value, or nothing: entries are evicted when room is
/// short, a write may do nothing and still succeed (as on `workers.dev`), and no other location sees it. Never a lock,
/// never the only copy of a fact.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait EdgeCache {
    /// Returns the value stored under `key` (at most 512 bytes: letters, digits, `/`, `-`), if any.
    ///
    /// # Errors
    /// [`EdgeCacheError`]; callers treat it as a miss.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, EdgeCacheError>;

    /// Stores `value` under `key`, with a time to live of `ttl` (a second or more).
    ///
    /// # Errors
    /// [`EdgeCacheError`] when it was refused; it may still have happened.
    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), EdgeCacheError>;
}
