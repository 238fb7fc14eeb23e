//! The owner of one key that calls miss at the same time: one of them asks the executor, the others share its response.
//!
//! The same reducer runs in two places: at the durable owner of the key, where a value is bytes, and in each isolate,
//! where it is an entry in memory (`cache/flight/table.rs`). No call is blocked: waiting calls poll.
//!
//! Invariants under loss, delay and reordering: at any time the owner considers at most one flight alive; a flight ends
//! by its own leader's word only; a call is given no value below the epoch that it asks for.

use minicbor::{Decode, Encode};

use crate::words::limits::{FLIGHT_KEPT, FLIGHT_LEADER_LOST};
use crate::words::time::Timestamp;

/// The flight of one key. `V` is the value that a call brings back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Flight<V> {
    /// The number of its leader: no other call has it, so late messages of a lost leader match no later flight.
    #[n(0)]
    number: u64,
    /// The epochs' version that was current before the leader asked.
    #[n(1)]
    epoch: u64,
    #[n(2)]
    phase: FlightPhase<V>,
    /// The last flight that failed: calls that waited for it wait no more.
    #[n(3)]
    failed: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
enum FlightPhase<V> {
    /// The leader is asking, and counts as lost after `until`.
    #[n(0)]
    InAir {
        #[n(0)]
        until: Timestamp,
    },
    /// It brought a value; `None` is one that is too large to store here.
    #[n(1)]
    Landed {
        #[n(0)]
        value: Option<V>,
        #[n(1)]
        expires_at: Timestamp,
    },
    /// It brought nothing that may be shared, or its leader left.
    #[n(2)]
    Over,
}

/// A request to the owner of a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Command<V> {
    /// A call missed the cache.
    #[n(0)]
    Join(#[n(0)] Join),
    /// The leader with this number is still in flight.
    #[n(1)]
    Renew {
        /// The leader's number.
        #[n(0)]
        number: u64,
    },
    /// The leader with this number has finished.
    #[n(2)]
    Finish {
        /// The leader's number.
        #[n(0)]
        number: u64,
        /// The outcome.
        #[n(1)]
        landing: Landing<V>,
    },
}

/// A call that missed, and its requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Join {
    /// A number that no other call has; the same at each poll of this call.
    #[n(0)]
    pub number: u64,
    /// The epochs' version that it was admitted under: that of its value, should it lead.
    #[n(1)]
    pub epoch: u64,
    /// The lowest version of a value that it may be given.
    #[n(2)]
    pub floor: u64,
    /// The flight that it was last asked to wait for.
    #[n(3)]
    pub waited: Option<u64>,
    /// The last flight whose value it could not use.
    #[n(4)]
    pub refused: Option<u64>,
}

/// The outcome of a leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Landing<V> {
    /// A value for every waiting call.
    #[n(0)]
    Value {
        /// The value.
        #[n(0)]
        value: V,
        /// Expiry of the value at the owner.
        #[n(1)]
        expires_at: Timestamp,
    },
    /// A value that is too large to store here: the tiers of the cache may have it.
    #[n(1)]
    Elsewhere {
        /// Expiry of this outcome at the owner.
        #[n(0)]
        expires_at: Timestamp,
    },
    /// A response that may not be shared: a failure, a tool's error, a request for consent.
    #[n(2)]
    Failed,
    /// Nothing: the leader gave up before it asked any executor.
    #[n(3)]
    Left,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Reply<V> {
    /// The call leads: the flight has its number.
    #[n(0)]
    Lead,
    /// Another call leads. Poll again after a while.
    #[n(1)]
    Wait {
        /// The flight.
        #[n(0)]
        flight: u64,
    },
    /// The value of another call.
    #[n(2)]
    Value {
        /// The flight.
        #[n(0)]
        flight: u64,
        /// The flight's value.
        #[n(1)]
        value: V,
    },
    /// Another call brought a value that is too large to store here.
    #[n(3)]
    Elsewhere {
        /// The flight.
        #[n(0)]
        flight: u64,
    },
    /// The flight that this call waited for brought nothing: run alone.
    #[n(4)]
    Failed,
    /// To a leader: recorded.
    #[n(5)]
    Noted,
    /// To a leader: its flight is no longer the current one. Nothing changed.
    #[n(6)]
    Lost,
}

