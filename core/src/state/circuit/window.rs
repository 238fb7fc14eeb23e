//! A sliding window of outcomes: ten buckets, of which the oldest is dropped first.

use minicbor::{Decode, Encode};

use crate::words::limits::CIRCUIT_TALLY;
use crate::words::time::{Millis, Timestamp};

/// Number of buckets: outcomes leave the window a tenth of its length at a time.
const BUCKETS: u64 = 10;

/// Counts of call outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Tally {
    /// Calls.
    #[n(0)]
    pub calls: u32,
    /// Calls that failed.
    #[n(1)]
    pub failed: u32,
    /// Calls that were slow, failed or not.
    #[n(2)]
    pub slow: u32,
}

impl Tally {
    /// Returns true if nothing was counted.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }

    /// Returns the sum of both.
    #[must_use]
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            failed: self.failed.saturating_add(other.failed),
            slow: self.slow.saturating_add(other.slow),
        }
    }

    /// Limits the counts to the most that one report may carry.
    #[must_use]
    pub(super) fn bounded(self) -> Self {
        let bound = |count: u32| count.min(CIRCUIT_TALLY);
        Self { calls: bound(self.calls), failed: bound(self.failed), slow: bound(self.slow) }
    }
}

/// The recent outcomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Encode, Decode)]
pub(super) struct OutcomeWindow {
    /// Length of a bucket.
    #[n(0)]
    width: Millis,
    /// The number of the newest bucket: the time over the width.
    #[n(1)]
    newest: u64,
    #[n(2)]
    buckets: [Tally; BUCKETS as usize],
    /// Outcomes since the last call that went well.
    #[n(3)]
    run: Tally,
}

impl OutcomeWindow {
    /// Counts these outcomes now; returns those in the last `span`, and those since the last call that went well.
    pub(super) fn count(&mut self, span: Millis, tally: Tally, now: Timestamp) -> (Tally, Tally) {
        self.advance(span, now);
        if let Some(bucket) = self.bucket(self.newest) {
            *bucket = bucket.plus(tally);
        }
        let any_went_well = tally.failed.max(tally.slow) < tally.calls;
        self.run = if any_went_well { Tally::default() } else { self.run.plus(tally) };
        (self.buckets.iter().fold(Tally::default(), |sum, bucket| sum.plus(*bucket)), self.run)
    }

    /// Returns the time of the last count, to a bucket; the beginning of time if never.
    pub(super) const fn counted_at(&self) -> Timestamp {
        Timestamp::from_millis(self.newest.saturating_mul(self.width.get()))
    }

    fn advance(&mut self, span: Millis, now: Timestamp) {
        let width = Millis::new((span.get() / BUCKETS).max(1));
        let slot = now.as_millis().checked_div(width.get()).unwrap_or(0);
        // After a clock was set back by more than the window, the times of its buckets are unknown. By less, outcomes
        // are counted with the newest bucket until the clock is there again.
        let is_of_no_time = slot.saturating_add(BUCKETS) <= self.newest || self.newest.saturating_add(BUCKETS) <= slot;
        if is_of_no_time || width != self.width {
            *self = Self { width, newest: slot, ..Self::default() };
        }
        while self.newest < slot {
            self.newest = self.newest.saturating_add(1);
            if let Some(bucket) = self.bucket(self.newest) {
                *bucket = Tally::default();
            }
        }
    }

    fn bucket(&mut self, number: u64) -> Option<&mut Tally> {
        self.buckets.get_mut(usize::try_from(number % BUCKETS).unwrap_or_default())
    }
}
