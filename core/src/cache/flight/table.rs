//! The flights of one isolate: the owner of each key that its calls miss, in memory.
//!
//! A future cannot be shared between requests, but a value can: a waiting call holds the slot of its key and polls it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::chooser::Chooser;
use crate::cache::{CacheKey, Entry};
use crate::state::flight::{Command, Flight, Landing, Reply, apply};
use crate::words::limits::{FLIGHT_OWNER_RETRY, FLIGHTS};
use crate::words::maps::MapHasher;
use crate::words::time::Timestamp;

/// Holds all flights of an isolate.
#[derive(Debug)]
pub(crate) struct Flights {
    slots: RefCell<BTreeMap<Box<[u8]>, FlightSlot>>,
    /// The next call's number: no two calls of the deployment have the same.
    next_number: Cell<u64>,
    /// The end of the pause after a durable owner could not be asked: none is asked before.
    owners_away: Cell<Option<Timestamp>>,
    pub(super) chooser: RefCell<Chooser>,
}

/// The owner of one key in this isolate. A clone is the same one; each waiting call holds one, and with it the value
/// that landed.
#[derive(Clone, Debug, Default)]
pub(super) struct FlightSlot(Rc<RefCell<Option<Flight<Rc<Entry>>>>>);

impl FlightSlot {
    /// Applies a command, and returns the reply.
    pub(super) fn apply(&self, command: Command<Rc<Entry>>, now: Timestamp) -> Reply<Rc<Entry>> {
        let mut flight = self.0.borrow_mut();
        let (next, reply) = apply(flight.as_ref(), command, now);
        if let Some((next, _)) = next {
            *flight = Some(next);
        }
        reply
    }

    fn is_idle(&self, now: Timestamp) -> bool {
        !self.0.borrow().as_ref().is_some_and(|flight| flight.is_living(now))
    }
}

impl Flights {
    /// Creates an empty table; calls are numbered from a random number on.
    pub(crate) fn new(first_number: u64, hasher: MapHasher) -> Self {
        Self {
            slots: RefCell::default(),
            next_number: Cell::new(first_number),
            owners_away: Cell::new(None),
            chooser: RefCell::new(Chooser::new(&hasher)),
        }
    }

    /// Returns a number that no other call has.
    pub(super) fn number(&self) -> u64 {
        let number = self.next_number.get();
        self.next_number.set(number.wrapping_add(1));
        number
    }

    /// Returns the slot of `key`; `None` if the table is full.
    pub(super) fn slot(&self, key: &CacheKey, now: Timestamp) -> Option<FlightSlot> {
        let mut slots = self.slots.borrow_mut();
        if let Some(slot) = slots.get(key.as_bytes()) {
            return Some(slot.clone());
        }
        if slots.len() >= FLIGHTS {
            // Left behind by leaders whose requests were neither ended nor dropped.
            slots.retain(|_, slot| !slot.is_idle(now));
        }
        if slots.len() >= FLIGHTS {
            return None;
        }
        let slot = FlightSlot::default();
        slots.insert(key.as_bytes().into(), slot.clone());
        Some(slot)
    }

    /// Returns the seat of the leader with this number.
    pub(super) fn seat(&self, slot: FlightSlot, key: &CacheKey, number: u64) -> Seat<'_> {
        Seat { flights: self, slot, key: key.as_bytes().into(), number, is_over: false }
    }

    /// Returns whether a durable owner may be asked now.
    pub(super) fn may_ask_owner(&self, now: Timestamp) -> bool {
        // A clock that was set back ends the pause.
        let pause = self.owners_away.get();
        pause.is_none_or(|until| until <= now || until > now.after(FLIGHT_OWNER_RETRY))
    }

    /// Begins a pause after a durable owner could not be asked.
    pub(super) fn owner_is_away(&self, now: Timestamp) {
        self.owners_away.set(Some(now.after(FLIGHT_OWNER_RETRY)));
    }

    /// Returns the number of keys with a slot.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.slots.borrow().len()
    }
}

/// The leader's seat. Dropped with its request, it is free for another.
#[derive(Debug)]
pub(super) struct Seat<'f> {
    flights: &'f Flights,
    slot: FlightSlot,
    key: Box<[u8]>,
    number: u64,
    is_over: bool,
}

impl Seat<'_> {
    /// Renews the leader's seat.
    pub(super) fn renew(&self, now: Timestamp) {
        // A replaced leader ends its own call all the same.
        let _noted_or_lost = self.slot.apply(Command::Renew { number: self.number }, now);
    }

    /// Ends the flight with the leader's result; `None` for a response that may not be shared.
    pub(super) fn land(mut self, entry: Option<Rc<Entry>>, now: Timestamp) {
        self.is_over = true;
        let landing = match entry {
            Some(entry) => Landing::Value { expires_at: entry.expires_at, value: entry },
            None => Landing::Failed,
        };
        // Waiting calls hold the slot; new ones look into the cache first.
        if self.finish(landing, now) == Reply::Noted {
            self.leave();
        }
    }

    fn finish(&self, landing: Landing<Rc<Entry>>, now: Timestamp) -> Reply<Rc<Entry>> {
        self.slot.apply(Command::Finish { number: self.number, landing }, now)
    }

    fn leave(&self) {
        let mut slots = self.flights.slots.borrow_mut();
        if slots.get(&self.key).is_some_and(|slot| Rc::ptr_eq(&slot.0, &self.slot.0)) {
            slots.remove(&self.key);
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // The time matters only for forgetting the state, which in memory is decided below.
        let is_left = self.finish(Landing::Left, Timestamp::default()) == Reply::Noted;
        let nobody_waits = Rc::strong_count(&self.slot.0) <= 2;
        if is_left && nobody_waits {
            self.leave();
        }
    }
}
