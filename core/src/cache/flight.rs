//! Single flight: of calls that miss the same key at the same time one asks the executor, and the others wait for its
//! response.
//!
//! This module decides one call's step on each reply of a key's owner (`state/flight.rs`): of the one in its isolate,
//! and of the durable one over all isolates. `docs/cache.md` has the rules and the bounds.

mod chooser;
mod driver;
mod table;

use std::rc::Rc;

use minicbor::bytes::ByteVec;

pub(crate) use driver::{Boarded, FlightReport, FlightRequest, Lead, board};
pub(crate) use table::Flights;

use super::Entry;
use super::key::CacheKey;
use crate::state::flight::{Command, Join, Landing, Reply};
use crate::words::limits::{FLIGHT_LOOK_MAX, FLIGHT_POLL_MAX, FLIGHT_VALUE_BYTES, FLIGHTS_WAITED_FOR};
use crate::words::time::{Millis, Timestamp};

/// Names the scope in which a call looks for others that miss the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlightScope {
    /// Its isolate.
    Isolate,
    /// Its isolate first, then the durable owner of the key.
    Owner,
}

impl FlightScope {
    /// Returns the name in records, and the detail in `Cache-Status`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Isolate => "isolate",
            Self::Owner => "owner",
        }
    }
}

/// Names a call's role in a flight: the record's `flight` field, and the metric's label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// It took no part in a flight.
    #[default]
    None,
    /// It asked the executor, also for any others.
    Leader,
    /// It was served another call's response.
    Waited,
    /// It waited, and then asked the executor for itself alone.
    Released,
}

impl Role {
    /// Returns the name in records and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Leader => "leader",
            Self::Waited => "waited",
            Self::Released => "released",
        }
    }
}

/// Tracks one call's wait at one owner of its key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Boarding {
    join: Join,
    /// The call's deadline.
    until: Timestamp,
    /// The remaining time by the sum of the waits: a clock that is set back gives no more.
    patience: Millis,
    step: Millis,
    longest: Millis,
    /// Number of other calls' flights that the owner has reported to it.
    told: u32,
}

/// Names a call's next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FlightStep {
    /// It asks the executor, and reports the result to the owner.
    Lead,
    /// It is answered with this entry.
    Serve(Rc<Entry>),
    /// It looks into the tiers of the cache; if they have nothing, it asks the owner again.
    Look,
    /// It asks the owner again, at once.
    Ask,
    /// It asks the owner again, after this time.
    Wait(Millis),
    /// It asks the executor, and reports to no owner.
    Alone,
}

impl Boarding {
    /// Creates the state of a call that has asked no owner yet. No other call has the number; `epoch` is the version of
    /// the epochs that it was admitted under, `floor` the least that a response may carry, `until` its deadline.
    pub(crate) fn new(
        place: FlightScope,
        number: u64,
        epoch: u64,
        floor: u64,
        now: Timestamp,
        until: Timestamp,
    ) -> Self {
        // A look into the isolate's own table costs a timer, a question to an owner a round trip.
        let (step, longest) = match place {
            FlightScope::Isolate => (Millis::new(1), FLIGHT_LOOK_MAX),
            FlightScope::Owner => (Millis::new(16), FLIGHT_POLL_MAX),
        };
        let join = Join { number, epoch, floor, waited: None, refused: None };
        Self { join, until, patience: now.until(until), step, longest, told: 0 }
    }

    /// Returns the next question to the owner.
    pub(crate) const fn command<V>(&self) -> Command<V> {
        Command::Join(self.join)
    }

    /// Returns whether the call has met another call's flight.
    pub(crate) const fn met_others(&self) -> bool {
        self.told > 0
    }

    /// Decides the next step on the owner's reply. `read` makes an entry of the owner's value. Terminates: each reply
    /// either ends the wait, or uses up some of the call's time, or is about one more flight, of which there is a
    /// bound.
    pub(crate) fn heard<V>(
        &mut self,
        reply: Reply<V>,
        now: Timestamp,
        read: impl FnOnce(V) -> Option<Rc<Entry>>,
    ) -> FlightStep {
        match reply {
            Reply::Lead => FlightStep::Lead,
            Reply::Wait { flight } => {
                let is_one_more = self.join.waited != Some(flight);
                self.join.waited = Some(flight);
                self.wait(is_one_more, now)
            }
            Reply::Value { flight, value } => match read(value) {
                Some(entry) if entry.is_servable(now, self.join.floor) => {
                    self.hear_of(flight);
                    FlightStep::Serve(entry)
                }
                _ => self.refuse(flight, FlightStep::Ask),
            },
            Reply::Elsewhere { flight } => self.refuse(flight, FlightStep::Look),
            // The last two reply to no call that joins.
            Reply::Failed | Reply::Noted | Reply::Lost => FlightStep::Alone,
        }
    }

    fn wait(&mut self, is_one_more: bool, now: Timestamp) -> FlightStep {
        self.told = self.told.saturating_add(u32::from(is_one_more));
        let left = now.until(self.until).min(self.patience);
        if left == Millis::ZERO || self.told > FLIGHTS_WAITED_FOR {
            return FlightStep::Alone;
        }
        let wait = self.step.min(left);
        self.patience = self.patience.saturating_sub(wait);
        self.step = self.step.twice().min(self.longest);
        FlightStep::Wait(wait)
    }

    /// Refuses the value of this flight: returns `next`, unless that was one flight too many.
    fn refuse(&mut self, flight: u64, next: FlightStep) -> FlightStep {
        self.hear_of(flight);
        self.join.refused = Some(flight);
        if self.told > FLIGHTS_WAITED_FOR { FlightStep::Alone } else { next }
    }

    fn hear_of(&mut self, flight: u64) {
        let is_one_more = self.join.waited != Some(flight);
        self.told = self.told.saturating_add(u32::from(is_one_more));
    }
}

/// Returns a leader's report to the durable owner for a storable entry.
fn landing(entry: &Entry, key: &CacheKey) -> Landing<ByteVec> {
    let expires_at = entry.expires_at;
    if entry.weight(key.as_bytes()) > FLIGHT_VALUE_BYTES {
        return Landing::Elsewhere { expires_at };
    }
    // The stored form repeats the whole key, so that a value under a colliding key is no value.
    Landing::Value { value: ByteVec::from(entry.encode(key.as_bytes())), expires_at }
}

#[cfg(test)]
#[path = "flight/decider_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "flight/model_tests.rs"]
mod model;
