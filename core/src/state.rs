//! States with one owner, and the reducer that changes them: the same function on every host.
//!
//! A host's `durable` adapter calls [`step`] with the bytes it has stored, the command's bytes and its own clock. Deciders
//! build a [`Command`], [`apply`] carries it there and back.

pub mod authorization;
pub mod circuit;
pub mod counters;
pub mod epochs;
pub mod flight;
pub mod idempotency;
pub mod keys;
pub mod rate;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::ports::{Durable, DurableError};
use crate::time::Timestamp;

/// The format of stored states and of commands. A reader accepts this one and, from the second format on, the one before.
const FORMAT: u8 = 1;

/// What an owner can be asked. Each kind belongs to one kind of state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// To the owner of the epochs.
    Epochs(epochs::Command),
    /// To the owner of one authorisation id.
    Authorization(authorization::Command),
    /// To the owner of one idempotency key.
    Idempotency(idempotency::Command),
    /// To the owner of the counters.
    Counters(counters::Command),
    /// To an owner of issued keys.
    Keys(keys::Command),
    /// To the owner of one limit's key.
    Rate(rate::Command),
    /// To the owner of one key of the cache that calls miss.
    Flight(flight::Command<ByteBuf>),
    /// To the owner of one executor's circuit breakers.
    Circuit(circuit::Command),
}

/// What an owner answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// Of the epochs.
    Epochs(epochs::Reply),
    /// Of an authorisation id.
    Authorization(authorization::Reply),
    /// Of an idempotency key.
    Idempotency(idempotency::Reply),
    /// Of the counters.
    Counters(counters::Reply),
    /// Of issued keys.
    Keys(keys::Reply),
    /// Of a limit's key.
    Rate(rate::Reply),
    /// The command or the stored state could not be read, or they are not of one kind. Nothing changed.
    Unreadable,
    /// Of a key of the cache.
    Flight(flight::Reply<ByteBuf>),
    /// Of an executor's circuit breakers.
    Circuit(circuit::Reply),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    Epochs(epochs::Epochs),
    Authorization(authorization::Authorization),
    Idempotency(idempotency::Idempotency),
    Counters(counters::Counters),
    Keys(keys::Keys),
    Rate(rate::Rate),
    Flight(flight::Flight<ByteBuf>),
    Circuit(circuit::Circuit),
}

/// What a host does after [`step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The state to store in place of the old one; `None` leaves what is stored as it is.
    pub state: Option<Vec<u8>>,
    /// From when on the host may delete the state; `None` for never. Set only when `state` is.
    pub expires: Option<Timestamp>,
    /// The reply to the caller.
    pub reply: Vec<u8>,
}

/// Applies an encoded command to a stored state. Total: whatever the bytes are, there is a reply.
#[must_use]
pub fn step(stored: Option<&[u8]>, command: &[u8], now: Timestamp) -> Step {
    let unreadable = || Step { state: None, expires: None, reply: encode(&Reply::Unreadable) };
    let Some(command) = decode::<Command>(command) else {
        return unreadable();
    };
    let state = match stored {
        None => None,
        Some(bytes) => match decode::<State>(bytes) {
            Some(state) => Some(state),
            None => return unreadable(),
        },
    };
    match reduce(state, command, now) {
        None => unreadable(),
        Some((next, expires, reply)) => {
            Step { state: next.map(|state| encode(&state)), expires, reply: encode(&reply) }
        }
    }
}

type Reduced = (Option<State>, Option<Timestamp>, Reply);

/// The stored state as one of this kind; where it is of another, there is no reply.
macro_rules! earlier {
    ($state:expr, $kind:ident) => {
        match $state {
            None => None,
            Some(State::$kind(state)) => Some(state),
            Some(_) => return None,
        }
    };
}

