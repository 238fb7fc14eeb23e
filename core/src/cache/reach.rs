//! Reads from and writes to the tiers below memory: each read has a timeout, and writes follow the response.

use std::pin::pin;
use std::rc::Rc;

use super::below::Below;
use super::tier::{Tier, TierFault};
use super::{Cache, CacheKey, Entry, table};
use crate::cache::CacheStrategy;
use crate::ports::{EdgeCache, EdgeCacheError, Kv, Platform, SqlError};
use crate::words::time::{Millis, Timestamp};
use crate::words::{futures, limits};

/// Holds the reads of one look-up, which together take [`limits::TIERS_TIMEOUT`] at most.
pub(super) struct Questions {
    name: String,
    left: Millis,
}

impl Questions {
    pub(super) fn about(key: &CacheKey) -> Self {
        Self { name: key.store_name(), left: limits::TIERS_TIMEOUT }
    }

    /// Reads the key's bytes from a tier. An absent tier is not asked, nor one that failed a moment ago; faults are
    /// added to `degraded`.
    pub(super) async fn ask<P: Platform>(
        &mut self,
        platform: &P,
        below: &Below,
        tier: Tier,
        degraded: &mut Vec<&'static str>,
    ) -> Option<Vec<u8>> {
        if !below.has(tier) {
            return None;
        }
        let Self { name, left } = self;
        let asked_at = platform.now();
        if below.rests(tier, asked_at) {
            TierFault::Resting.note(degraded);
            return None;
        }
        let read = within(platform, tier.timeout().min(*left), read(platform, tier, name)).await;
        let now = platform.now();
        *left = left.saturating_sub(now.since(asked_at));
        match read.unwrap_or(Err(TierFailure::Failed(TierFault::Slow))) {
            Ok(found) => {
                below.answered(tier);
                found
            }
            Err(unanswered) => {
                unanswered.note(below, tier, now, degraded);
                None
            }
        }
    }
}

/// Holds an entry as a tier gave it.
pub(super) struct TierEntry {
    /// The tier.
    pub(super) tier: Tier,
    /// The stored form.
    pub(super) bytes: Vec<u8>,
    /// The end of its last use.
    pub(super) stale_until: Timestamp,
}

/// Copies a tier's entry into the tiers above it, as far as its remaining lifetime is long enough for them.
pub(super) fn fill_above<P: Platform>(
    platform: &P,
    cache: &Cache,
    key: &CacheKey,
    TierEntry { tier, bytes, stale_until }: TierEntry,
    degraded: &mut Vec<&'static str>,
) {
    let life = platform.now().until(stale_until);
    let above = tiers(&cache.below, tier, life).into_iter().filter(|above| *above < tier).collect();
    let write = Write { name: key.store_name(), tiers: above, stale_until };
    write_soon(platform, cache, write, || bytes, degraded);
}

/// Stores an entry in every tier that its lifetime, the stale windows included, is long enough for. All but memory are
/// written after the response. The lifetime is counted from the time of storing, as a look-up counts it: counted a
/// millisecond later, an entry that lives exactly as long as a tier requires would be looked for in that tier, and not
/// be there.
pub(crate) fn store<P: Platform>(
    platform: &P,
    cache: &Cache,
    strategy: CacheStrategy,
    key: &CacheKey,
    entry: &Rc<Entry>,
    degraded: &mut Vec<&'static str>,
) {
    let stale_until = entry.stale_until;
    let life = entry.stored_at.until(stale_until);
    let tiers = tiers(&cache.below, Tier::farthest(strategy, life), life);
    let write = Write { name: key.store_name(), tiers, stale_until };
    let (key_, entry_) = (key.clone(), Rc::clone(entry));
    write_soon(platform, cache, write, move || entry_.encode(key_.as_bytes()), degraded);
    cache.remember(key, entry);
}

/// Returns the tiers below memory, as far as this one, that this host has and that take an entry with this remaining
/// lifetime.
fn tiers(below: &Below, farthest: Tier, life: Millis) -> Vec<Tier> {
    let takes = |tier: &Tier| match tier {
        Tier::DataCentre => life >= limits::DATA_CENTRE_TTL_MIN,
        Tier::Memory | Tier::Store | Tier::Sql => life >= limits::STORE_TTL_MIN,
    };
    Tier::BELOW_MEMORY.into_iter().filter(|tier| *tier <= farthest && below.has(*tier) && takes(tier)).collect()
}

