//! The entries that each tier holds under a key, for the admin API and for warming: a look does not count as a use.

use std::rc::Rc;

use super::reach::Questions;
use super::tier::{Tier, TierFault};
use super::{Cache, Entry, Wanted};
use crate::ports::Platform;
use crate::words::time::Timestamp;

/// Classifies an entry of a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Fresh: it would be served.
    Servable,
    /// Stale: it is served while it is revalidated, or on an executor's failure, as the rules say.
    Stale,
    /// Past all use, also as a stale response.
    Expired,
    /// Invalidated after it was stored.
    Invalidated,
    /// Stored at a time later than now.
    FromTheFuture,
    /// No entry.
    Absent,
    /// The tier is not used for this key: by the strategy, because the entry's lifetime is too short for it, or because
    /// the host has no such tier.
    Unused,
    /// Bytes that are no entry of this key.
    Unreadable(TierFault),
    /// The tier did not answer in time, or was skipped because it failed a moment ago.
    Unavailable,
}

impl Condition {
    /// Returns the name in responses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Servable => "servable",
            Self::Stale => "stale",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
            Self::FromTheFuture => "from_the_future",
            Self::Absent => "absent",
            Self::Unused => "unused",
            Self::Unreadable(_) => "unreadable",
            Self::Unavailable => "unavailable",
        }
    }

    fn of(entry: &Entry, now: Timestamp, floor: u64) -> Self {
        // Another function decides what is served; this one only names the reason for the rest.
        if entry.is_servable(now, floor) {
            Self::Servable
        } else if entry.is_usable(now, floor) {
            Self::Stale
        } else if entry.epoch < floor {
            Self::Invalidated
        } else if now >= entry.stale_until {
            Self::Expired
        } else {
            Self::FromTheFuture
        }
    }
}

/// Holds the content of a tier under a key.
#[derive(Clone, Debug)]
pub struct TierContent {
    /// The state of its entry.
    pub condition: Condition,
    /// The entry, and its bytes in that tier.
    pub entry: Option<(Rc<Entry>, usize)>,
}

impl TierContent {
    const fn without(condition: Condition) -> Self {
        Self { condition, entry: None }
    }

    fn with(entry: Rc<Entry>, bytes: usize, now: Timestamp, floor: u64) -> Self {
        Self { condition: Condition::of(&entry, now, floor), entry: Some((entry, bytes)) }
    }
}

/// Holds the content of all tiers under a key, from near to far.
#[derive(Clone, Debug)]
pub struct CacheInspection(pub Vec<(Tier, TierContent)>);

impl CacheInspection {
    /// Returns the servable entry that calls of other isolates would be served too, if there is one: of the edge store
    /// or the database; if neither is used, of the widest tier that is.
    #[must_use]
    pub fn servable(&self) -> Option<&Entry> {
        let used = |(_, held): &&(Tier, TierContent)| held.condition != Condition::Unused;
        let widest = self.0.iter().filter(used).map(|(tier, _)| *tier).max()?;
        let at_least = widest.min(Tier::Store);
        let servable = |(tier, held): &&(Tier, TierContent)| *tier >= at_least && held.condition == Condition::Servable;
        let (entry, _) = self.0.iter().find(servable)?.1.entry.as_ref()?;
        Some(entry)
    }

    /// Returns whether any tier holds a servable or stale entry.
    #[must_use]
    pub fn holds_any(&self) -> bool {
        self.0.iter().any(|(_, held)| matches!(held.condition, Condition::Servable | Condition::Stale))
    }
}

/// Looks into every tier, those below memory within the time that a call would wait for them.
pub async fn inspect<P: Platform>(platform: &P, cache: &Cache, wanted: &Wanted<'_>) -> CacheInspection {
    let held = cache.memory.borrow().peek(wanted.key);
    let memory = held.map_or(TierContent::without(Condition::Absent), |entry| {
        let bytes = entry.weight(wanted.key.as_bytes());
        TierContent::with(entry, bytes, platform.now(), wanted.floor)
    });
    let mut facts = vec![(Tier::Memory, memory)];
    let mut questions = Questions::about(wanted.key);
    for tier in Tier::BELOW_MEMORY {
        let held = if tier > wanted.farthest {
            TierContent::without(Condition::Unused)
        } else {
            in_tier(platform, cache, wanted, &mut questions, tier).await
        };
        facts.push((tier, held));
    }
    CacheInspection(facts)
}

async fn in_tier<P: Platform>(
    platform: &P,
    cache: &Cache,
    wanted: &Wanted<'_>,
    questions: &mut Questions,
    tier: Tier,
) -> TierContent {
    let mut faults = Vec::new();
    let found = questions.ask(platform, &cache.below, tier, &mut faults).await;
    let Some(bytes) = found else {
        // A tier that the host lacks is noted as absent when it is asked.
        return TierContent::without(if !cache.below.has(tier) {
            Condition::Unused
        } else if faults.is_empty() {
            Condition::Absent
        } else {
            Condition::Unavailable
        });
    };
    match Entry::read(&bytes, wanted.key.as_bytes()) {
        Err(fault) => TierContent::without(Condition::Unreadable(fault)),
        Ok(entry) => TierContent::with(Rc::new(entry), bytes.len(), platform.now(), wanted.floor),
    }
}
