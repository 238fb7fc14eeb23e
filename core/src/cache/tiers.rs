//! The cache of one isolate.

use std::cell::RefCell;
use std::rc::Rc;

use super::below::Below;
use super::flight::Flights;
use super::refreshes::Refreshes;
use super::{CacheKey, CacheRules, Entry, Memory};
use crate::words::maps::MapHasher;

/// Holds an isolate's memory tier, its record of the tiers below, and the flights and refreshes under way.
#[derive(Debug)]
pub struct Cache {
    /// The operator's rules.
    pub rules: Rc<CacheRules>,
    pub(crate) memory: RefCell<Memory>,
    pub(crate) below: Rc<Below>,
    pub(crate) flights: Flights,
    pub(crate) refreshes: Refreshes,
}

impl Cache {
    /// Creates an empty cache. Its calls are numbered from `first_number` on, which must be random.
    pub(crate) fn new(rules: Rc<CacheRules>, first_number: u64, hasher: MapHasher) -> Self {
        Self {
            memory: RefCell::new(Memory::new(rules.memory_bytes, rules.eviction, hasher.clone())),
            below: Rc::new(Below::new(&hasher)),
            flights: Flights::new(first_number, hasher),
            refreshes: Refreshes::default(),
            rules,
        }
    }

    /// Stores an entry in the isolate's memory.
    pub(crate) fn remember(&self, key: &CacheKey, entry: &Rc<Entry>) {
        self.memory.borrow_mut().put(key.clone(), Rc::clone(entry));
    }
}
