//! The clock of the host.

use crate::words::time::{Millis, Timestamp};

/// Reads the time and waits.
#[expect(async_fn_in_trait, reason = "both hosts are single threaded and dispatch is static: no Send bound is wanted")]
pub trait Clock {
    /// Returns the current time. It may stand still between two I/O operations (Cloudflare freezes it) and may jump in
    /// both directions.
    fn now(&self) -> Timestamp;

    /// Returns after about `span`, never much earlier.
    async fn sleep(&self, span: Millis);
}
