//! Stored states and commands: whatever the bytes are, there is a reply; what is stored can be read again.

use toolgate::state::{StateCommand, StateReply, StateStep, circuit, epochs, keys, rate, step};
use toolgate::words::limits::{CIRCUITS_PER_EXECUTOR, RATE_REQUESTS_MAX, RATE_WINDOW_MAX};
use toolgate::words::time::{Millis, Timestamp};

use crate::text::{parts, unescaped};

/// The format that stands before the CBOR of a state, a command and a reply.
const FORMAT: u8 = 2;

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// The first part is the stored state (`none` for none), the others are commands, applied one after the other.
pub(crate) fn run(data: &[u8]) {
    let parts = parts(data);
    let Some((stored, commands)) = parts.split_first() else {
        return;
    };
    let mut stored = (*stored != b"none").then(|| bytes_of(stored));
    for command in commands.iter().take(8) {
        let command = bytes_of(command);
        // Hosts hand both over as they come: the one may stand where the other should.
        check(Some(&command), stored.as_deref().unwrap_or_default());
        check(None, &command);
        let done = check(stored.as_deref(), &command);
        stored = done.state.or(stored);
    }
}

/// A part that is JSON is the CBOR of today's format (see [`crate::cbor`]): `[7,[...]]` is the command, or the state, with the number 7.
/// Any other part is bytes.
fn bytes_of(part: &[u8]) -> Vec<u8> {
    crate::cbor::from_json(part).map_or_else(|| unescaped(part), |cbor| [&[FORMAT][..], &cbor].concat())
}

fn encoded(command: &StateCommand) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    minicbor::encode(command, &mut bytes).expect("memory takes everything");
    bytes
}

fn reply_of(done: &StateStep) -> StateReply {
    let (format, body) = done.reply.split_first().expect("a reply is never empty");
    assert_eq!(*format, FORMAT, "the format of a reply");
    minicbor::decode(body).expect("a reply can be read")
}

fn check(stored: Option<&[u8]>, command: &[u8]) -> StateStep {
    let done = step(stored, command, NOW);
    assert_eq!(done, step(stored, command, NOW), "the same bytes give the same step");
    assert!(done.expires.is_none() || done.state.is_some(), "what is not stored does not expire");
    let reply = reply_of(&done);
    if reply == StateReply::Unreadable {
        assert!(done.state.is_none(), "what cannot be read changes nothing");
        return done;
    }
    if let Some(state) = &done.state {
        let again = reply_of(&step(Some(state), command, NOW));
        assert!(again != StateReply::Unreadable, "what was stored can be read again");
    }
    if let StateReply::Rate(rate::Reply::Lease(granted)) = &reply {
        check_lease(command, granted);
    }
    if let StateReply::Epochs(epochs::Reply::Now(after)) = &reply {
        let read = encoded(&StateCommand::Epochs(epochs::Command::Read));
        let before = reply_of(&step(stored, &read, NOW));
        let StateReply::Epochs(epochs::Reply::Now(before)) = before else {
            panic!("a state that took a change can be read: {before:?}");
        };
        assert!(after.version >= before.version, "epochs never go back");
        // A stored floor above the version is of nobody's making.
        let is_made = before.cache_floor <= before.version;
        assert!(!is_made || after.cache_floor >= before.cache_floor, "what is stale stays stale");
        assert!(done.state.is_some() || *after == before, "what changed is stored");
    }
    if let StateReply::Circuit(reply) = &reply {
        check_circuit(reply, command, done.state.as_deref().or(stored));
    }
    if let StateReply::Keys(reply) = &reply {
        check_keys(reply, done.state.as_deref().or(stored));
    }
    done
}

/// A trial that was given out is nobody else's at the same time.
fn check_circuit(reply: &circuit::Reply, command: &[u8], stored: Option<&[u8]>) {
    assert!(reply.views.len() <= CIRCUITS_PER_EXECUTOR, "what is told is bounded");
    let circuit::CommandResult::Granted { .. } = reply.answer else { return };
    let (_, body) = command.split_first().expect("a command that was read");
    let Ok(StateCommand::Circuit(circuit::Command::Claim { rules, holder, scope, lasts })) = minicbor::decode(body)
    else {
        panic!("a trial for what is no claim");
    };
    let other = circuit::Command::Claim { rules, holder: holder.wrapping_add(1), scope, lasts };
    let StateReply::Circuit(second) = reply_of(&step(stored, &encoded(&StateCommand::Circuit(other)), NOW)) else {
        panic!("a state that took a claim can be asked for another");
    };
    // A trial that may take no time is over at once.
    assert!(second.answer == circuit::CommandResult::Held || lasts == Millis::ZERO, "one trial at a time: {second:?}");
}

/// Checks that a reply tells of issued keys what their owner holds.
fn check_keys(reply: &keys::Reply, stored: Option<&[u8]>) {
    let find =
        |id: &str| reply_of(&step(stored, &encoded(&StateCommand::Keys(keys::Command::Find(id.to_owned()))), NOW));
    match reply {
        keys::Reply::Key(key) | keys::Reply::Made { key, .. } => {
            assert_eq!(find(&key.id), StateReply::Keys(keys::Reply::Key(key.clone())), "it is kept as it was told");
            let ended = key.ends_at().is_some_and(|end| end <= NOW);
            let over = matches!(key.status(NOW), keys::KeyStatus::Expired | keys::KeyStatus::Revoked);
            assert!(over == ended || key.revoked_at.is_some(), "{key:?}");
        }
        keys::Reply::Keys(listed) => {
            assert!(listed.len() <= toolgate::words::limits::ISSUED_KEYS_LISTED, "a list is bounded");
            assert!(listed.iter().all(|key| key.hash.is_empty()), "a list tells no hash");
        }
        keys::Reply::Unknown | keys::Reply::Ended | keys::Reply::Mismatch | keys::Reply::Full => {}
    }
}

/// Whatever was stored: nobody is given more than it asked for, nor more than the limit ever has.
fn check_lease(command: &[u8], granted: &rate::Granted) {
    let (_, body) = command.split_first().expect("a command that was read");
    let Ok(StateCommand::Rate(rate::Command::Ask(ask))) = minicbor::decode(body) else {
        panic!("a lease for what is no question");
    };
    assert!(granted.tokens <= ask.waiting.saturating_add(ask.more), "no more than was asked for");
    assert!(granted.tokens.saturating_add(granted.left) <= ask.pace.burst, "no more than the burst");
    // No configuration has a larger limit; of one that is, only the bounds above hold.
    let is_configurable = (1..=RATE_REQUESTS_MAX).contains(&ask.pace.requests)
        && (1..=RATE_REQUESTS_MAX).contains(&ask.pace.burst)
        && (1..=RATE_WINDOW_MAX.get()).contains(&ask.pace.window.get());
    let has_answer = ask.waiting == 0 || granted.tokens > 0 || granted.wait.get() > 0;
    assert!(has_answer || !is_configurable, "a refusal says when to ask again");
}
