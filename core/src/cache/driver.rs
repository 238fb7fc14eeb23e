//! The look-up through the tiers: memory, the data centre's cache, the edge store, the SQL database.
//!
//! Everything that a tier returns is read by [`Entry::read`], which compares the whole key, and served only under the
//! call's own floor and on its own terms: no tier is trusted to have forgotten what it should.

use std::rc::Rc;

use super::reach::{Questions, TierEntry, fill_above};
use super::tier::{Tier, TierFault};
use super::{Cache, CacheKey, CacheOutcome, Demand, Entry, Forward, Freshness, Terms};
use crate::ports::Platform;
use crate::words::limits;
use crate::words::time::Timestamp;

/// Describes the entry that a call looks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// The key.
    pub key: &'w CacheKey,
    /// The oldest version of the epochs that an entry may carry.
    pub floor: u64,
    /// The farthest tier that may have it.
    pub farthest: Tier,
    /// The terms on which a stored response may answer the call.
    pub terms: Terms,
}

impl Wanted<'_> {
    /// Returns whether the entry is fresh for the call, with nothing more to be done.
    pub(crate) fn is_met_by(&self, entry: &Entry, now: Timestamp) -> bool {
        matches!(self.terms.freshness(entry, now, self.floor), Freshness::Fresh(_))
    }
}

/// Holds an entry that may be served now.
#[derive(Debug)]
pub struct Hit {
    /// The entry.
    pub entry: Rc<Entry>,
    /// The outcome for records and metrics.
    pub outcome: CacheOutcome,
    /// The caller's demand that the operator's bound overruled, if any.
    pub overruled: Option<Demand>,
    /// Refresh it in the background: it is stale, or it is requested often and nearly stale.
    pub wants_refresh: bool,
}

/// Holds the result of a miss.
#[derive(Debug, Default)]
pub struct Missed {
    /// The reason for asking the executor.
    pub forward: Forward,
    /// The stale response to serve if the executor fails.
    pub stale: Option<Rc<Entry>>,
}

impl Missed {
    /// Judges an entry found in a tier, after those of nearer tiers: returns the hit, or notes the reason for the miss.
    fn weigh(&mut self, wanted: &Wanted<'_>, entry: Rc<Entry>, now: Timestamp, tier: Tier, hits: u32) -> Option<Hit> {
        let freshness = wanted.terms.freshness(&entry, now, wanted.floor);
        let (outcome, overruled, wants_refresh) = match freshness {
            Freshness::Fresh(overruled) => {
                let is_hot = wanted.terms.life.refresh_ahead && hits >= limits::REFRESH_AHEAD_HITS;
                (tier.fresh(), overruled, is_hot && entry.is_nearly_over(now))
            }
            Freshness::StaleWhileRevalidate => (tier.stale(), None, true),
            Freshness::StaleIfError => {
                *self = Self { forward: Forward::Stale, stale: Some(entry) };
                return None;
            }
            Freshness::Rejected(forward) => {
                self.forward = forward;
                return None;
            }
            Freshness::Expired => return None,
        };
        // A caller that asks for `only-if-cached` asks that no executor be called for it.
        let wants_refresh = wants_refresh && !wanted.terms.asked.only_if_cached;
        Some(Hit { entry, outcome, overruled, wants_refresh })
    }
}

/// Returns the entry that may be served now. Memory answers without any wait; the other tiers together take
/// [`limits::TIERS_TIMEOUT`] at most. The nearest tier with a servable entry answers, even with a stale one: its
/// refresh looks into the farther tiers first. Faults of the tiers are added to `degraded`.
///
/// # Errors
/// [`Missed`], with the reason.
pub async fn look_up<P: Platform>(
    platform: &P,
    cache: &Cache,
    wanted: &Wanted<'_>,
    degraded: &mut Vec<&'static str>,
) -> Result<Hit, Missed> {
    let mut missed = Missed::default();
    if let Some((entry, hits)) = in_memory(platform, cache, wanted)
        && let Some(hit) = missed.weigh(wanted, entry, platform.now(), Tier::Memory, hits)
    {
        return Ok(hit);
    }
    if cache.below.take_lost_write() {
        TierFault::WriteLost.note(degraded);
    }
    let mut questions = Questions::about(wanted.key);
    for tier in Tier::BELOW_MEMORY.into_iter().filter(|tier| *tier <= wanted.farthest) {
        let Some(bytes) = questions.ask(platform, &cache.below, tier, degraded).await else {
            continue;
        };
        let now = platform.now();
        let entry = match usable(&bytes, wanted, now) {
            Ok(entry) => entry,
            Err(fault) => {
                fault.note(degraded);
                continue;
            }
        };
        // A farther tier may hold an older entry than memory does, or than another call stored there meanwhile. An
        // unusable one in memory must not hide this one.
        let is_newer = |held: &Rc<Entry>| held.stored_at > entry.stored_at && held.is_usable(now, wanted.floor);
        let newer = cache.memory.borrow().peek(wanted.key).filter(is_newer);
        if let Some(newer) = newer {
            if let Some(hit) = missed.weigh(wanted, newer, now, Tier::Memory, 0) {
                return Ok(hit);
            }
            continue;
        }
        cache.remember(wanted.key, &entry);
        let (is_fresh, stale_until) = (now < entry.expires_at, entry.stale_until);
        if let Some(hit) = missed.weigh(wanted, entry, now, tier, 0) {
            // A stale entry is about to be replaced in the nearer tiers too.
            if is_fresh {
                fill_above(platform, cache, wanted.key, TierEntry { tier, bytes, stale_until }, degraded);
            }
            return Ok(hit);
        }
    }
    Err(missed)
}

/// Reads the entry of a stored form, if it is usable.
fn usable(bytes: &[u8], wanted: &Wanted<'_>, now: Timestamp) -> Result<Rc<Entry>, TierFault> {
    let entry = Entry::read(bytes, wanted.key.as_bytes())?;
    if entry.is_usable(now, wanted.floor) { Ok(Rc::new(entry)) } else { Err(TierFault::Stale) }
}

/// Returns the usable entry of the isolate's memory, and the number of its hits.
fn in_memory<P: Platform>(platform: &P, cache: &Cache, wanted: &Wanted<'_>) -> Option<(Rc<Entry>, u32)> {
    let got = cache.memory.borrow_mut().get(wanted.key)?;
    if got.0.is_usable(platform.now(), wanted.floor) {
        return Some(got);
    }
    cache.memory.borrow_mut().remove(wanted.key);
    None
}

/// Returns the entry of the isolate's memory that is fresh for the call.
pub(crate) fn look_in_memory<P: Platform>(platform: &P, cache: &Cache, wanted: &Wanted<'_>) -> Option<Rc<Entry>> {
    let (entry, _) = in_memory(platform, cache, wanted)?;
    wanted.is_met_by(&entry, platform.now()).then_some(entry)
}
