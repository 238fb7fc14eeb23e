//! Who waits for a place at one executor, and in what order: by priority, then first come.

use crate::words::limits::BULKHEAD_QUEUE;
use crate::words::modes::Priority;
use crate::words::time::{Millis, Timestamp};

/// A waiter that has not looked for so long after it wanted to is not counted on: its request may have ended without a word.
const LATE: Millis = Millis::new(250);
/// The longest time between two looks. One that is to come later than that was planned before the clock was set back.
const LOOK_LATEST: Millis = Millis::from_secs(60);

/// Those who wait: at most [`BULKHEAD_QUEUE`], in order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiters: Vec<Waiter>,
    next: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    /// Raised with each that comes.
    number: u64,
    priority: Priority,
    /// When it looks again.
    looks: Timestamp,
    /// When it gives up.
    until: Timestamp,
}

impl Waiter {
    fn is_late(&self, now: Timestamp) -> bool {
        now > self.looks.after(LATE) || self.looks > now.after(LOOK_LATEST)
    }
}

impl Queue {
    /// How many wait, those included that are late.
    pub(super) const fn len(&self) -> usize {
        self.waiters.len()
    }

    /// How many a newcomer would have before it.
    pub(super) fn ahead_of(&self, priority: Priority, now: Timestamp) -> usize {
        let ahead = self.waiters.iter().take_while(|waiter| waiter.priority >= priority);
        ahead.filter(|waiter| !waiter.is_late(now)).count()
    }

    /// Lets a newcomer wait until `until`, and gives it its number. Where the queue is full, the last come of the lowest class
    /// makes room, if that class is below the newcomer's; it learns so when it looks. `None`: the newcomer is the one to go.
    pub(super) fn join(&mut self, priority: Priority, until: Timestamp, now: Timestamp) -> Option<u64> {
        if self.waiters.len() >= BULKHEAD_QUEUE {
            // Who gave up has left, unless its request ended without a word.
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

    /// How many a waiter has before it; `None`: it was displaced.
    pub(super) fn rank(&self, number: u64, now: Timestamp) -> Option<usize> {
        let place = self.place(number)?;
        Some(self.waiters.iter().take(place).filter(|waiter| !waiter.is_late(now)).count())
    }

    /// A waiter says when it looks again.
    pub(super) fn looks_at(&mut self, number: u64, at: Timestamp) {
        if let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.number == number) {
            waiter.looks = at;
        }
    }

    /// A waiter waits no longer.
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
