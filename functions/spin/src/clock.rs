//! Port `clock`: WASI's clocks.

use spin_sdk::wasip3::clocks::{monotonic_clock, system_clock};
use toolgate::ports::Clock;
use toolgate::words::time::{Millis, Timestamp};

use crate::Spin;

impl Clock for Spin {
    fn now(&self) -> Timestamp {
        let now = system_clock::now();
        // A clock set before 1970 reads as 1970.
        let seconds = u64::try_from(now.seconds).unwrap_or(0);
        Timestamp::from_millis(seconds.saturating_mul(1_000).saturating_add(u64::from(now.nanoseconds / 1_000_000)))
    }

    async fn sleep(&self, span: Millis) {
        monotonic_clock::wait_for(span.get().saturating_mul(1_000_000)).await;
    }
}
