//! Work that goes on after the response.

use std::future::Future;

/// Runs jobs that nobody waits for. A job may be cut off (30 s on Cloudflare, the instance's end on Spin): it is never the
/// only way a fact becomes durable.
pub trait Background {
    /// Starts `job`; it makes progress after the current request yields.
    fn spawn(&self, job: impl Future<Output = ()> + 'static);
}
