//! Port `kv`: Spin's default key-value store (a file, or what `runtime-config.toml` names).
//!
//! The store knows no time to live, so each value ends with eight bytes that say until when it counts.

use std::cell::RefCell;
use std::rc::Rc;

use spin_sdk::key_value::Store;
use toolgate::ports::{Clock, Entropy, Kv, KvError};
use toolgate::words::time::{Millis, Timestamp};

use crate::Spin;

/// Values that one sweep looks at.
const SWEEP_VALUES: usize = 500;
/// Names that one sweep may pass over, so that every value has its turn.
const SWEEP_SKIP: usize = 100_000;

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
        let value = stamped(value, self.now().after(ttl));
        store().await?.set(key, value).await.map_err(|_| KvError)
    }

    /// Looks at a bounded run of values that begins at a random place. Failures are left to the next sweep.
    async fn sweep(&self, now: Timestamp) {
        let Ok(store) = store().await else { return };
        let mut random = [0; 4];
        self.fill(&mut random);
        let mut keys = store.get_keys().await;
        let mut names = Vec::new();
        while let Some(name) = keys.next().await
            && names.len() < SWEEP_SKIP
        {
            names.push(name);
        }
        let from = usize::try_from(u32::from_le_bytes(random)).unwrap_or(0).checked_rem(names.len()).unwrap_or(0);
        for name in names.iter().cycle().skip(from).take(SWEEP_VALUES.min(names.len())) {
            if let Ok(Some(value)) = store.get(name).await
                && fresh(value, now).is_none()
            {
                let _kept = store.delete(name).await;
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