/// Routes the command to the reducer of its kind. `None` when state and command are of different kinds.
fn reduce(state: Option<State>, command: Command, now: Timestamp) -> Option<Reduced> {
    match (command, state) {
        (Command::Epochs(command), state) => {
            let mut epochs = earlier!(state, Epochs).unwrap_or_default();
            let changed = epochs.apply(command);
            let reply = changed.reply(&epochs);
            Some((changed.wrote().then_some(State::Epochs(epochs)), None, Reply::Epochs(reply)))
        }
        (Command::Authorization(command), state) => {
            let mut authorization = earlier!(state, Authorization).unwrap_or_default();
            let (wrote, reply) = authorization.apply(command);
            let expires = wrote.then(|| now.after(authorization::KEPT));
            Some((wrote.then_some(State::Authorization(authorization)), expires, Reply::Authorization(reply)))
        }
        (Command::Idempotency(command), state) => {
            let earlier = earlier!(state, Idempotency);
            let (next, reply) = idempotency::apply(earlier, command, now);
            let expires = next.is_some().then(|| now.after(idempotency::KEPT));
            Some((next.map(State::Idempotency), expires, Reply::Idempotency(reply)))
        }
        (Command::Counters(command), state) => {
            let mut counters = earlier!(state, Counters).unwrap_or_default();
            let (wrote, reply) = counters.apply(command);
            Some((wrote.then_some(State::Counters(counters)), None, Reply::Counters(reply)))
        }
        (Command::Keys(command), state) => {
            let mut keys = earlier!(state, Keys).unwrap_or_default();
            let (wrote, reply) = keys.apply(command, now);
            Some((wrote.then_some(State::Keys(keys)), None, Reply::Keys(reply)))
        }
        (Command::Rate(command), state) => {
            let earlier = earlier!(state, Rate);
            let (next, reply) = rate::apply(earlier, command, now);
            let (rate, expires) = next.unzip();
            Some((rate.map(State::Rate), expires, Reply::Rate(reply)))
        }
        (Command::Flight(command), state) => {
            let earlier = earlier!(state, Flight);
            let (next, reply) = flight::apply(earlier.as_ref(), command, now);
            let (flight, expires) = next.unzip();
            Some((flight.map(State::Flight), expires, Reply::Flight(reply)))
        }
        (Command::Circuit(command), state) => {
            let earlier = earlier!(state, Circuit);
            let (next, reply) = circuit::apply(earlier, command, now);
            let (circuit, expires) = next.unzip();
            Some((circuit.map(State::Circuit), expires, Reply::Circuit(reply)))
        }
    }
}

/// Sends `command` to the owner of `key`.
///
/// # Errors
/// [`DurableError`] when the owner could not be asked, or its reply could not be read.
pub async fn apply<D: Durable>(durable: &D, key: &str, command: &Command) -> Result<Reply, DurableError> {
    let reply = durable.apply(key, encode(command)).await?;
    match decode(&reply) {
        None | Some(Reply::Unreadable) => Err(DurableError::Unavailable),
        Some(reply) => Ok(reply),
    }
}

/// One byte of format, then MessagePack.
fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    // Writing to memory fails only for maps of unknown length, which none of these types has; an empty body is unreadable.
    if rmp_serde::encode::write(&mut bytes, value).is_err() {
        bytes.clear();
    }
    bytes
}

fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    match bytes.split_first() {
        Some((&FORMAT, body)) => rmp_serde::from_slice(body).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    #[test]
    fn garbage_changes_nothing() {
        let read = encode(&Command::Epochs(epochs::Command::Read));
        for (stored, command) in [
            (Some(&b"\x01garbage"[..]), &read[..]),
            (Some(&b""[..]), &read),
            (Some(&b"\x02"[..]), &read),
            (None, &b"garbage"[..]),
            (None, &b""[..]),
        ] {
            let done = step(stored, command, NOW);
            assert_eq!(done, Step { state: None, expires: None, reply: encode(&Reply::Unreadable) });
        }
    }

    #[test]
    fn a_command_of_another_kind_changes_nothing() {
        let add = Command::Counters(counters::Command::Add(vec![("a".to_owned(), 1)]));
        let stored = step(None, &encode(&add), NOW).state.unwrap();
        let done = step(Some(&stored), &encode(&Command::Epochs(epochs::Command::Read)), NOW);
        assert_eq!((done.state, decode(&done.reply)), (None, Some(Reply::Unreadable)));
    }
}
