//! The order of the tiers.

use std::rc::Rc;

use super::{CacheKey, CacheOutcome, Demand, Entry, Forward, Standing, Terms};
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

/// What a look-up looks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The key.
    pub key: &'w CacheKey,
    /// The oldest version of the epochs that an entry may carry.
    pub floor: u64,
    /// Whether the life of what is kept under the key is long enough for the edge store.
    pub store_worth: bool,
    /// What may answer the call.
    pub terms: Terms,
}

impl Wanted<'_> {
    /// Whether the entry answers the call as it is, without any more to be done.
    pub(crate) fn is_met_by(&self, entry: &Entry, now: Timestamp) -> bool {
        matches!(self.terms.standing(entry, now, self.floor), Standing::Fresh(_))
    }
}

/// An entry that may be served now.
#[derive(Debug)]
pub struct Hit {
    /// The entry.
    pub entry: Rc<Entry>,
    /// How the call met the cache.
    pub outcome: CacheOutcome,
    /// A demand of the caller's that the operator's bound overruled.
    pub overruled: Option<Demand>,
    /// Whether it should be fetched anew: it is past its time, or it is asked for often and its time is nearly over.
    pub wants_refresh: bool,
}

/// Nothing that may be served.
#[derive(Debug, Default)]
pub struct Missed {
    /// Why the executor is asked.
    pub forward: Forward,
    /// What is served if that fails.
    pub spare: Option<Rc<Entry>>,
}

impl Missed {
    /// What an entry is to the call, found in a tier after others.
    fn weigh(&mut self, wanted: &Wanted<'_>, entry: Rc<Entry>, now: Timestamp, tier: Tier, hits: u32) -> Option<Hit> {
        let standing = wanted.terms.standing(&entry, now, wanted.floor);
        let (outcome, overruled, wants_refresh) = match standing {
            Standing::Fresh(overruled) => {
                let is_hot = wanted.terms.life.refresh_ahead && hits >= limits::REFRESH_AHEAD_HITS;
                (tier.fresh(), overruled, is_hot && entry.is_nearly_over(now))
            }
            Standing::Stale => (tier.stale(), None, true),
            Standing::Spare => {
                *self = Self { forward: Forward::Stale, spare: Some(entry) };
                return None;
            }
            Standing::Unfit(forward) => {
                self.forward = forward;
                return None;
            }
            Standing::Dead => return None,
        };
        // Who asks for what is kept alone asks that nobody else be asked.
        let wants_refresh = wants_refresh && !wanted.terms.asked.only_if_cached;
        Some(Hit { entry, outcome, overruled, wants_refresh })
    }
}

/// Where an entry was found.
#[derive(Clone, Copy)]
enum Tier {
    Memory,
    Store,
}

impl Tier {
    const fn fresh(self) -> CacheOutcome {
        match self {
            Self::Memory => CacheOutcome::HitMemory,
            Self::Store => CacheOutcome::HitStore,
        }
    }

    const fn stale(self) -> CacheOutcome {
        match self {
            Self::Memory => CacheOutcome::StaleMemory,
            Self::Store => CacheOutcome::StaleStore,
        }
    }
}

/// The entry that may be served now. The nearer tier answers without any wait, also with what is past its time: whoever fetches
/// that anew looks into the other one first.
///
/// # Errors
/// Why there is none.
pub async fn look_up<P: Platform>(platform: &P, running: &Running, wanted: &Wanted<'_>) -> Result<Hit, Missed> {
    let mut missed = Missed::default();
    let mut known = None;
    if let Some((entry, hits)) = in_memory(platform, running, wanted) {
        known = Some(entry.stored_at);
        if let Some(hit) = missed.weigh(wanted, entry, platform.now(), Tier::Memory, hits) {
            return Ok(hit);
        }
    }
    if uses_store(running.config.cache.strategy)
        && wanted.store_worth
        && let Some(entry) = in_store(platform, wanted.key).await
        // The store may tell what is older than what it was told.
        && known.is_none_or(|known| entry.stored_at > known)
    {
        let now = platform.now();
        if entry.is_usable(now, wanted.floor) {
            remember(running, wanted.key, &entry);
        }
        if let Some(hit) = missed.weigh(wanted, entry, now, Tier::Store, 0) {
            return Ok(hit);
        }
    }
    Err(missed)
}

/// A store that is away, slow to tell, or returns garbage is a miss: the executor is asked.
async fn in_store<P: Platform>(platform: &P, key: &CacheKey) -> Option<Rc<Entry>> {
    let bytes = Kv::get(platform, &key.store_name()).await.ok()??;
    Entry::decode(&bytes, key.as_bytes()).map(Rc::new)
}

/// The entry of the isolate's memory, if it is of any use, and how often it was got.
fn in_memory<P: Platform>(platform: &P, running: &Running, wanted: &Wanted<'_>) -> Option<(Rc<Entry>, u32)> {
    if !uses_memory(running.config.cache.strategy) {
        return None;
    }
    let got = running.memory.borrow_mut().get(wanted.key)?;
    if got.0.is_usable(platform.now(), wanted.floor) {
        return Some(got);
    }
    running.memory.borrow_mut().remove(wanted.key);
    None
}

/// The entry of the isolate's memory that answers the call as it is.
pub(crate) fn look_in_memory<P: Platform>(platform: &P, running: &Running, wanted: &Wanted<'_>) -> Option<Rc<Entry>> {
    let (entry, _) = in_memory(platform, running, wanted)?;
    wanted.is_met_by(&entry, platform.now()).then_some(entry)
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
    let life = now.until(entry.stale_until);
    if uses_store(strategy) && life >= limits::STORE_TTL_MIN && entry.output.len() <= limits::STORE_ENTRY_BYTES {
        let (platform_, name, bytes) = (platform.clone(), key.store_name(), entry.encode(key.as_bytes()));
        platform.spawn(async move {
            if Kv::put(&platform_, &name, bytes, life).await.is_err() {
                tracing::debug!("cache_store_write_lost");
            }
        });
    }
    remember(running, key, entry);
}
