//! Port `kv`: Spin's default key-value store (a file, or what `runtime-config.toml` names).
//!
//! The store knows no time to live, so each value ends with eight bytes that say until when it counts, and `expiry.rs` keeps a
//! table of what ends when.
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

/// How long a put waits until its end is written down.
const TIMEOUT: Millis = Millis::from_secs(1);
/// Steps of one sweep.
const SWEEP_STEPS: u32 = 128;
/// How long a sweep waits after each value, which costs the store a sync that all requests wait for: they have their turn.
const SWEEP_PAUSE: Millis = Millis::new(2);

thread_local! {
    static STORE: RefCell<Option<Rc<Store>>> = const { RefCell::new(None) };
}

/// The open store; opened once for the instance's life.
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
            // Without a database nothing is ever swept; reads drop what has expired anyway.
            Either::Left((Ok(()) | Err(DurableError::Unsupported), _)) => {}
            Either::Left((Err(DurableError::Unavailable), _)) | Either::Right(_) => return Err(KvError),
        }
        store().await?.set(key, stamped(value, expires)).await.map_err(|_| KvError)
    }

    /// Deletes values by the table of their ends, some at a time. What is left, or fails, is left to the next sweep.
    async fn sweep(&self, now: Timestamp) {
        let Ok(store) = store().await else { return };
        for _ in 0..SWEEP_STEPS {
            let Ok(keys) = expiry::due(now).await else { return };
            if keys.is_empty() {
                return;
            }
            let is_last = keys.len() < expiry::STEP;
            for key in &keys {
                // It may have been put again since it was named.
                if let Ok(Some(value)) = store.get(key).await
                    && fresh(value, now).is_none()
                {
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

/// `value`, marked with the time from which on it no longer counts.
fn stamped(mut value: Vec<u8>, expires: Timestamp) -> Vec<u8> {
    value.extend_from_slice(&expires.as_millis().to_be_bytes());
    value
}

/// The value without its mark, if it still counts. What carries no mark is not ours.
fn fresh(mut value: Vec<u8>, now: Timestamp) -> Option<Vec<u8>> {
    let expires = value.last_chunk().copied().map(u64::from_be_bytes)?;
    value.truncate(value.len().saturating_sub(size_of_val(&expires)));
    (now < Timestamp::from_millis(expires)).then_some(value)
}
