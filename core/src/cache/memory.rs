//! The tier in the isolate's memory: bounded in bytes, and what is pushed out first is the operator's choice.

use std::rc::Rc;

use lru::LruCache;

use super::entry::Entry;
use super::key::CacheKey;
use super::ranks::{PLACE_BYTES, Ranks, Standing};
use crate::cache::Eviction;

/// Entries by key, within a bound in bytes.
#[derive(Debug)]
pub struct Memory {
    /// In the order of their use.
    entries: LruCache<Rc<[u8]>, Held>,
    /// In the order of their worth, if that decides who goes first.
    ranks: Option<Ranks>,
    weight: usize,
    most: usize,
    /// Most entries at a time so far: the table has grown to them and does not shrink.
    peak: usize,
}

#[derive(Debug)]
struct Held {
    entry: Rc<Entry>,
    standing: Standing,
    /// How often it was got.
    hits: u32,
}

impl Memory {
    /// An empty tier that holds at most `most` bytes.
    #[must_use]
    pub fn new(most: usize, eviction: Eviction) -> Self {
        let ranks = match eviction {
            Eviction::Lru => None,
            Eviction::CostAware => Some(Ranks::default()),
        };
        Self { entries: LruCache::unbounded(), ranks, weight: 0, most, peak: 0 }
    }

    /// The entry under `key`, which becomes the most recently used; and how often it was got since it was put.
    pub fn get(&mut self, key: &CacheKey) -> Option<(Rc<Entry>, u32)> {
        let (key, held) = self.entries.get_key_value_mut(key.as_bytes())?;
        held.hits = held.hits.saturating_add(1);
        let got = (Rc::clone(&held.entry), held.hits);
        if let Some(ranks) = &mut self.ranks {
            ranks.hit(key, &mut held.standing);
            // It may be the first of its new rank, and ranks take room.
            self.settle();
        }
        Some(got)
    }

    /// The entry under `key`, as it lies there: looking at it is no use of it.
    #[must_use]
    pub fn peek(&self, key: &CacheKey) -> Option<Rc<Entry>> {
        self.entries.peek(key.as_bytes()).map(|held| Rc::clone(&held.entry))
    }

    /// Most bytes that are held.
    #[must_use]
    pub const fn bound(&self) -> usize {
        self.most
    }

    /// Keeps an entry, pushing out others, or itself if it is worth least; one larger than the whole bound is not kept.
    pub fn put(&mut self, key: CacheKey, entry: Rc<Entry>) {
        self.remove(&key);
        let weight = entry.weight(key.as_bytes());
        if weight > self.most {
            return;
        }
        let key: Rc<[u8]> = key.into_boxed().into();
        let standing = self.ranks.as_mut().map_or_else(Standing::default, |ranks| ranks.enter(&key, &entry, weight));
        self.weight = self.weight.saturating_add(weight);
        self.entries.put(key, Held { entry, standing, hits: 0 });
        self.peak = self.peak.max(self.entries.len());
        self.settle();
    }

    /// Drops the entry under `key`.
    pub fn remove(&mut self, key: &CacheKey) {
        let Some((key, held)) = self.entries.pop_entry(key.as_bytes()) else {
            return;
        };
        if let Some(ranks) = &mut self.ranks {
            ranks.leave(&key, &held.standing);
        }
        self.forget(&key, &held);
    }

    fn settle(&mut self) {
        while self.bytes() > self.most && self.push_out() {}
    }

    /// Drops the entry that is to go first; false if there is none.
    fn push_out(&mut self) -> bool {
        let first = match &mut self.ranks {
            None => self.entries.pop_lru(),
            Some(ranks) => ranks.pop_least().and_then(|key| self.entries.pop_entry(&key)),
        };
        first.inspect(|(key, held)| self.forget(key, held)).is_some()
    }

    fn forget(&mut self, key: &[u8], held: &Held) {
        self.weight = self.weight.saturating_sub(held.entry.weight(key));
    }

    /// Bytes held, bookkeeping and the room of what is gone included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let gone = self.peak.saturating_sub(self.entries.len()).saturating_mul(PLACE_BYTES);
        let ranks = self.ranks.as_ref().map_or(0, Ranks::bytes);
        self.weight.saturating_add(gone).saturating_add(ranks)
    }

    /// Entries held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
