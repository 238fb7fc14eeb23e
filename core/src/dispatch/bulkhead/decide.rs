//! The decision to admit, queue or shed a call: the limit, the slots and the queue of one executor together.

use super::limit::{Completed, Limit, LimitOutcome};
use super::places::{OccupiedSlot, Places};
use super::queue::WaitQueue;
use crate::words::limits::RETRY_AFTER_MAX;
use crate::words::maps::MapHasher;
use crate::words::modes::Priority;
use crate::words::time::{Millis, Timestamp};

/// Part of the recent call time after which the first waiter looks again, within [`LOOK`].
const LOOK_PARTS: u64 = 50;
/// The shortest and the longest of these times, in ms.
const LOOK: (u64, u64) = (1, 20);
/// Largest factor, by rank, by which waiters further behind look less often.
const LOOK_RANKS: usize = 16;

/// Names the reason for shedding a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShedReason {
    /// The queue is full, and no waiter is of a lower class.
    QueueFull,
    /// A call of a higher class took its place in the queue.
    Displaced,
    /// Its time in the queue was over.
    WaitedTooLong,
}

impl ShedReason {
    /// Returns the stable name, for records and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Displaced => "displaced",
            Self::WaitedTooLong => "waited_too_long",
        }
    }
}

/// A call that is shed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shed {
    /// The reason.
    pub(crate) reason: ShedReason,
    /// The estimated time to drain the queue, for `Retry-After`; 1 ms to [`RETRY_AFTER_MAX`].
    pub(crate) wait: Millis,
}

/// Classifies a call's progress at the bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BulkheadProgress {
    /// It has a slot.
    Entered(OccupiedSlot),
    /// It waits under this number, and looks again after this time.
    Waits(u64, Millis),
    /// It is shed.
    Shed(Shed),
}

/// Holds the bulkhead of one executor.
#[derive(Debug)]
pub(super) struct Bulkhead {
    limit: Limit,
    places: Places,
    queue: WaitQueue,
}

impl Bulkhead {
    /// Creates a bulkhead that never admits more than `most` calls at once.
    pub(super) fn new(most: u32, hasher: MapHasher) -> Self {
        Self { limit: Limit::new(most, hasher), places: Places::default(), queue: WaitQueue::default() }
    }

    /// Admits, queues or sheds a new call, which would wait until `until`.
    pub(super) fn arrive(&mut self, priority: Priority, until: Timestamp, now: Timestamp) -> BulkheadProgress {
        let rank = self.queue.ahead_of(priority, now);
        if self.free(now) > rank {
            return BulkheadProgress::Entered(self.enter(now));
        }
        self.limit.found_full();
        if until <= now {
            return BulkheadProgress::Shed(self.shed(ShedReason::WaitedTooLong));
        }
        match self.queue.join(priority, until, now) {
            None => BulkheadProgress::Shed(self.shed(ShedReason::QueueFull)),
            Some(number) => self.wait(number, rank, until, now),
        }
    }

    /// Looks again for the call that waits under `number`. INVARIANT (in turn): an admitted call leaves a slot for each
    /// one before it.
    pub(super) fn look(&mut self, number: u64, until: Timestamp, now: Timestamp) -> BulkheadProgress {
        let rank = self.queue.rank(number, now);
        match rank {
            Some(rank) if self.free(now) > rank => {
                self.queue.leave(number);
                BulkheadProgress::Entered(self.enter(now))
            }
            _ if until <= now => {
                self.queue.leave(number);
                BulkheadProgress::Shed(self.shed(ShedReason::WaitedTooLong))
            }
            Some(rank) => self.wait(number, rank, until, now),
            None => BulkheadProgress::Shed(self.shed(ShedReason::Displaced)),
        }
    }

    /// Removes a call that waits no longer.
    pub(super) fn leave(&mut self, number: u64) {
        self.queue.leave(number);
    }

    /// Frees the slot of a call whose outcome is unknown.
    pub(super) fn free_place(&mut self, place: OccupiedSlot) {
        self.places.free(place);
    }

    /// Frees the slot of a call, and learns from its outcome.
    pub(super) fn ended(&mut self, place: OccupiedSlot, took: Millis, tool: &str, ended: LimitOutcome) {
        self.places.free(place);
        let call = Completed { took, tool, ended, is_calm: place.is_calm };
        self.limit.ended(&call, self.places.in_flight(), place.since.after(took));
    }

    /// Returns the calls in flight, the limit, and the waiting calls.
    pub(super) fn load(&self) -> (u32, u32, usize) {
        (self.places.in_flight(), self.limit.get(), self.queue.len())
    }

    /// Returns whether a call could enter now: the queue is empty, and there is a free slot.
    pub(super) fn has_place(&self) -> bool {
        self.queue.len() == 0 && self.places.in_flight() < self.limit.allowed()
    }

    /// Returns the number of free slots.
    fn free(&mut self, now: Timestamp) -> usize {
        let allowed = self.limit.allowed();
        if self.places.in_flight() >= allowed {
            self.places.free_lost(now);
        }
        usize::try_from(allowed.saturating_sub(self.places.in_flight())).unwrap_or(0)
    }

    fn enter(&mut self, now: Timestamp) -> OccupiedSlot {
        self.places.take(now, |in_flight| self.limit.entered(in_flight))
    }

    fn wait(&mut self, number: u64, rank: usize, until: Timestamp, now: Timestamp) -> BulkheadProgress {
        let (least, most) = LOOK;
        let first = (self.limit.recent().get() / LOOK_PARTS).clamp(least, most);
        let times = u64::try_from(rank.saturating_add(1).min(LOOK_RANKS)).unwrap_or(1);
        let after = Millis::new(first.saturating_mul(times)).min(now.until(until));
        self.queue.looks_at(number, now.after(after));
        BulkheadProgress::Waits(number, after)
    }

    fn shed(&self, reason: ShedReason) -> Shed {
        let waiting = u64::try_from(self.queue.len()).unwrap_or(u64::MAX).saturating_add(1);
        let work = waiting.saturating_mul(self.limit.recent().get());
        let wait = work.checked_div(u64::from(self.limit.get())).unwrap_or(work);
        Shed { reason, wait: Millis::new(wait.max(1)).min(RETRY_AFTER_MAX) }
    }
}
