//! Work that goes on after the response.

use std::future::Future;

use crate::words::time::Millis;

/// Runs background jobs that no request waits for. A job may be cut off (30 s on Cloudflare, the instance's end on
/// Spin): it is never the only way a fact becomes durable.
pub trait Background {
    /// Longest delay after the last response that a job may count on.
    const GRACE: Millis = Millis::from_secs(20);

    /// Returns true if an isolate is short-lived (a hundred requests, or a second), so that it learns little of
    /// executors by itself.
    fn is_short_lived(&self) -> bool {
        false
    }

    /// Starts `job`; it makes progress after the current request yields.
    fn spawn(&self, job: impl Future<Output = ()> + 'static);
}