/// The state to store with its expiry (`None`: unchanged), and the reply.
type FlightTransition<V> = (Option<(Flight<V>, Timestamp)>, Reply<V>);

/// Returns the next state, and the reply.
pub(crate) fn apply<V: Clone>(earlier: Option<&Flight<V>>, command: Command<V>, now: Timestamp) -> FlightTransition<V> {
    match (command, earlier) {
        (Command::Join(join), earlier) => apply_join(earlier, join, now),
        (Command::Renew { number }, Some(flight)) if flight.is_led_by(number) => {
            (Some(Flight::led(number, flight.epoch, flight.failed, now)), Reply::Noted)
        }
        (Command::Finish { number, landing }, Some(flight)) if flight.is_led_by(number) => {
            (Some(flight.landed(landing, now)), Reply::Noted)
        }
        (Command::Renew { .. } | Command::Finish { .. }, _) => (None, Reply::Lost),
    }
}

/// Applies a command; returns the state to store, its expiry, and the reply.
pub(super) fn reduce<V: Clone>(
    earlier: Option<Flight<V>>,
    command: Command<V>,
    now: Timestamp,
) -> (Option<Flight<V>>, Option<Timestamp>, Reply<V>) {
    let (next, reply) = apply(earlier.as_ref(), command, now);
    let (flight, expires) = next.unzip();
    (flight, expires, reply)
}

fn apply_join<V: Clone>(earlier: Option<&Flight<V>>, join: Join, now: Timestamp) -> FlightTransition<V> {
    let lead = |failed| (Some(Flight::led(join.number, join.epoch, failed, now)), Reply::Lead);
    let Some(flight) = earlier else { return lead(None) };
    if flight.failed.is_some() && flight.failed == join.waited {
        return (None, Reply::Failed);
    }
    let is_fit = flight.epoch >= join.floor && join.refused != Some(flight.number);
    match &flight.phase {
        // The leader asks again, because it did not receive the first reply.
        FlightPhase::InAir { .. } if flight.number == join.number => lead(flight.failed),
        FlightPhase::InAir { .. } if is_fit && flight.is_living(now) => (None, Reply::Wait { flight: flight.number }),
        FlightPhase::Landed { value, expires_at } if is_fit && now < *expires_at => match value {
            Some(value) => (None, Reply::Value { flight: flight.number, value: value.clone() }),
            None => (None, Reply::Elsewhere { flight: flight.number }),
        },
        FlightPhase::InAir { .. } | FlightPhase::Landed { .. } | FlightPhase::Over => lead(flight.failed),
    }
}

impl<V> Flight<V> {
    fn led(number: u64, epoch: u64, failed: Option<u64>, now: Timestamp) -> (Self, Timestamp) {
        let until = now.after(FLIGHT_LEADER_LOST);
        (Self { number, epoch, phase: FlightPhase::InAir { until }, failed }, until.after(FLIGHT_KEPT))
    }

    fn is_led_by(&self, number: u64) -> bool {
        matches!(self.phase, FlightPhase::InAir { .. }) && self.number == number
    }

    /// Returns true if a leader is in flight and was heard from lately. A clock that was set back must not keep a dead
    /// one for ever.
    pub(crate) fn is_living(&self, now: Timestamp) -> bool {
        matches!(self.phase, FlightPhase::InAir { until } if now < until && until <= now.after(FLIGHT_LEADER_LOST))
    }
}

impl<V: Clone> Flight<V> {
    fn landed(&self, landing: Landing<V>, now: Timestamp) -> (Self, Timestamp) {
        let kept = now.after(FLIGHT_KEPT);
        let (phase, failed, expires) = match landing {
            Landing::Value { value, expires_at } => {
                (FlightPhase::Landed { value: Some(value), expires_at }, self.failed, expires_at.min(kept))
            }
            Landing::Elsewhere { expires_at } => {
                (FlightPhase::Landed { value: None, expires_at }, self.failed, expires_at.min(kept))
            }
            Landing::Failed => (FlightPhase::Over, Some(self.number), kept),
            Landing::Left => (FlightPhase::Over, self.failed, kept),
        };
        (Self { number: self.number, epoch: self.epoch, phase, failed }, expires)
    }
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;
