//! The bulkhead before each executor (Nygard, Release It!): the limit of this isolate's concurrent calls, and the
//! queue.
//!
//! The limit is found from the time of calls (`bulkhead/limit.rs`); a call without a slot waits for a short time, in
//! the order of classes (`bulkhead/queue.rs`), or is shed at once. Futures are not shared between requests: a waiting
//! call looks again after a while.

mod baseline;
mod decide;
mod limit;
mod places;
mod queue;
mod window;

use std::cell::RefCell;

use crate::ports::Clock;
use crate::words::maps::MapHasher;
use crate::words::modes::Priority;
use crate::words::time::{Millis, Timestamp};

pub(crate) use decide::Shed;
#[cfg(test)]
pub(crate) use decide::ShedReason;
pub(crate) use limit::LimitOutcome;

use decide::{Bulkhead, BulkheadProgress};
use places::OccupiedSlot;

/// Holds the bulkheads of an isolate: one for each executor, at its index in the configuration.
#[derive(Debug)]
pub(crate) struct Bulkheads(Box<[RefCell<Bulkhead>]>);

impl Bulkheads {
    /// Creates the bulkheads. `most`: for each executor, the most calls at once, whatever is observed; at least 1
    /// counts.
    pub(crate) fn new(most: &[u32], hasher: MapHasher) -> Self {
        Self(most.iter().map(|most| RefCell::new(Bulkhead::new(*most, hasher.clone()))).collect())
    }

    /// Returns an executor's calls in flight, its current limit, and its waiting calls.
    pub(crate) fn load(&self, executor: usize) -> (u32, u32, usize) {
        self.0.get(executor).map_or((0, u32::MAX, 0), |bulkhead| bulkhead.borrow().load())
    }

    /// Returns whether a call that would not wait gets a slot there now.
    pub(crate) fn has_place(&self, executor: usize) -> bool {
        self.0.get(executor).is_none_or(|bulkhead| bulkhead.borrow().has_place())
    }
}

/// A slot at an executor. Dropped, also with a cancelled request, it is free for another call.
#[derive(Debug)]
pub(crate) struct Slot<'r> {
    bulkhead: Option<&'r RefCell<Bulkhead>>,
    /// The slot; `None` once it was freed.
    place: Option<OccupiedSlot>,
}

impl Slot<'_> {
    /// Frees the slot, and informs the limit. `took` counts from the sending of the call; `tool` is a name that no
    /// other tool has at this executor.
    pub(crate) fn ended(mut self, took: Millis, tool: &str, ended: LimitOutcome) {
        if let (Some(bulkhead), Some(place)) = (self.bulkhead, self.place.take()) {
            bulkhead.borrow_mut().ended(place, took, tool, ended);
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let (Some(bulkhead), Some(place)) = (self.bulkhead, self.place) {
            bulkhead.borrow_mut().free_place(place);
        }
    }
}

/// A position in the queue, given up when dropped.
#[derive(Debug)]
struct Turn<'r> {
    bulkhead: &'r RefCell<Bulkhead>,
    number: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.bulkhead.borrow_mut().leave(self.number);
    }
}

/// Takes a slot at the executor with this index in the configuration, waiting for one until `until` at most. If one is
/// free and no call waits, nothing is awaited. An executor without a bulkhead has unlimited slots.
///
/// # Errors
/// [`Shed`]: there was no slot in time.
pub(crate) async fn enter<'r, C: Clock>(
    clock: &C,
    bulkheads: &'r Bulkheads,
    executor: usize,
    priority: Priority,
    until: Timestamp,
) -> Result<Slot<'r>, Shed> {
    let Some(bulkhead) = bulkheads.0.get(executor) else {
        return Ok(Slot { bulkhead: None, place: None });
    };
    let now = clock.now();
    let mut standing = bulkhead.borrow_mut().arrive(priority, until, now);
    let mut turn = None;
    let mut left = now.until(until);
    loop {
        match standing {
            BulkheadProgress::Entered(place) => return Ok(Slot { bulkhead: Some(bulkhead), place: Some(place) }),
            BulkheadProgress::Shed(shed) => return Err(shed),
            BulkheadProgress::Waits(number, after) => {
                turn.get_or_insert_with(|| Turn { bulkhead, number });
                clock.sleep(after).await;
                // The time slept counts as elapsed, also if the clock was set back meanwhile.
                left = left.saturating_sub(after.max(Millis::new(1)));
                let now = clock.now();
                standing = bulkhead.borrow_mut().look(number, until.min(now.after(left)), now);
            }
        }
    }
}

#[cfg(test)]
#[path = "bulkhead/world_tests.rs"]
mod world;

#[cfg(test)]
#[path = "bulkhead_tests.rs"]
mod tests;
