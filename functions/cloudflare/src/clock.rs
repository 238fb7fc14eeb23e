//! The clock: `Date.now`, which moves only after I/O, and `setTimeout`.

use js_sys::Promise;
use toolgate::ports::Clock;
use toolgate::time::{Millis, Timestamp};
use wasm_bindgen_futures::JsFuture;

use crate::glue;
use crate::host::Host;

impl Clock for Host {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, span: Millis) {
        let timer = Timer(glue::timer(span.get() as f64));
        // A timer never rejects.
        let _fired = JsFuture::from(timer.0.clone()).await;
    }
}

/// A timer for as long as somebody waits for it.
struct Timer(Promise);

impl Drop for Timer {
    fn drop(&mut self) {
        glue::clear(&self.0);
    }
}

/// The time now, also for the durable owner, which has no [`Host`].
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(js_sys::Date::now() as u64)
}
