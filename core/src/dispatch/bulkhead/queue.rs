//! The queue before one executor: by priority, then first come, first served.

use crate::words::limits::BULKHEAD_QUEUE;
use crate::words::modes::Priority;
use crate::words::time::{Millis, Timestamp};

/// A waiter overdue by this time is not counted on: its request may have ended silently.
const LATE: Millis = Millis::new(250);
/// The longest time between two looks. A look further away was planned before the clock was set back.
const LOOK_LATEST: Millis = Millis::from_secs(60);

/// Holds the waiting calls: at most [`BULKHEAD_QUEUE`], in order.
#[derive(Debug, Default)]
pub(super) struct WaitQueue {
    waiters: Vec<Waiter>,
    next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    /// Its number, raised with each newcomer.
    number: u64,
    priority: Priority,
    /// The time of its next look.
    looks: Timestamp,
    /// Its deadline.
    until: Timestamp,
}

impl Waiter {
    fn is_late(&self, now: Timestamp) -> bool {
        now > self.looks.after(LATE) || self.looks > now.after(LOOK_LATEST)
    }
}

impl WaitQueue {
    /// Returns the number of waiters, overdue ones included.
    pub(super) const fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Returns the number of waiters ahead of a newcomer.
    pub(super) fn ahead_of(&self, priority: Priority, now: Timestamp) -> usize {
        let ahead = self.waiters.iter().take_while(|waiter| waiter.priority >= priority);
        ahead.filter(|waiter| !waiter.is_late(now)).count()
    }

    /// Queues a newcomer until `until`, and returns its number. In a full queue, the last waiter of the lowest class is
    /// displaced if that class is below the newcomer's, and finds out when it looks. `None`: the newcomer is shed.
    pub(super) fn join(&mut self, priority: Priority, until: Timestamp, now: Timestamp) -> Option<u64> {
        if self.waiters.len() >= BULKHEAD_QUEUE {
            // A waiter that gave up has left, unless its request ended silently.
            self.waiters.retain(|waiter| !waiter.is_late(now) || now < waiter.until);
        }
        if self.waiters.len() >= BULKHEAD_QUEUE {
            self.waiters.pop_if(|last| last.priority < priority)?;
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        let place = self.waiters.partition_point(|waiter| waiter.priority >= priority);
        self.waiters.insert(place, Waiter { number, priority, looks: now, until });
        Some(number)
    }

    /// Returns the number of waiters ahead of this one; `None` if it was displaced.
    pub(super) fn rank(&self, number: u64, now: Timestamp) -> Option<usize> {
        let place = self.place(number)?;
        Some(self.waiters.iter().take(place).filter(|waiter| !waiter.is_late(now)).count())
    }

    /// Sets the time of a waiter's next look.
    pub(super) fn looks_at(&mut self, number: u64, at: Timestamp) {
        if let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.number == number) {
            waiter.looks = at;
        }
    }

    /// Removes a waiter.
    pub(super) fn leave(&mut self, number: u64) {
        if let Some(place) = self.place(number) {
            self.waiters.remove(place);
        }
    }

    fn place(&self, number: u64) -> Option<usize> {
        self.waiters.iter().position(|waiter| waiter.number == number)
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
