//! What each tier holds under a key, for whoever asks about it and not for an answer: nothing becomes more recently used.

use std::rc::Rc;

use super::reach::Questions;
use super::tier::{Tier, TierFault};
use super::{Cache, Entry, Wanted};
use crate::ports::Platform;
use crate::words::time::Timestamp;

/// How an entry of a tier stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It would be served.
    Servable,
    /// Its time is over: it is served while it is fetched anew, or where the executor fails, as the rules say.
    Stale,
    /// It is of no use any more.
    Expired,
    /// It was made stale after it was kept.
    Invalidated,
    /// It says that it was kept later than now.
    FromTheFuture,
    /// There is none.
    Absent,
    /// The tier is not used for this key: by the strategy, as the life of what is kept is too short for it, or as the host has
    /// none.
    Unused,
    /// There is something that is no entry of this key.
    Unreadable(TierFault),
    /// The tier did not answer in its time, or failed a moment ago and was not asked.
    Unavailable,
}

impl Condition {
    /// The name in answers.
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
        // Whether it is served is decided in one place; this only says why not.
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

/// What a tier holds.
#[derive(Clone, Debug)]
pub struct Held {
    /// How it stands.
    pub condition: Condition,
    /// The entry and the bytes that it takes there.
    pub entry: Option<(Rc<Entry>, usize)>,
}

impl Held {
    const fn without(condition: Condition) -> Self {
        Self { condition, entry: None }
    }

    fn with(entry: Rc<Entry>, bytes: usize, now: Timestamp, floor: u64) -> Self {
        Self { condition: Condition::of(&entry, now, floor), entry: Some((entry, bytes)) }
    }
}

/// What the tiers hold under a key, from near to far.
#[derive(Clone, Debug)]
pub struct Facts(pub Vec<(Tier, Held)>);

impl Facts {
    /// The entry that calls of other isolates would be answered with, too, if there is one: of the edge store or the database;
    /// where neither is used, of the widest tier that is.
    #[must_use]
    pub fn servable(&self) -> Option<&Entry> {
        let used = |(_, held): &&(Tier, Held)| held.condition != Condition::Unused;
        let widest = self.0.iter().filter(used).map(|(tier, _)| *tier).max()?;
        let at_least = widest.min(Tier::Store);
        let servable = |(tier, held): &&(Tier, Held)| *tier >= at_least && held.condition == Condition::Servable;
        let (entry, _) = self.0.iter().find(servable)?.1.entry.as_ref()?;
        Some(entry)
    }

    /// Whether some tier holds what a call might be answered with.
    #[must_use]
    pub fn holds_any(&self) -> bool {
        self.0.iter().any(|(_, held)| matches!(held.condition, Condition::Servable | Condition::Stale))
    }
}

/// Looks into every tier, those below memory within the time that a call would wait for them.
pub async fn inspect<P: Platform>(platform: &P, cache: &Cache, wanted: &Wanted<'_>) -> Facts {
    let held = cache.memory.borrow().peek(wanted.key);
    let memory = held.map_or(Held::without(Condition::Absent), |entry| {
        let bytes = entry.weight(wanted.key.as_bytes());
        Held::with(entry, bytes, platform.now(), wanted.floor)
    });
    let mut facts = vec![(Tier::Memory, memory)];
    let mut questions = Questions::about(wanted.key);
    for tier in Tier::BELOW_MEMORY {
        let held = if tier > wanted.farthest {
            Held::without(Condition::Unused)
        } else {
            in_tier(platform, cache, wanted, &mut questions, tier).await
        };
        facts.push((tier, held));
    }
    Facts(facts)
}

async fn in_tier<P: Platform>(
    platform: &P,
    cache: &Cache,
    wanted: &Wanted<'_>,
    questions: &mut Questions,
    tier: Tier,
) -> Held {
    let mut faults = Vec::new();
    let found = questions.ask(platform, &cache.below, tier, &mut faults).await;
    let Some(bytes) = found else {
        // A tier that the host does not have says so when it is asked.
        return Held::without(if !cache.below.has(tier) {
            Condition::Unused
        } else if faults.is_empty() {
            Condition::Absent
        } else {
            Condition::Unavailable
        });
    };
    match Entry::read(&bytes, wanted.key.as_bytes()) {
        Err(fault) => Held::without(Condition::Unreadable(fault)),
        Ok(entry) => Held::with(Rc::new(entry), bytes.len(), platform.now(), wanted.floor),
    }
}
