//! The tier in the isolate's memory: bounded in bytes, with the operator's choice of eviction.

use std::rc::Rc;

use super::entry::Entry;
use super::key::CacheKey;
use super::ranks::{EntryRank, PLACE_BYTES, Ranks};
use crate::cache::Eviction;
use crate::words::maps::{LruMap, MapHasher};

/// Holds entries by key, within a bound in bytes.
#[derive(Debug)]
pub struct Memory {
    /// Entries in the order of their use.
    entries: LruMap<Rc<[u8]>, MemoryEntry>,
    /// Keys in the order of their worth, for eviction by cost.
    ranks: Option<Ranks>,
    weight: usize,
    most: usize,
    /// Most entries at a time so far: the table has grown to hold them and does not shrink.
    peak: usize,
}

#[derive(Debug)]
struct MemoryEntry {
    entry: Rc<Entry>,
    standing: EntryRank,
    /// Hits since the entry was stored.
    hits: u32,
}

impl Memory {
    /// Creates an empty tier that holds at most `most` bytes.
    #[must_use]
    pub fn new(most: usize, eviction: Eviction, hasher: MapHasher) -> Self {
        let ranks = match eviction {
            Eviction::Lru => None,
            Eviction::CostAware => Some(Ranks::new(hasher.clone())),
        };
        Self { entries: hasher.lru(), ranks, weight: 0, most, peak: 0 }
    }

    /// Returns the entry under `key`, which becomes the most recently used, and the number of its hits since it was
    /// stored.
    pub fn get(&mut self, key: &CacheKey) -> Option<(Rc<Entry>, u32)> {
        let (key, held) = self.entries.get_key_value_mut(key.as_bytes())?;
        held.hits = held.hits.saturating_add(1);
        let got = (Rc::clone(&held.entry), held.hits);
        if let Some(ranks) = &mut self.ranks {
            ranks.hit(key, &mut held.standing);
            // It may be the first entry of its new rank, and ranks take memory.
            self.settle();
        }
        Some(got)
    }

    /// Returns the entry under `key` without counting as a use of it.
    #[must_use]
    pub fn peek(&self, key: &CacheKey) -> Option<Rc<Entry>> {
        self.entries.peek(key.as_bytes()).map(|held| Rc::clone(&held.entry))
    }

    /// Returns the bound in bytes.
    #[must_use]
    pub const fn bound(&self) -> usize {
        self.most
    }

    /// Stores an entry, evicting others, or itself if it is worth least; one larger than the whole bound is not stored.
    pub fn put(&mut self, key: CacheKey, entry: Rc<Entry>) {
        self.remove(&key);
        let weight = entry.weight(key.as_bytes());
        if weight > self.most {
            return;
        }
        let key: Rc<[u8]> = key.into_boxed().into();
        let standing = self.ranks.as_mut().map_or_else(EntryRank::default, |ranks| ranks.enter(&key, &entry, weight));
        self.weight = self.weight.saturating_add(weight);
        self.entries.put(key, MemoryEntry { entry, standing, hits: 0 });
        self.peak = self.peak.max(self.entries.len());
        self.settle();
    }

    /// Removes the entry under `key`.
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

    /// Evicts one entry; returns false if there is none.
    fn push_out(&mut self) -> bool {
        let first = match &mut self.ranks {
            None => self.entries.pop_lru(),
            Some(ranks) => ranks.pop_least().and_then(|key| self.entries.pop_entry(&key)),
        };
        first.inspect(|(key, held)| self.forget(key, held)).is_some()
    }

    fn forget(&mut self, key: &[u8], held: &MemoryEntry) {
        self.weight = self.weight.saturating_sub(held.entry.weight(key));
    }

    /// Returns the bytes held, bookkeeping and the slots of evicted entries included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let gone = self.peak.saturating_sub(self.entries.len()).saturating_mul(PLACE_BYTES);
        let ranks = self.ranks.as_ref().map_or(0, Ranks::bytes);
        self.weight.saturating_add(gone).saturating_add(ranks)
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether no entry is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
