//! Port `kv`: Spin's default key-value store (a file, or what `runtime-config.toml` names).
//!
//! The store knows no time to live, so each value ends with eight bytes that hold its expiry, and `expiry.rs` keeps a
//! table of expiries.
//!
//! INVARIANT (no lists): the store's keys are never listed. Every call here ends without the guest's doing.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, select};
use spin_sdk::key_value::Store;
use toolgate::ports::{Clock, DurableError, Kv, KvError};
use toolgate::words::time::{Millis, Timestamp};

use crate::stamp::{Due, Stamped, due, read, stamped};
use crate::{Spin, expiry};

/// Deadline of noting a put value's expiry.
const TIMEOUT: Millis = Millis::from_secs(1);
/// Steps of one sweep.
const SWEEP_STEPS: u32 = 128;
/// The pause of a sweep after each value, which costs the store a sync that all requests wait for: they have their
/// turn.
const SWEEP_PAUSE: Millis = Millis::new(2);

thread_local! {
    static STORE: RefCell<Option<Rc<Store>>> = const { RefCell::new(None) };
}

/// Returns the open store; opened once for the instance's life.
async fn store() -> Result<Rc<Store>, KvError> {
    if let Some(store) = STORE.with_borrow(Clone::clone) {
        return Ok(store);
    }
    let store = Rc::new(Store::open_default().await.map_err(|_| KvError)?);
    STORE.set(Some(Rc::clone(&store)));
    Ok(store)
}

impl Kv for Spin {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, KvError> {
        let found = store().await?.get(key).await.map_err(|_| KvError)?;
        Ok(found.and_then(|value| match read(value, self.now()) {
            Stamped::Fresh(value) => Some(value),
            Stamped::Expired | Stamped::Unmarked => None,
        }))
    }

    async fn put(&self, key: &str, value: Vec<u8>, ttl: Millis) -> Result<(), KvError> {
        let expires = self.now().after(ttl);
        let noted = pin!(expiry::note(*self, key, expires));
        match select(noted, pin!(self.sleep(TIMEOUT))).await {
            // Without a database nothing is ever swept; reads drop expired values anyway.
            Either::Left((Ok(()) | Err(DurableError::Unsupported), _)) => {}
            Either::Left((Err(DurableError::Unavailable), _)) | Either::Right(_) => return Err(KvError),
        }
        store().await?.set(key, stamped(value, expires)).await.map_err(|_| KvError)
    }

    /// Deletes expired values by the table of their expiries, some at a time. The remaining or failed ones are left to
    /// the next sweep.
    async fn sweep(&self, now: Timestamp) {
        let Ok(store) = store().await else { return };
        for _ in 0..SWEEP_STEPS {
            let Ok(keys) = expiry::due(now).await else { return };
            let is_last = keys.len() < expiry::STEP;
            let (mut done, mut unread) = (Vec::new(), Vec::new());
            for key in keys {
                // It may have been put again since it was named.
                let step = due(store.get(&key).await, now);
                if step == Due::Delete {
                    if store.delete(&key).await.is_err() {
                        return;
                    }
                    self.sleep(SWEEP_PAUSE).await;
                }
                if step == Due::Postpone { unread.push(key) } else { done.push(key) }
            }
            let is_unwell = !unread.is_empty();
            if is_unwell {
                tracing::warn!(values = unread.len(), "kv_sweep_unreadable");
                if expiry::postpone(now, unread).await.is_err() {
                    return;
                }
            }
            if (!done.is_empty() && expiry::forget(now, done).await.is_err()) || is_unwell || is_last {
                return;
            }
        }
    }
}
