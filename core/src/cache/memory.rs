//! The tier in the isolate's memory: least recently used goes first, bounded in bytes.

use std::rc::Rc;

use lru::LruCache;

use super::entry::Entry;
use super::key::CacheKey;

/// Entries by key, within a bound in bytes.
#[derive(Debug)]
pub struct Memory {
    entries: LruCache<Box<[u8]>, Rc<Entry>>,
    bytes: usize,
    most: usize,
}

impl Memory {
    /// An empty tier that holds at most `most` bytes.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { entries: LruCache::unbounded(), bytes: 0, most }
    }

    /// The entry under `key`, which becomes the most recently used.
    pub fn get(&mut self, key: &CacheKey) -> Option<Rc<Entry>> {
        self.entries.get(key.as_bytes()).map(Rc::clone)
    }

    /// Keeps an entry, pushing out the least recently used ones; one larger than the whole bound is not kept.
    pub fn put(&mut self, key: CacheKey, entry: Rc<Entry>) {
        self.remove(&key);
        let weight = entry.weight(key.as_bytes());
        if weight > self.most {
            return;
        }
        self.bytes = self.bytes.saturating_add(weight);
        self.entries.put(key.into_boxed(), entry);
        while self.bytes > self.most {
            let Some((key, entry)) = self.entries.pop_lru() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(entry.weight(&key));
        }
    }

    /// Drops the entry under `key`.
    pub fn remove(&mut self, key: &CacheKey) {
        if let Some((key, entry)) = self.entries.pop_entry(key.as_bytes()) {
            self.bytes = self.bytes.saturating_sub(entry.weight(&key));
        }
    }

    /// Bytes held.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
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
