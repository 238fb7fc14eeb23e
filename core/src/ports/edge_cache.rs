//! The data centre's own cache: what the isolates of one place share.

use crate::words::time::Millis;

/// Why the cache could not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeCacheError {
    /// It failed.
    Unavailable,
    /// This host has none; callers go on without it, and say nothing.
    Unsupported,
}

/// A map from text to bytes that may miss whenever it is asked.
///
/// It holds what was put in the same data centre, or an earlier value, or nothing: entries go when room is short, a write may
/// do nothing and still be answered (as on `workers.dev`), and no other place sees it. Never a lock, never the only holder of
/// a fact.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait EdgeCache {
    /// The value under `key` (at most 512 bytes: letters, digits, `/`, `-`), if it is at hand.
    ///
    /// # Errors
    /// [`EdgeCacheError`]; callers treat it as a miss.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, EdgeCacheError>;

    /// Puts `value` under `key`, to be forgotten after `ttl` (a second or more).
    ///
    /// # Errors
    /// [`EdgeCacheError`] when it was refused; it may still have happened.
    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), EdgeCacheError>;
}
