//! States with one durable owner, and the reducer that changes them: the same function on every host.
//!
//! A host's `durable` adapter calls [`step`] with the stored bytes, the command's bytes and its own clock. Deciders
//! build a [`StateCommand`]; [`apply`] sends it and returns the reply.

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

/// The format of stored states, of commands and of replies. No other is read: changes are made within it, by number
/// (see `cbor.rs`).
const FORMAT: u8 = 2;

macro_rules! states {
    ($($kind:ident = $of:literal, $number:tt, $reply_number:tt, $reduce:path, $state:ty, $command:ty, $reply:ty;)*) => {
        /// A request to a durable owner. Each kind belongs to one kind of state.
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
        pub enum StateCommand {
            $(
                #[doc = concat!("Asks the owner of ", $of, ".")]
                #[n($number)]
                $kind(#[n(0)] $command),
            )*
        }

        /// Answers a [`StateCommand`].
        #[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
        pub enum StateReply {
            $(
                #[doc = concat!("Answers for the owner of ", $of, ".")]
                #[n($reply_number)]
                $kind(#[n(0)] $reply),
            )*
            /// The command or the stored state could not be decoded, or they are not of one kind. Nothing changed.
            #[n(6)]
            Unreadable,
        }

        #[derive(Clone, Debug, Encode, Decode)]
        enum State {
            $(
                #[n($number)]
                $kind(#[n(0)] $state),
            )*
        }

        /// Routes the command to the reducer of its kind. `None` when state and command are of different kinds.
        fn reduce(state: Option<State>, command: StateCommand, now: Timestamp) -> Option<Reduced> {
            match command {
                $(StateCommand::$kind(command) => {
                    let earlier = match state {
                        None => None,
                        Some(State::$kind(state)) => Some(state),
                        Some(_) => return None,
                    };
                    let (next, expires, reply) = $reduce(earlier, command, now);
                    Some((next.map(State::$kind), expires, StateReply::$kind(reply)))
                })*
            }
        }
    };
}

// Each kind: its owners, the numbers of its states and commands and of its replies, its reducer and its three types. A
// reducer returns the state to store, if it changed; the time after which the host may delete it; and the reply.
states! {
    Epochs = "the epochs", 0, 0, epochs::reduce, epochs::Epochs, epochs::Command, epochs::Reply;
    Authorization = "one authorisation id", 1, 1, authorization::reduce, authorization::Authorization, authorization::Command, authorization::Reply;
    Idempotency = "one idempotency key", 2, 2, idempotency::reduce, idempotency::Idempotency, idempotency::Command, idempotency::Reply;
    Counters = "the counters", 3, 3, counters::reduce, counters::Counters, counters::Command, counters::Reply;
    Keys = "issued keys", 4, 4, keys::reduce, keys::Keys, keys::Command, keys::Reply;
    Rate = "one limit's key", 5, 5, rate::reduce, rate::Rate, rate::Command, rate::Reply;
    Flight = "one key of the cache that calls miss", 6, 7, flight::reduce, flight::Flight<ByteVec>, flight::Command<ByteVec>, flight::Reply<ByteVec>;
    Circuit = "one executor's circuit breakers", 7, 8, circuit::reduce, circuit::Circuit, circuit::Command, circuit::Reply;
}

/// The result of [`step`], for the host to carry out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateStep {
    /// The state to store in place of the old one; `None` leaves the stored state unchanged.
    pub state: Option<Vec<u8>>,
    /// The time after which the host may delete the state; `None` for never. Set only when `state` is.
    pub expires: Option<Timestamp>,
    /// The reply to the caller.
    pub reply: Vec<u8>,
}

/// Applies an encoded command to a stored state. Total: every input gets a reply.
#[must_use]
pub fn step(stored: Option<&[u8]>, command: &[u8], now: Timestamp) -> StateStep {
    let unreadable = || StateStep { state: None, expires: None, reply: encode(&StateReply::Unreadable) };
    let Some(command) = decode::<StateCommand>(command) else {
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
            StateStep { state: next.map(|state| encode(&state)), expires, reply: encode(&reply) }
        }
    }
}

type Reduced = (Option<State>, Option<Timestamp>, StateReply);

/// Sends `command` to the owner of `key`.
///
/// # Errors
/// [`DurableError`] when the owner could not be reached, or its reply could not be decoded.
pub async fn apply<D: Durable>(durable: &D, key: &str, command: &StateCommand) -> Result<StateReply, DurableError> {
    let reply = durable.apply(key, encode(command)).await?;
    match decode(&reply) {
        None | Some(StateReply::Unreadable) => Err(DurableError::Unavailable),
        Some(reply) => Ok(reply),
    }
}

/// Encodes one byte of format, then CBOR.
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
        let read = encode(&StateCommand::Epochs(epochs::Command::Read));
        for (stored, command) in [
            (Some(&b"\x02garbage"[..]), &read[..]),
            (Some(&b""[..]), &read),
            (Some(&[FORMAT][..]), &read),
            (None, &b"garbage"[..]),
            (None, &b""[..]),
        ] {
            let done = step(stored, command, NOW);
            assert_eq!(done, StateStep { state: None, expires: None, reply: encode(&StateReply::Unreadable) });
        }
    }

    #[test]
    fn a_command_of_another_kind_changes_nothing() {
        let add = StateCommand::Counters(counters::Command::Add(vec![("a".to_owned(), 1)]));
        let stored = step(None, &encode(&add), NOW).state.unwrap();
        let done = step(Some(&stored), &encode(&StateCommand::Epochs(epochs::Command::Read)), NOW);
        assert_eq!((done.state, decode(&done.reply)), (None, Some(StateReply::Unreadable)));
    }

    #[test]
    fn states_and_commands_pass_over_unknown_members() {
        // The epochs at version 5, with a ninth member; to be read by a command with a member.
        let stored = b"\x02\x82\x00\x81\x89\x05\x04\x03\x02\x01\xa0\x81ak\x80\x82cnew\xf6";
        let done = step(Some(stored), b"\x02\x82\x00\x81\x82\x00\x81\x07", NOW);
        let Some(StateReply::Epochs(epochs::Reply::Now(epochs))) = decode(&done.reply) else { panic!("unreadable") };
        assert_eq!((epochs.version, epochs.revoked.contains("k")), (5, true));
    }

    #[test]
    fn states_and_commands_may_lack_optional_members() {
        // A flight that is over, without its fourth member; a call that joins, without its fourth and fifth.
        let stored = b"\x02\x82\x06\x81\x83\x01\x05\x82\x02\x80";
        let join = b"\x02\x82\x06\x81\x82\x00\x81\x83\x02\x05\x00";
        assert_eq!(decode(&step(Some(stored), join, NOW).reply), Some(StateReply::Flight(flight::Reply::Lead)));
        let without_phase = b"\x02\x82\x06\x81\x82\x01\x05";
        assert_eq!(decode(&step(Some(without_phase), join, NOW).reply), Some(StateReply::Unreadable));
    }

    #[test]
    fn no_other_format_is_read() {
        let read = encode(&StateCommand::Epochs(epochs::Command::Read));
        let before = b"\x01\x81\xa6Epochs\x98\x05\x04\x03\x02\x01\x80\x91\xa1k\x90";
        let today =
            step(None, &encode(&StateCommand::Epochs(epochs::Command::Advance(vec![epochs::Change::Policy]))), NOW)
                .state;
        let later = [&[FORMAT + 1], &today.unwrap()[1..]].concat();
        for stored in [&before[..], &later] {
            let done = step(Some(stored), &read, NOW);
            assert_eq!((done.state, decode(&done.reply)), (None, Some(StateReply::Unreadable)));
        }
    }
}
