//! What each tier holds under a key, for whoever asks about it and not for an answer: nothing becomes more recently used.

use std::rc::Rc;

use super::driver::{uses_memory, uses_store};
use super::{Entry, Wanted};
use crate::isolate::Running;
use crate::ports::{Kv, Platform};
use crate::time::Timestamp;

/// How an entry of a tier stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It would be served.
    Servable,
    /// Its life is over.
    Expired,
    /// It was made stale after it was kept.
    Invalidated,
    /// It says that it was kept later than now.
    FromTheFuture,
    /// There is none.
    Absent,
    /// The tier is not used for this key: by the strategy, or because the life of what is kept is too short for it.
    Unused,
    /// There is something that is no entry of this key.
    Unreadable,
    /// The store did not answer.
    Unavailable,
}

impl Standing {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Servable => "servable",
            Self::Expired => "expired",
            Self::Invalidated => "invalidated",
            Self::FromTheFuture => "from_the_future",
            Self::Absent => "absent",
            Self::Unused => "unused",
            Self::Unreadable => "unreadable",
            Self::Unavailable => "unavailable",
        }
    }

    fn of(entry: &Entry, now: Timestamp, floor: u64) -> Self {
        // Whether it is served is decided in one place; this only says why not.
        if entry.is_servable(now, floor) {
            Self::Servable
        } else if entry.epoch < floor {
            Self::Invalidated
        } else if now >= entry.expires_at {
            Self::Expired
        } else {
            Self::FromTheFuture
        }
    }
}

/// What a tier holds.
#[derive(Clone, Debug)]
pub struct Tier {
    /// How it stands.
    pub standing: Standing,
    /// The entry and the bytes that it takes there.
    pub entry: Option<(Rc<Entry>, usize)>,
}

impl Tier {
    const fn without(standing: Standing) -> Self {
        Self { standing, entry: None }
    }

    fn with(entry: Rc<Entry>, bytes: usize, now: Timestamp, floor: u64) -> Self {
        Self { standing: Standing::of(&entry, now, floor), entry: Some((entry, bytes)) }
    }
}

/// What both tiers hold under a key.
#[derive(Clone, Debug)]
pub struct Facts {
    /// This isolate's memory.
    pub memory: Tier,
    /// The edge store.
    pub store: Tier,
}

impl Facts {
    /// The entry that calls of other isolates would be answered with, too, if there is one: of the widest tier in use.
    #[must_use]
    pub fn servable(&self) -> Option<&Entry> {
        let tier = if self.store.standing == Standing::Unused { &self.memory } else { &self.store };
        let (entry, _) = tier.entry.as_ref().filter(|_| tier.standing == Standing::Servable)?;
        Some(entry)
    }
}

/// Looks into both tiers.
pub async fn inspect<P: Platform>(platform: &P, running: &Running, wanted: &Wanted<'_>) -> Facts {
    let strategy = running.config.cache.strategy;
    let (now, floor, key) = (platform.now(), wanted.floor, wanted.key);
    let held = running.memory.borrow().peek(key);
    let memory = match held {
        _ if !uses_memory(strategy) => Tier::without(Standing::Unused),
        None => Tier::without(Standing::Absent),
        Some(entry) => {
            let bytes = entry.weight(key.as_bytes());
            Tier::with(entry, bytes, now, floor)
        }
    };
    if !uses_store(strategy) || !wanted.store_worth {
        return Facts { memory, store: Tier::without(Standing::Unused) };
    }
    let store = match Kv::get(platform, &key.store_name()).await {
        Err(_) => Tier::without(Standing::Unavailable),
        Ok(None) => Tier::without(Standing::Absent),
        Ok(Some(bytes)) => match Entry::decode(&bytes, key.as_bytes()) {
            None => Tier::without(Standing::Unreadable),
            Some(entry) => Tier::with(Rc::new(entry), bytes.len(), platform.now(), floor),
        },
    };
    Facts { memory, store }
}
