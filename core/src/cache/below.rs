//! One isolate's record of the tiers below its memory: the absent, the failing, the recent writes and the lost ones.

use std::cell::{Cell, RefCell};

use super::tier::Tier;
use crate::words::limits;
use crate::words::maps::{LruMap, MapHasher};
use crate::words::time::Timestamp;

/// Holds an isolate's record of the tiers below memory. Shared, because background writes hold it too.
#[derive(Debug)]
pub(crate) struct Below {
    /// Tiers that this host does not have.
    absent: RefCell<Vec<Tier>>,
    /// Tiers that failed, each with the time of its last failure and the number of failures in a row.
    failed: RefCell<Vec<(Tier, Timestamp, u32)>>,
    /// Recent writes to the store by name, each with its time; the least recently written is forgotten first.
    written: RefCell<LruMap<String, Timestamp>>,
    /// A write was refused, and no record has reported it yet.
    is_write_lost: Cell<bool>,
    /// This isolate has created the table.
    pub(super) has_table: Cell<bool>,
}

impl Below {
    /// Creates the record of an isolate that has seen nothing yet.
    pub(super) fn new(hasher: &MapHasher) -> Self {
        Self {
            absent: RefCell::default(),
            failed: RefCell::default(),
            written: RefCell::new(hasher.lru()),
            is_write_lost: Cell::new(false),
            has_table: Cell::new(false),
        }
    }

    pub(super) fn has(&self, tier: Tier) -> bool {
        !self.absent.borrow().contains(&tier)
    }

    /// Notes that this host has no such tier; returns true the first time.
    pub(super) fn is_absent(&self, tier: Tier) -> bool {
        let is_news = self.has(tier);
        if is_news {
            self.absent.borrow_mut().push(tier);
        }
        is_news
    }

    /// Returns whether the tier is skipped: it failed more than once in a row, the last time a moment ago. A clock that
    /// was set back ends the pause.
    pub(super) fn rests(&self, tier: Tier, now: Timestamp) -> bool {
        let rests = |times: u32, at: Timestamp| {
            times >= limits::TIER_FAULTS_TO_REST && at <= now && now < at.after(limits::TIER_REST)
        };
        self.failed.borrow().iter().any(|(of, at, times)| *of == tier && rests(*times, *at))
    }

    /// Counts a failure or a timeout of the tier.
    pub(super) fn failed(&self, tier: Tier, now: Timestamp) {
        let before = self.failed.borrow().iter().find(|(of, ..)| *of == tier).map_or(0, |(.., times)| *times);
        self.answered(tier);
        self.failed.borrow_mut().push((tier, now, before.saturating_add(1)));
    }

    /// Resets the tier's failures.
    pub(super) fn answered(&self, tier: Tier) {
        self.failed.borrow_mut().retain(|(of, ..)| *of != tier);
    }

    /// Returns whether the store takes a write under this name now, and if so notes that write.
    pub(super) fn may_write(&self, name: &str, now: Timestamp) -> bool {
        let mut written = self.written.borrow_mut();
        if written.peek(name).is_some_and(|at| *at <= now && now < at.after(limits::STORE_WRITE_GAP)) {
            return false;
        }
        written.put(name.to_owned(), now);
        if written.len() > limits::STORE_WRITES_REMEMBERED {
            written.pop_lru();
        }
        true
    }

    pub(crate) fn lost_a_write(&self) {
        self.is_write_lost.set(true);
    }

    /// Returns whether a write was lost and not reported yet: true once per loss.
    pub(super) fn take_lost_write(&self) -> bool {
        self.is_write_lost.replace(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> Timestamp = Timestamp::from_millis;

    #[test]
    fn one_name_is_written_once_a_second_and_few_are_remembered() {
        let below = Below::new(&MapHasher::fixed());
        assert!(below.may_write("a", AT(5_000)) && below.may_write("b", AT(5_000)));
        assert!(!below.may_write("a", AT(5_999)));
        assert!(below.may_write("a", AT(6_000)));
        assert!(below.may_write("a", AT(1_000)), "the clock was set back");
        for name in 0..10_000 {
            below.may_write(&name.to_string(), AT(7_000));
        }
        assert_eq!(below.written.borrow().len(), limits::STORE_WRITES_REMEMBERED);
    }

    #[test]
    fn what_failed_twice_in_a_row_rests_for_a_second() {
        let below = Below::new(&MapHasher::fixed());
        let rests = |ms| below.rests(Tier::Store, AT(ms));
        below.failed(Tier::Store, AT(4_000));
        below.answered(Tier::Store);
        below.failed(Tier::Store, AT(4_500));
        assert!(!rests(4_500));
        below.failed(Tier::Store, AT(5_000));
        assert_eq!([4_999, 5_000, 5_999, 6_000].map(rests), [false, true, true, false]);
        assert!(!below.rests(Tier::Sql, AT(5_500)));
    }
}
