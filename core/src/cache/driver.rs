//! The order of the tiers: memory, the data centre's cache, the edge store, the SQL database.
//!
//! Whatever a tier returns is read by [`Entry::read`], which compares the whole key, and served only under the call's own
//! floor: no tier is trusted to have forgotten what it should.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use super::below::Below;
use super::tier::{Tier, TierFault};
use super::{CacheKey, CacheOutcome, Entry, table};
use crate::config::CacheStrategy;
use crate::isolate::Running;
use crate::limits;
use crate::ports::{EdgeCache, EdgeCacheError, Kv, Platform, SqlError};
use crate::time::{Millis, Timestamp};

/// What a look-up looks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The key.
    pub key: &'w CacheKey,
    /// The oldest version of the epochs that an entry may carry.
    pub floor: u64,
    /// The farthest tier that may have it.
    pub farthest: Tier,
}

/// The entry that may be served now, and the tier it came from, which then stands in the tiers above that one too. Memory
/// answers without any wait; the others together take [`limits::TIERS_TIMEOUT`] at most. `degraded` is told what was wrong
/// with them.
pub async fn look_up<P: Platform>(
    platform: &P,
    running: &Running,
    wanted: &Wanted<'_>,
    degraded: &mut Vec<&'static str>,
) -> Option<(Rc<Entry>, CacheOutcome)> {
    if let Some(entry) = look_in_memory(platform, running, wanted) {
        return Some((entry, CacheOutcome::HitMemory));
    }
    let below = &running.below;
    if below.take_lost_write() {
        TierFault::WriteLost.note(degraded);
    }
    let name = wanted.key.store_name();
    let mut left = limits::TIERS_TIMEOUT;
    for tier in Tier::BELOW_MEMORY {
        if tier > wanted.farthest || !below.has(tier) {
            continue;
        }
        let asked_at = platform.now();
        if below.rests(tier, asked_at) {
            TierFault::Resting.note(degraded);
            continue;
        }
        let read = within(platform, tier.timeout().min(left), read(platform, tier, &name)).await;
        let now = platform.now();
        left = left.saturating_sub(now.since(asked_at));
        let found = match read.unwrap_or(Err(Unanswered::Failed(TierFault::Slow))) {
            Ok(found) => {
                below.answered(tier);
                found.map(|bytes| servable(&bytes, wanted, now).map(|entry| (entry, bytes)))
            }
            Err(unanswered) => {
                unanswered.note(below, tier, now, degraded);
                None
            }
        };
        match found {
            None => {}
            Some(Err(fault)) => fault.note(degraded),
            Some(Ok((entry, bytes))) => {
                remember(running, wanted.key, &entry);
                let life = now.until(entry.expires_at);
                let above = tiers(below, wanted.farthest, life).into_iter().filter(|above| *above < tier).collect();
                let write = Write { name, tiers: above, expires: entry.expires_at };
                write_soon(platform, running, write, || bytes, degraded);
                return Some((entry, tier.hit()));
            }
        }
    }
    None
}

/// The entry of the isolate's memory that may be served now.
pub(crate) fn look_in_memory<P: Platform>(platform: &P, running: &Running, wanted: &Wanted<'_>) -> Option<Rc<Entry>> {
    let entry = running.memory.borrow_mut().get(wanted.key)?;
    if entry.is_servable(platform.now(), wanted.floor) {
        return Some(entry);
    }
    running.memory.borrow_mut().remove(wanted.key);
    None
}

/// Keeps an entry in the isolate's memory.
pub(crate) fn remember(running: &Running, key: &CacheKey, entry: &Rc<Entry>) {
    running.memory.borrow_mut().put(key.clone(), Rc::clone(entry));
}

/// Keeps an entry in every tier that its life is long enough for. All but memory are written after the response.
pub fn store<P: Platform>(
    platform: &P,
    running: &Running,
    strategy: CacheStrategy,
    key: &CacheKey,
    entry: &Rc<Entry>,
    degraded: &mut Vec<&'static str>,
) {
    let life = platform.now().until(entry.expires_at);
    let tiers = tiers(&running.below, Tier::farthest(strategy, life), life);
    let (name, expires) = (key.store_name(), entry.expires_at);
    let (key_, entry_) = (key.clone(), Rc::clone(entry));
    write_soon(platform, running, Write { name, tiers, expires }, move || entry_.encode(key_.as_bytes()), degraded);
    remember(running, key, entry);
}

/// The tiers below memory, as far as this one, that this host has and that take an entry with so much life left.
fn tiers(below: &Below, farthest: Tier, life: Millis) -> Vec<Tier> {
    let takes = |tier: &Tier| match tier {
        Tier::DataCentre => life >= limits::DATA_CENTRE_TTL_MIN,
        Tier::Memory | Tier::Store | Tier::Sql => life >= limits::STORE_TTL_MIN,
    };
    Tier::BELOW_MEMORY.into_iter().filter(|tier| *tier <= farthest && below.has(*tier) && takes(tier)).collect()
}

