//! The owner of one key that calls miss at the same time: one of them asks the executor, the others are given what it brings.
//!
//! The same reducer stands in two places: at the durable owner of the key, where a value is bytes, and in each isolate, where
//! it is an entry in memory (`cache/flight/table.rs`). Nobody is blocked: who waits asks again.
//!
//! What is true whatever is lost, late or out of order: at any time there is at most one flight that the owner takes for
//! living; a flight ends by its own leader's word only; a call is given no value below the epoch that it asks for.

use minicbor::{Decode, Encode};

use crate::words::limits::{FLIGHT_KEPT, FLIGHT_LEADER_LOST};
use crate::words::time::Timestamp;

/// Describes what is known of one key. `V` is what a call brings back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Flight<V> {
    /// The number of its leader: no other call has it, so what a lost leader says late is about no later flight.
    #[n(0)]
    number: u64,
    /// The version of the epochs that was current before the leader asked.
    #[n(1)]
    epoch: u64,
    #[n(2)]
    phase: Phase<V>,
    /// The last flight that failed: who waited for it waits no more.
    #[n(3)]
    failed: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
enum Phase<V> {
    /// The leader asks, and is given up for lost after `until`.
    #[n(0)]
    InAir {
        #[n(0)]
        until: Timestamp,
    },
    /// It brought a value; `None` is one that is too large to lie here.
    #[n(1)]
    Landed {
        #[n(0)]
        value: Option<V>,
        #[n(1)]
        expires_at: Timestamp,
    },
    /// It brought nothing that others may have, or its leader left.
    #[n(2)]
    Over,
}

/// Asks the owner of a key for something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Command<V> {
    /// A call missed.
    #[n(0)]
    Join(#[n(0)] Join),
    /// The leader with this number is still under way.
    #[n(1)]
    Renew {
        /// Its number.
        #[n(0)]
        number: u64,
    },
    /// The leader with this number is back.
    #[n(2)]
    Finish {
        /// Its number.
        #[n(0)]
        number: u64,
        /// Tells what it brought.
        #[n(1)]
        landing: Landing<V>,
    },
}

/// A call that missed, and what it can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Join {
    /// A number that no other call has; the same each time that this call asks.
    #[n(0)]
    pub number: u64,
    /// The version of the epochs that it was admitted under: that of its value, should it lead.
    #[n(1)]
    pub epoch: u64,
    /// The least version whose value it may be given.
    #[n(2)]
    pub floor: u64,
    /// The flight that it was last told to wait for.
    #[n(3)]
    pub waited: Option<u64>,
    /// The last flight whose value it could not use.
    #[n(4)]
    pub refused: Option<u64>,
}

/// Describes what a leader brings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Landing<V> {
    /// A value for everyone who waits.
    #[n(0)]
    Value {
        /// The value.
        #[n(0)]
        value: V,
        /// From when on nobody is given it.
        #[n(1)]
        expires_at: Timestamp,
    },
    /// A value that is too large to lie here: the tiers of the cache may have it.
    #[n(1)]
    Elsewhere {
        /// From when on nobody is told of it.
        #[n(0)]
        expires_at: Timestamp,
    },
    /// An answer that nobody else may have: a failure, a tool's error, a consent that is asked for.
    #[n(2)]
    Failed,
    /// Nothing: it gave up before it asked anyone.
    #[n(3)]
    Left,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Reply<V> {
    /// The call leads: the flight has its number.
    #[n(0)]
    Lead,
    /// Another call leads. Ask again after a while.
    #[n(1)]
    Wait {
        /// The flight.
        #[n(0)]
        flight: u64,
    },
    /// Tells what another call brought.
    #[n(2)]
    Value {
        /// The flight.
        #[n(0)]
        flight: u64,
        /// Its value.
        #[n(1)]
        value: V,
    },
    /// Another call brought a value that is too large to lie here.
    #[n(3)]
    Elsewhere {
        /// The flight.
        #[n(0)]
        flight: u64,
    },
    /// The flight that this call waited for brought nothing: go alone.
    #[n(4)]
    Failed,
    /// Of a leader's word: noted.
    #[n(5)]
    Noted,
    /// Of a leader's word: its flight is no longer the one under way. Nothing changed.
    #[n(6)]
    Lost,
}

