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

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::ports::{Durable, DurableError};
use crate::words::cbor;
use crate::words::time::Timestamp;

/// The format of stored states, of commands and of replies. No other is read: what changes does so within it, by number (see
/// `cbor.rs`).
const FORMAT: u8 = 2;

/// What an owner can be asked. Each kind belongs to one kind of state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Command {
    /// To the owner of the epochs.
    #[n(0)]
    Epochs(#[n(0)] epochs::Command),
    /// To the owner of one authorisation id.
    #[n(1)]
    Authorization(#[n(0)] authorization::Command),
    /// To the owner of one idempotency key.
    #[n(2)]
    Idempotency(#[n(0)] idempotency::Command),
    /// To the owner of the counters.
    #[n(3)]
    Counters(#[n(0)] counters::Command),
    /// To an owner of issued keys.
    #[n(4)]
    Keys(#[n(0)] keys::Command),
    /// To the owner of one limit's key.
    #[n(5)]
    Rate(#[n(0)] rate::Command),
    /// To the owner of one key of the cache that calls miss.
    #[n(6)]
    Flight(#[n(0)] flight::Command<ByteVec>),
    /// To the owner of one executor's circuit breakers.
    #[n(7)]
    Circuit(#[n(0)] circuit::Command),
}

/// What an owner answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Reply {
    /// Of the epochs.
    #[n(0)]
    Epochs(#[n(0)] epochs::Reply),
    /// Of an authorisation id.
    #[n(1)]
    Authorization(#[n(0)] authorization::Reply),
    /// Of an idempotency key.
    #[n(2)]
    Idempotency(#[n(0)] idempotency::Reply),
    /// Of the counters.
    #[n(3)]
    Counters(#[n(0)] counters::Reply),
    /// Of issued keys.
    #[n(4)]
    Keys(#[n(0)] keys::Reply),
    /// Of a limit's key.
    #[n(5)]
    Rate(#[n(0)] rate::Reply),
    /// The command or the stored state could not be read, or they are not of one kind. Nothing changed.
    #[n(6)]
    Unreadable,
    /// Of a key of the cache.
    #[n(7)]
    Flight(#[n(0)] flight::Reply<ByteVec>),
    /// Of an executor's circuit breakers.
    #[n(8)]
    Circuit(#[n(0)] circuit::Reply),
}

#[derive(Clone, Debug, Encode, Decode)]
enum State {
    #[n(0)]
    Epochs(#[n(0)] epochs::Epochs),
    #[n(1)]
    Authorization(#[n(0)] authorization::Authorization),
    #[n(2)]
    Idempotency(#[n(0)] idempotency::Idempotency),
    #[n(3)]
    Counters(#[n(0)] counters::Counters),
    #[n(4)]
    Keys(#[n(0)] keys::Keys),
    #[n(5)]
    Rate(#[n(0)] rate::Rate),
    #[n(6)]
    Flight(#[n(0)] flight::Flight<ByteVec>),
    #[n(7)]
    Circuit(#[n(0)] circuit::Circuit),
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

/// One byte of format, then CBOR.
fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    // Writing to memory cannot fail for these types; were it to, no bytes are unreadable.
    if minicbor::encode(value, &mut bytes).is_err() {
        bytes.clear();
    }
    bytes
}

fn decode<T: for<'b> Decode<'b, ()>>(bytes: &[u8]) -> Option<T> {
    match bytes.split_first() {
        Some((&FORMAT, body)) => cbor::read(body).ok(),
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
            (Some(&b"\x02garbage"[..]), &read[..]),
            (Some(&b""[..]), &read),
            (Some(&[FORMAT][..]), &read),
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

    #[test]
    fn a_member_that_is_not_known_is_passed_over_in_states_and_commands() {
        // The epochs at version 5, and a ninth member; to be read, by a command with a member.
        let stored = b"\x02\x82\x00\x81\x89\x05\x04\x03\x02\x01\xa0\x81ak\x80\x82cnew\xf6";
        let done = step(Some(stored), b"\x02\x82\x00\x81\x82\x00\x81\x07", NOW);
        let Some(Reply::Epochs(epochs::Reply::Now(epochs))) = decode(&done.reply) else { panic!("unreadable") };
        assert_eq!((epochs.version, epochs.revoked.contains("k")), (5, true));
    }

    #[test]
    fn an_optional_member_that_is_missing_is_done_without_in_states_and_commands() {
        // A flight that is over, and has no fourth member; a call that joins, without its fourth and fifth.
        let stored = b"\x02\x82\x06\x81\x83\x01\x05\x82\x02\x80";
        let join = b"\x02\x82\x06\x81\x82\x00\x81\x83\x02\x05\x00";
        assert_eq!(decode(&step(Some(stored), join, NOW).reply), Some(Reply::Flight(flight::Reply::Lead)));
        let without_phase = b"\x02\x82\x06\x81\x82\x01\x05";
        assert_eq!(decode(&step(Some(without_phase), join, NOW).reply), Some(Reply::Unreadable));
    }

    #[test]
    fn no_other_format_is_read() {
        let read = encode(&Command::Epochs(epochs::Command::Read));
        let before = b"\x01\x81\xa6Epochs\x98\x05\x04\x03\x02\x01\x80\x91\xa1k\x90";
        let today =
            step(None, &encode(&Command::Epochs(epochs::Command::Advance(vec![epochs::Change::Policy]))), NOW).state;
        let later = [&[FORMAT + 1], &today.unwrap()[1..]].concat();
        for stored in [&before[..], &later] {
            let done = step(Some(stored), &read, NOW);
            assert_eq!((done.state, decode(&done.reply)), (None, Some(Reply::Unreadable)));
        }
    }
}
