//! The order of the tiers.

use std::rc::Rc;

use super::{CacheKey, CacheOutcome, Entry};
use crate::config::CacheStrategy;
use crate::isolate::Running;
use crate::limits;
use crate::ports::{Kv, Platform};
use crate::time::Timestamp;

pub(super) const fn uses_memory(strategy: CacheStrategy) -> bool {
    matches!(strategy, CacheStrategy::Memory | CacheStrategy::Hybrid)
}

pub(super) const fn uses_store(strategy: CacheStrategy) -> bool {
    matches!(strategy, CacheStrategy::Hybrid | CacheStrategy::Persistent)
}

/// What a look-up looks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The key.
    pub key: &'w CacheKey,
    /// The oldest version of the epochs that an entry may carry.
    pub floor: u64,
    /// Whether the life of what is kept under the key is long enough for the edge store.
    pub store_worth: bool,
}

/// The entry that may be served now, and the tier it came from. The nearer tier answers without any wait.
pub async fn look_up<P: Platform>(
    platform: &P,
    running: &Running,
    wanted: &Wanted<'_>,
) -> Option<(Rc<Entry>, CacheOutcome)> {
    if let Some(entry) = look_in_memory(platform, running, wanted) {
        return Some((entry, CacheOutcome::HitMemory));
    }
    let Wanted { key, floor, store_worth } = *wanted;
    if !uses_store(running.config.cache.strategy) || !store_worth {
        return None;
    }
    // A store that is away, slow to tell, or returns garbage is a miss: the executor is asked.
    let bytes = Kv::get(platform, &key.store_name()).await.ok()??;
    let entry = Rc::new(Entry::decode(&bytes, key.as_bytes())?);
    if !entry.is_servable(platform.now(), floor) {
        return None;
    }
    remember(running, key, &entry);
    Some((entry, CacheOutcome::HitStore))
}

/// The entry of the isolate's memory that may be served now.
pub(crate) fn look_in_memory<P: Platform>(platform: &P, running: &Running, wanted: &Wanted<'_>) -> Option<Rc<Entry>> {
    if !uses_memory(running.config.cache.strategy) {
        return None;
    }
    let entry = running.memory.borrow_mut().get(wanted.key)?;
    if entry.is_servable(platform.now(), wanted.floor) {
        return Some(entry);
    }
    running.memory.borrow_mut().remove(wanted.key);
    None
}

/// Keeps an entry in the isolate's memory.
pub(crate) fn remember(running: &Running, key: &CacheKey, entry: &Rc<Entry>) {
    if uses_memory(running.config.cache.strategy) {
        running.memory.borrow_mut().put(key.clone(), Rc::clone(entry));
    }
}

/// Keeps an entry in every tier that its life is long enough for. The store is written after the response.
pub fn store<P: Platform>(platform: &P, running: &Running, key: &CacheKey, entry: &Rc<Entry>, now: Timestamp) {
    let strategy = running.config.cache.strategy;
    let ttl = now.until(entry.expires_at);
    if uses_store(strategy) && ttl >= limits::STORE_TTL_MIN && entry.output.len() <= limits::STORE_ENTRY_BYTES {
        let (platform_, name, bytes) = (platform.clone(), key.store_name(), entry.encode(key.as_bytes()));
        platform.spawn(async move {
            if Kv::put(&platform_, &name, bytes, ttl).await.is_err() {
                tracing::debug!("cache_store_write_lost");
            }
        });
    }
    remember(running, key, entry);
}