/// Describes what is to be stored and from when on it can be forgotten (`None`: it stays as it was), and the reply.
type Applied<V> = (Option<(Flight<V>, Timestamp)>, Reply<V>);

/// The next state, and the reply.
pub(crate) fn apply<V: Clone>(earlier: Option<&Flight<V>>, command: Command<V>, now: Timestamp) -> Applied<V> {
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

/// Applies a command: the state to store, from when on it may be deleted, and the reply.
pub(super) fn reduce<V: Clone>(
    earlier: Option<Flight<V>>,
    command: Command<V>,
    now: Timestamp,
) -> (Option<Flight<V>>, Option<Timestamp>, Reply<V>) {
    let (next, reply) = apply(earlier.as_ref(), command, now);
    let (flight, expires) = next.unzip();
    (flight, expires, reply)
}

fn apply_join<V: Clone>(earlier: Option<&Flight<V>>, join: Join, now: Timestamp) -> Applied<V> {
    let lead = |failed| (Some(Flight::led(join.number, join.epoch, failed, now)), Reply::Lead);
    let Some(flight) = earlier else { return lead(None) };
    if flight.failed.is_some() && flight.failed == join.waited {
        return (None, Reply::Failed);
    }
    let is_fit = flight.epoch >= join.floor && join.refused != Some(flight.number);
    match &flight.phase {
        // The leader asks again, because it did not hear the first reply.
        Phase::InAir { .. } if flight.number == join.number => lead(flight.failed),
        Phase::InAir { .. } if is_fit && flight.is_living(now) => (None, Reply::Wait { flight: flight.number }),
        Phase::Landed { value, expires_at } if is_fit && now < *expires_at => match value {
            Some(value) => (None, Reply::Value { flight: flight.number, value: value.clone() }),
            None => (None, Reply::Elsewhere { flight: flight.number }),
        },
        Phase::InAir { .. } | Phase::Landed { .. } | Phase::Over => lead(flight.failed),
    }
}

impl<V> Flight<V> {
    fn led(number: u64, epoch: u64, failed: Option<u64>, now: Timestamp) -> (Self, Timestamp) {
        let until = now.after(FLIGHT_LEADER_LOST);
        (Self { number, epoch, phase: Phase::InAir { until }, failed }, until.after(FLIGHT_KEPT))
    }

    fn is_led_by(&self, number: u64) -> bool {
        matches!(self.phase, Phase::InAir { .. }) && self.number == number
    }

    /// Tells whether a leader is under way that was heard of lately. A clock that was set back must not keep the dead for ever.
    pub(crate) fn is_living(&self, now: Timestamp) -> bool {
        matches!(self.phase, Phase::InAir { until } if now < until && until <= now.after(FLIGHT_LEADER_LOST))
    }
}

impl<V: Clone> Flight<V> {
    fn landed(&self, landing: Landing<V>, now: Timestamp) -> (Self, Timestamp) {
        let kept = now.after(FLIGHT_KEPT);
        let (phase, failed, expires) = match landing {
            Landing::Value { value, expires_at } => {
                (Phase::Landed { value: Some(value), expires_at }, self.failed, expires_at.min(kept))
            }
            Landing::Elsewhere { expires_at } => {
                (Phase::Landed { value: None, expires_at }, self.failed, expires_at.min(kept))
            }
            Landing::Failed => (Phase::Over, Some(self.number), kept),
            Landing::Left => (Phase::Over, self.failed, kept),
        };
        (Self { number: self.number, epoch: self.epoch, phase, failed }, expires)
    }
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;
