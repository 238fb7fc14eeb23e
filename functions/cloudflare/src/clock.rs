//! The clock: `Date.now`, which moves only after I/O, and `setTimeout`.

use toolgate::ports::Clock;
use toolgate::words::time::{Millis, Timestamp};
use wasm_bindgen_futures::JsFuture;

use crate::glue::Timer;
use crate::host::Host;

impl Clock for Host {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, span: Millis) {
        let timer = Waiting(Timer::new(span.get() as f64));
        let _fired = JsFuture::from(timer.0.fired()).await;
    }
}

/// A timer that is cleared when nobody waits for it any more.
struct Waiting(Timer);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.clear();
    }
}

/// Returns the time now, also for the durable owner, which has no [`Host`].
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}
