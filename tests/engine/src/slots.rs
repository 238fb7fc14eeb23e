//! Slots for calls that run at once, and the time of each: an executor that is slow because it is busy.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::ask::Ask;

/// Slots that calls occupy while they run. Others wait, first come, first served.
#[derive(Debug)]
pub(crate) struct Slots {
    free: Semaphore,
    /// The time for which a call occupies its slot.
    work: Duration,
}

impl Slots {
    pub(crate) fn new(slots: usize, work_ms: u64) -> Self {
        Self { free: Semaphore::new(slots.min(Semaphore::MAX_PERMITS)), work: Duration::from_millis(work_ms) }
    }

    /// Waits for a slot, and occupies it. Whoever leaves meanwhile gives it back.
    pub(crate) async fn occupy(&self) {
        let _slot = self.free.acquire().await;
        tokio::time::sleep(self.work).await;
    }
}

/// Returns true if this request runs a tool.
pub(crate) fn is_call(ask: &Ask) -> bool {
    ask.path.ends_with("/tools/execute") || ask.path == "/worker/tools/invoke"
}
