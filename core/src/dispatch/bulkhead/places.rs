//! The calls in flight at one executor.

use std::collections::VecDeque;

use crate::words::limits::BULKHEAD_CALL_LOST;
use crate::words::time::Timestamp;

/// Holds the slots in use, in the order of entry. There are at most as many as the operator allows.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: VecDeque<(u64, Timestamp)>,
    next: u64,
}

/// A slot in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OccupiedSlot {
    /// A number that no other slot has.
    number: u64,
    /// The time of its entry.
    pub(super) since: Timestamp,
    /// See `Limit::entered`.
    pub(super) is_calm: bool,
}

impl Places {
    /// Returns the number of calls in flight.
    pub(super) fn in_flight(&self) -> u32 {
        u32::try_from(self.taken.len()).unwrap_or(u32::MAX)
    }

    /// Takes a slot. `is_calm` gets the number of calls then in flight.
    pub(super) fn take(&mut self, now: Timestamp, is_calm: impl FnOnce(u32) -> bool) -> OccupiedSlot {
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.taken.push_back((number, now));
        OccupiedSlot { number, since: now, is_calm: is_calm(self.in_flight()) }
    }

    /// Frees a slot, unless it is free already.
    pub(super) fn free(&mut self, place: OccupiedSlot) {
        if let Some(index) = self.taken.iter().position(|(number, _)| *number == place.number) {
            self.taken.remove(index);
        }
    }

    /// Frees the slots of requests that a host ended silently.
    pub(super) fn free_lost(&mut self, now: Timestamp) {
        // A clock that was set back must not keep them for ever.
        let latest = now.after(BULKHEAD_CALL_LOST);
        let is_lost = |since: Timestamp| now >= since.after(BULKHEAD_CALL_LOST) || since > latest;
        while self.taken.front().is_some_and(|(_, since)| is_lost(*since)) {
            self.taken.pop_front();
        }
    }
}

#[cfg(test)]
#[path = "places_tests.rs"]
mod tests;