/// Names the reason for which a tier did not answer.
#[derive(Clone, Copy, Debug)]
enum TierFailure {
    /// The tier exists and had this fault.
    Failed(TierFault),
    /// This host has no such tier.
    Absent,
}

impl From<SqlError> for TierFailure {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Unavailable => Self::Failed(TierFault::Away),
            SqlError::Unsupported => Self::Absent,
        }
    }
}

impl From<EdgeCacheError> for TierFailure {
    fn from(error: EdgeCacheError) -> Self {
        match error {
            EdgeCacheError::Unavailable => Self::Failed(TierFault::Away),
            EdgeCacheError::Unsupported => Self::Absent,
        }
    }
}

impl TierFailure {
    fn note(self, below: &Below, tier: Tier, now: Timestamp, degraded: &mut Vec<&'static str>) {
        match self {
            Self::Failed(fault) => {
                below.failed(tier, now);
                fault.note(degraded);
            }
            // A host without the data centre's cache is not degraded by that.
            Self::Absent => {
                if below.is_absent(tier) && tier == Tier::Sql {
                    tracing::warn!(features = "the tier `sql` of the cache", "sql_unsupported");
                    TierFault::SqlUnsupported.note(degraded);
                }
            }
        }
    }
}

async fn read<P: Platform>(platform: &P, tier: Tier, name: &str) -> Result<Option<Vec<u8>>, TierFailure> {
    match tier {
        Tier::Memory => Ok(None),
        Tier::DataCentre => Ok(EdgeCache::get(platform, name).await?),
        Tier::Store => Kv::get(platform, name).await.map_err(|_| TierFailure::Failed(TierFault::Away)),
        Tier::Sql => Ok(table::read(platform, name).await?),
    }
}

/// A stored form on its way into some tiers.
struct Write {
    name: String,
    tiers: Vec<Tier>,
    stale_until: Timestamp,
}

/// Writes the result of `bytes` after the response, best effort: a lost write is a later miss.
fn write_soon<P: Platform>(
    platform: &P,
    cache: &Cache,
    write: Write,
    bytes: impl FnOnce() -> Vec<u8> + 'static,
    degraded: &mut Vec<&'static str>,
) {
    let Write { name, mut tiers, stale_until } = write;
    if tiers.contains(&Tier::Store) && !cache.below.may_write(&name, platform.now()) {
        TierFault::WriteSkipped.note(degraded);
        tiers.retain(|tier| *tier != Tier::Store);
    }
    if tiers.is_empty() {
        return;
    }
    let (platform_, below) = (platform.clone(), Rc::clone(&cache.below));
    platform.spawn(async move {
        let bytes = bytes();
        for tier in tiers {
            let takes = !bytes.is_empty() && bytes.len() <= tier.most_bytes();
            if takes && !put(&platform_, &below, tier, &name, bytes.clone(), stale_until).await {
                below.lost_a_write();
            }
        }
    });
}

/// Returns whether the bytes were written, or the host has no such tier.
async fn put<P: Platform>(
    platform: &P,
    below: &Below,
    tier: Tier,
    name: &str,
    bytes: Vec<u8>,
    stale_until: Timestamp,
) -> bool {
    let ttl = platform.now().until(stale_until);
    let written = match tier {
        Tier::Memory => Ok(()),
        Tier::DataCentre => {
            // Its lifetime was long enough when the entry was stored.
            let ttl = ttl.max(limits::DATA_CENTRE_TTL_MIN);
            EdgeCache::put(platform, name, bytes, ttl).await.map_err(TierFailure::from)
        }
        Tier::Store => Kv::put(platform, name, bytes, ttl).await.map_err(|_| TierFailure::Failed(TierFault::Away)),
        Tier::Sql => table::write(platform, below, name, bytes, stale_until).await.map_err(TierFailure::from),
    };
    match written {
        Ok(()) => true,
        Err(TierFailure::Failed(_)) => false,
        Err(TierFailure::Absent) => {
            below.is_absent(tier);
            true
        }
    }
}

/// Awaits `work` for at most `span`; `None` on a timeout.
async fn within<P: Platform, T>(platform: &P, span: Millis, work: impl Future<Output = T>) -> Option<T> {
    futures::within(pin!(platform.sleep(span)), pin!(work)).await
}