/// The entry of a stored form, if it may be served.
fn servable(bytes: &[u8], wanted: &Wanted<'_>, now: Timestamp) -> Result<Rc<Entry>, TierFault> {
    let entry = Entry::read(bytes, wanted.key.as_bytes())?;
    if entry.is_servable(now, wanted.floor) { Ok(Rc::new(entry)) } else { Err(TierFault::Stale) }
}

/// Why a tier gave no answer.
#[derive(Clone, Copy, Debug)]
enum Unanswered {
    /// It is there, and this was wrong.
    Failed(TierFault),
    /// This host has none.
    Absent,
}

impl From<SqlError> for Unanswered {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Unavailable => Self::Failed(TierFault::Away),
            SqlError::Unsupported => Self::Absent,
        }
    }
}

impl From<EdgeCacheError> for Unanswered {
    fn from(error: EdgeCacheError) -> Self {
        match error {
            EdgeCacheError::Unavailable => Self::Failed(TierFault::Away),
            EdgeCacheError::Unsupported => Self::Absent,
        }
    }
}

impl Unanswered {
    fn note(self, below: &Below, tier: Tier, now: Timestamp, degraded: &mut Vec<&'static str>) {
        match self {
            Self::Failed(fault) => {
                below.failed(tier, now);
                fault.note(degraded);
            }
            // A host without the data centre's cache is none the worse for it.
            Self::Absent => {
                if below.is_absent(tier) && tier == Tier::Sql {
                    tracing::warn!(features = "the tier `sql` of the cache", "sql_unsupported");
                    TierFault::SqlUnsupported.note(degraded);
                }
            }
        }
    }
}

async fn read<P: Platform>(platform: &P, tier: Tier, name: &str) -> Result<Option<Vec<u8>>, Unanswered> {
    match tier {
        Tier::Memory => Ok(None),
        Tier::DataCentre => Ok(EdgeCache::get(platform, name).await?),
        Tier::Store => Kv::get(platform, name).await.map_err(|_| Unanswered::Failed(TierFault::Away)),
        Tier::Sql => Ok(table::read(platform, name).await?),
    }
}

/// A stored form on its way into some tiers.
struct Write {
    name: String,
    tiers: Vec<Tier>,
    expires: Timestamp,
}

/// Writes what `bytes` makes, after the response and best effort: what is lost is a later miss.
fn write_soon<P: Platform>(
    platform: &P,
    running: &Running,
    write: Write,
    bytes: impl FnOnce() -> Vec<u8> + 'static,
    degraded: &mut Vec<&'static str>,
) {
    let Write { name, mut tiers, expires } = write;
    if tiers.contains(&Tier::Store) && !running.below.may_write(&name, platform.now()) {
        TierFault::WriteSkipped.note(degraded);
        tiers.retain(|tier| *tier != Tier::Store);
    }
    if tiers.is_empty() {
        return;
    }
    let (platform_, below) = (platform.clone(), Rc::clone(&running.below));
    platform.spawn(async move {
        let bytes = bytes();
        for tier in tiers {
            let takes = !bytes.is_empty() && bytes.len() <= tier.most_bytes();
            if takes && !put(&platform_, &below, tier, &name, bytes.clone(), expires).await {
                below.lost_a_write();
            }
        }
    });
}

/// Whether it was written, or there was nowhere to write it to.
async fn put<P: Platform>(
    platform: &P,
    below: &Below,
    tier: Tier,
    name: &str,
    bytes: Vec<u8>,
    expires: Timestamp,
) -> bool {
    let ttl = platform.now().until(expires);
    let written = match tier {
        Tier::Memory => Ok(()),
        Tier::DataCentre => EdgeCache::put(platform, name, bytes, ttl).await.map_err(Unanswered::from),
        Tier::Store => Kv::put(platform, name, bytes, ttl).await.map_err(|_| Unanswered::Failed(TierFault::Away)),
        Tier::Sql => table::write(platform, below, name, bytes, expires).await.map_err(Unanswered::from),
    };
    match written {
        Ok(()) => true,
        Err(Unanswered::Failed(_)) => false,
        Err(Unanswered::Absent) => {
            below.is_absent(tier);
            true
        }
    }
}

/// What `work` comes to, unless it takes longer than `span`.
async fn within<P: Platform, T>(platform: &P, span: Millis, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut late = pin!(platform.sleep(span));
    let first = poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => late.as_mut().poll(context).map(|()| None),
    });
    first.await
}
