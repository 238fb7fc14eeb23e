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
        Ok(found.and_then(|value| fresh(value, self.now())))
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
            if keys.is_empty() {
                return;
            }
            let is_last = keys.len() < expiry::STEP;
            for key in &keys {
                // It may have been put again since it was named. An unreadable value is of no use to anybody.
                let is_over = match store.get(key).await {
                    Ok(found) => found.is_some_and(|value| fresh(value, now).is_none()),
                    Err(_) => true,
                };
                if is_over {
                    if store.delete(key).await.is_err() {
                        return;
                    }
                    self.sleep(SWEEP_PAUSE).await;
                }
            }
            if expiry::forget(now, keys).await.is_err() || is_last {
                return;
            }
        }
    }
}

/// Marks `value` with its expiry.
fn stamped(mut value: Vec<u8>, expires: Timestamp) -> Vec<u8> {
    value.extend_from_slice(&expires.as_millis().to_be_bytes());
    value
}

/// Returns the value without its mark, if it has not expired. A value without a mark is not ours.
fn fresh(mut value: Vec<u8>, now: Timestamp) -> Option<Vec<u8>> {
    let expires = value.last_chunk().copied().map(u64::from_be_bytes)?;
    value.truncate(value.len().saturating_sub(size_of_val(&expires)));
    (now < Timestamp::from_millis(expires)).then_some(value)
}
