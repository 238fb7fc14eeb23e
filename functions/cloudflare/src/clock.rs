//! The clock: `Date.now`, which moves only after I/O, and `setTimeout`.

use toolgate::ports::Clock;
use toolgate::time::{Millis, Timestamp};

use crate::glue;
use crate::host::Host;

impl Clock for Host {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, span: Millis) {
        // A timer never rejects.
        let _fired = glue::sleep(span.get() as f64).await;
    }
}

/// The time now, also for the durable owner, which has no [`Host`].
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}
