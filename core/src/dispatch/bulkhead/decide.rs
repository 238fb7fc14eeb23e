//! Whether a call enters, waits or is shed: the limit, the places and the queue of one executor together.

use super::limit::{Completed, Ended, Limit};
use super::places::{Place, Places};
use super::queue::Queue;
use crate::words::limits::RETRY_AFTER_MAX;
use crate::words::modes::Priority;
use crate::words::time::{Millis, Timestamp};

/// The first of those who wait looks again after this part of the time that calls take, within [`LOOK`].
const LOOK_PARTS: u64 = 50;
/// The shortest and the longest of these times, in ms.
const LOOK: (u64, u64) = (1, 20);
/// Who is further behind looks less often, by rank, but so many times less at most.
const LOOK_RANKS: usize = 16;

/// Why a call does not get to its executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShedReason {
    /// As many wait as may, and none of a lower class.
    QueueFull,
    /// It waited, and one of a higher class took its place in the queue.
    Displaced,
    /// Its time to wait was over.
    WaitedTooLong,
}

impl ShedReason {
    /// The stable name, for records and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Displaced => "displaced",
            Self::WaitedTooLong => "waited_too_long",
        }
    }
}

/// A call that is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shed {
    /// Why.
    pub(crate) reason: ShedReason,
    /// About how long those who wait now will take: a good `Retry-After`; 1 ms to [`RETRY_AFTER_MAX`].
    pub(crate) wait: Millis,
}

/// How a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has a place.
    Entered(Place),
    /// It waits under this number, and looks again after this time.
    Waits(u64, Millis),
    /// It does not get there.
    Shed(Shed),
}

/// One executor's.
#[derive(Debug)]
pub(super) struct Bulkhead {
    limit: Limit,
    places: Places,
    queue: Queue,
}

impl Bulkhead {
    /// One that never lets more than `most` calls in at once.
    pub(super) fn new(most: u32) -> Self {
        Self { limit: Limit::new(most), places: Places::default(), queue: Queue::default() }
    }

    /// A call comes, and would wait until `until`.
    pub(super) fn arrive(&mut self, priority: Priority, until: Timestamp, now: Timestamp) -> Standing {
        let rank = self.queue.ahead_of(priority, now);
        if self.free(now) > rank {
            return Standing::Entered(self.enter(now));
        }
        self.limit.found_full();
        if until <= now {
            return Standing::Shed(self.shed(ShedReason::WaitedTooLong));
        }
        match self.queue.join(priority, until, now) {
            None => Standing::Shed(self.shed(ShedReason::QueueFull)),
            Some(number) => self.wait(number, rank, until, now),
        }
    }

    /// A call that waits under `number` looks. INVARIANT (in turn): who enters leaves a place for each one before it.
    pub(super) fn look(&mut self, number: u64, until: Timestamp, now: Timestamp) -> Standing {
        let rank = self.queue.rank(number, now);
        match rank {
            Some(rank) if self.free(now) > rank => {
                self.queue.leave(number);
                Standing::Entered(self.enter(now))
            }
            _ if until <= now => {
                self.queue.leave(number);
                Standing::Shed(self.shed(ShedReason::WaitedTooLong))
            }
            Some(rank) => self.wait(number, rank, until, now),
            None => Standing::Shed(self.shed(ShedReason::Displaced)),
        }
    }

    /// A call waits no longer.
    pub(super) fn leave(&mut self, number: u64) {
        self.queue.leave(number);
    }

    /// A call is over, and nobody says how.
    pub(super) fn free_place(&mut self, place: Place) {
        self.places.free(place);
    }

    /// A call is over.
    pub(super) fn ended(&mut self, place: Place, took: Millis, tool: &str, ended: Ended) {
        self.places.free(place);
        let call = Completed { took, tool, ended, is_calm: place.is_calm };
        self.limit.ended(&call, self.places.in_flight(), place.since.after(took));
    }

    /// Calls in flight, the limit, and calls that wait.
    pub(super) fn load(&self) -> (u32, u32, usize) {
        (self.places.in_flight(), self.limit.get(), self.queue.len())
    }

    /// Whether a call could enter now: nobody waits, and there is room.
    pub(super) fn has_place(&self) -> bool {
        self.queue.len() == 0 && self.places.in_flight() < self.limit.allowed()
    }

    /// How many more may enter.
    fn free(&mut self, now: Timestamp) -> usize {
        let allowed = self.limit.allowed();
        if self.places.in_flight() >= allowed {
            self.places.free_lost(now);
        }
        usize::try_from(allowed.saturating_sub(self.places.in_flight())).unwrap_or(0)
    }

    fn enter(&mut self, now: Timestamp) -> Place {
        self.places.take(now, |in_flight| self.limit.entered(in_flight))
    }

    fn wait(&mut self, number: u64, rank: usize, until: Timestamp, now: Timestamp) -> Standing {
        let (least, most) = LOOK;
        let first = (self.limit.recent().get() / LOOK_PARTS).clamp(least, most);
        let times = u64::try_from(rank.saturating_add(1).min(LOOK_RANKS)).unwrap_or(1);
        let after = Millis::new(first.saturating_mul(times)).min(now.until(until));
        self.queue.looks_at(number, now.after(after));
        Standing::Waits(number, after)
    }

    fn shed(&self, reason: ShedReason) -> Shed {
        let waiting = u64::try_from(self.queue.len()).unwrap_or(u64::MAX).saturating_add(1);
        let work = waiting.saturating_mul(self.limit.recent().get());
        let wait = work.checked_div(u64::from(self.limit.get())).unwrap_or(work);
        Shed { reason, wait: Millis::new(wait.max(1)).min(RETRY_AFTER_MAX) }
    }
}
