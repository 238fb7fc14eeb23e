//! Work that goes on after the response.

use std::future::Future;

use crate::words::time::Millis;

/// Runs jobs that nobody waits for. A job may be cut off (30 s on Cloudflare, the instance's end on Spin): it is never the
/// only way a fact becomes durable.
pub trait Background {
    /// Sets how long after the last response a job may surely still wait.
    const LINGERS: Millis = Millis::from_secs(20);

    /// Tells whether an isolate lives so briefly, a hundred requests or a second, that it learns little of executors by itself.
    fn lives_briefly(&self) -> bool {
        false
    }

    /// Starts `job`; it makes progress after the current request yields.
    fn spawn(&self, job: impl Future<Output = ()> + 'static);
}
