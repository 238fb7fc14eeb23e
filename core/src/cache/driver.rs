//! The order of the tiers.

use std::rc::Rc;

use super::{CacheKey, CacheOutcome, Entry};
use crate::config::CacheStrategy;
use crate::isolate::Running;
use crate::limits;
use crate::ports::{Kv, Platform};
use crate::time::Timestamp;

const fn uses_memory(strategy: CacheStrategy) -> bool {
    matches!(strategy, CacheStrategy::Memory | CacheStrategy::Hybrid)
}

const fn uses_store(strategy: CacheStrategy) -> bool {
    matches!(strategy, CacheStrategy::Hybrid | CacheStrategy::Persistent)
}

/// The entry under `key` that may be served now, and the tier it came from. The nearer tier answers without any wait.
/// `floor` is the oldest version of the epochs that an entry may carry; `store_worth` says whether its life is long enough
/// for the edge store.
pub async fn look_up<P: Platform>(
    platform: &P,
    running: &Running,
    key: &CacheKey,
    floor: u64,
    store_worth: bool,
) -> Option<(Rc<Entry>, CacheOutcome)> {
    let strategy = running.config.cache.strategy;
    if uses_memory(strategy) {
        let found = running.memory.borrow_mut().get(key);
        if let Some(entry) = found {
            if entry.is_servable(platform.now(), floor) {
                return Some((entry, CacheOutcome::HitMemory));
            }
            running.memory.borrow_mut().remove(key);
        }
    }
    if !uses_store(strategy) || !store_worth {
        return None;
    }
    // A store that is away, slow to tell, or returns garbage is a miss: the executor is asked.
    let bytes = Kv::get(platform, &key.store_name()).await.ok()??;
    let entry = Rc::new(Entry::decode(&bytes, key.as_bytes())?);
    if !entry.is_servable(platform.now(), floor) {
        return None;
    }
    if uses_memory(strategy) {
        running.memory.borrow_mut().put(key.clone(), Rc::clone(&entry));
    }
    Some((entry, CacheOutcome::HitStore))
}

/// Keeps an entry in every tier that its life is long enough for. The store is written after the response.
pub fn store<P: Platform>(platform: &P, running: &Running, key: CacheKey, entry: Entry, now: Timestamp) {
    let strategy = running.config.cache.strategy;
    let ttl = now.until(entry.expires_at);
    let entry = Rc::new(entry);
    if uses_store(strategy) && ttl >= limits::STORE_TTL_MIN && entry.output.len() <= limits::STORE_ENTRY_BYTES {
        let (platform_, name, bytes) = (platform.clone(), key.store_name(), entry.encode(key.as_bytes()));
        platform.spawn(async move {
            if Kv::put(&platform_, &name, bytes, ttl).await.is_err() {
                tracing::debug!("cache_store_write_lost");
            }
        });
    }
    if uses_memory(strategy) {
        running.memory.borrow_mut().put(key, entry);
    }
}
