//! One outcome per idempotency key (draft-ietf-httpapi-idempotency-key-header): a repeated request gets the first answer.

use minicbor::{Decode, Encode};

use crate::words::time::{Millis, Timestamp};

/// Sets how long an outcome is remembered.
const KEPT: Millis = Millis::from_secs(24 * 3600);

/// Describes what is known of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Idempotency {
    /// Digest of the request that came first.
    #[cbor(n(0), with = "minicbor::bytes")]
    fingerprint: Vec<u8>,
    #[n(1)]
    progress: Progress,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
enum Progress {
    /// The attempt with this number is under way, and is given up for lost after `until`.
    #[n(0)]
    InFlight {
        #[n(0)]
        attempt: u64,
        #[n(1)]
        until: Timestamp,
    },
    /// The execution finished with this answer.
    #[n(1)]
    Completed {
        #[n(0)]
        status: u16,
        #[cbor(n(1), with = "minicbor::bytes")]
        body: Vec<u8>,
    },
    /// The attempt provably never reached an executor: the key is free, for the same request.
    #[n(2)]
    Released,
    /// The execution may have happened, and nobody knows how it ended.
    #[n(3)]
    Unknown,
}

/// Asks the owner of an idempotency key for something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Command {
    /// A request arrived. `attempt` tells attempts apart; `lost_after` is when to give it up for lost.
    #[n(0)]
    Begin {
        /// Digest of the request.
        #[cbor(n(0), with = "minicbor::bytes")]
        fingerprint: Vec<u8>,
        /// A number that no other attempt has.
        #[n(1)]
        attempt: u64,
        /// Sets how long the attempt may take.
        #[n(2)]
        lost_after: Millis,
    },
    /// The attempt ended.
    #[n(1)]
    End {
        /// The number given at the beginning.
        #[n(0)]
        attempt: u64,
        /// Tells how it ended.
        #[n(1)]
        outcome: Outcome,
    },
}

/// Describes how an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Outcome {
    /// With this answer, to be given to every repetition.
    #[n(0)]
    Completed {
        /// Its status.
        #[n(0)]
        status: u16,
        /// Its body.
        #[cbor(n(1), with = "minicbor::bytes")]
        body: Vec<u8>,
    },
    /// Without ever reaching an executor.
    #[n(1)]
    NotExecuted,
    /// Nobody knows.
    #[n(2)]
    Unknown,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Reply {
    /// Go on; or, after an end: noted.
    #[n(0)]
    Proceed,
    /// Another attempt is under way.
    #[n(1)]
    InFlight,
    /// It was executed before: the first answer.
    #[n(2)]
    Replay {
        /// Its status.
        #[n(0)]
        status: u16,
        /// Its body.
        #[cbor(n(1), with = "minicbor::bytes")]
        body: Vec<u8>,
    },
    /// The key was used with another request.
    #[n(3)]
    Mismatch,
    /// It may have been executed before, and nobody knows how that ended.
    #[n(4)]
    Unknown,
}

/// The next state (`None`: as it was), and the reply.
fn apply(earlier: Option<Idempotency>, command: Command, now: Timestamp) -> (Option<Idempotency>, Reply) {
    match command {
        Command::Begin { fingerprint, attempt, lost_after } => begin(earlier, fingerprint, attempt, lost_after, now),
        Command::End { attempt, outcome } => end(earlier, attempt, outcome),
    }
}

/// Applies a command: the state to store, from when on it may be deleted, and the reply.
pub(super) fn reduce(
    earlier: Option<Idempotency>,
    command: Command,
    now: Timestamp,
) -> (Option<Idempotency>, Option<Timestamp>, Reply) {
    let (next, reply) = apply(earlier, command, now);
    let expires = next.is_some().then(|| now.after(KEPT));
    (next, expires, reply)
}

fn begin(
    earlier: Option<Idempotency>,
    fingerprint: Vec<u8>,
    attempt: u64,
    lost_after: Millis,
    now: Timestamp,
) -> (Option<Idempotency>, Reply) {
    let fresh = |fingerprint| Idempotency {
        fingerprint,
        progress: Progress::InFlight { attempt, until: now.after(lost_after) },
    };
    let Some(earlier) = earlier else {
        return (Some(fresh(fingerprint)), Reply::Proceed);
    };
    if earlier.fingerprint != fingerprint {
        return (None, Reply::Mismatch);
    }
    match earlier.progress {
        Progress::Released => (Some(fresh(fingerprint)), Reply::Proceed),
        Progress::Completed { status, body } => (None, Reply::Replay { status, body }),
        // The same attempt asks again, because it did not hear the first reply.
        Progress::InFlight { attempt: current, .. } if current == attempt => (None, Reply::Proceed),
        Progress::InFlight { until, .. } if now < until => (None, Reply::InFlight),
        // Who held the key is gone without a word: whether it executed, nobody knows.
        Progress::InFlight { .. } | Progress::Unknown => (None, Reply::Unknown),
    }
}

fn end(earlier: Option<Idempotency>, attempt: u64, outcome: Outcome) -> (Option<Idempotency>, Reply) {
    match earlier {
        Some(Idempotency { fingerprint, progress: Progress::InFlight { attempt: current, .. } })
            if current == attempt =>
        {
            let progress = match outcome {
                Outcome::Completed { status, body } => Progress::Completed { status, body },
                Outcome::NotExecuted => Progress::Released,
                Outcome::Unknown => Progress::Unknown,
            };
            (Some(Idempotency { fingerprint, progress }), Reply::Proceed)
        }
        _ => (None, Reply::Mismatch),
    }
}

#[cfg(test)]
#[path = "idempotency_model_tests.rs"]
mod model;

#[cfg(test)]
mod tests {
    use super::*;

    fn begin_at(state: &mut Option<Idempotency>, fingerprint: &[u8], attempt: u64, now: u64) -> Reply {
        let command = Command::Begin { fingerprint: fingerprint.to_vec(), attempt, lost_after: Millis::new(100) };
        let (next, reply) = apply(state.clone(), command, Timestamp::from_millis(now));
        *state = next.or(state.take());
        reply
    }

    fn end_with(state: &mut Option<Idempotency>, attempt: u64, outcome: Outcome) -> Reply {
        let (next, reply) = apply(state.clone(), Command::End { attempt, outcome }, Timestamp::default());
        *state = next.or(state.take());
        reply
    }

    #[test]
    fn the_first_answer_is_replayed_and_another_body_refused() {
        let mut state = None;
        assert_eq!(begin_at(&mut state, b"x", 1, 0), Reply::Proceed);
        assert_eq!(begin_at(&mut state, b"x", 2, 50), Reply::InFlight);
        assert_eq!(begin_at(&mut state, b"y", 3, 50), Reply::Mismatch);
        let answer = Outcome::Completed { status: 200, body: b"{}".to_vec() };
        assert_eq!(end_with(&mut state, 1, answer), Reply::Proceed);
        assert_eq!(begin_at(&mut state, b"x", 4, 5_000), Reply::Replay { status: 200, body: b"{}".to_vec() });
        assert_eq!(begin_at(&mut state, b"y", 5, 5_000), Reply::Mismatch);
    }

    #[test]
    fn an_attempt_that_did_not_hear_the_reply_may_ask_again() {
        let mut state = None;
        assert_eq!(begin_at(&mut state, b"x", 1, 0), Reply::Proceed);
        assert_eq!(begin_at(&mut state, b"x", 1, 5), Reply::Proceed);
        assert_eq!(begin_at(&mut state, b"x", 2, 5), Reply::InFlight);
    }

    #[test]
    fn what_never_ran_frees_the_key_and_what_may_have_run_does_not() {
        let mut state = None;
        begin_at(&mut state, b"x", 1, 0);
        end_with(&mut state, 1, Outcome::NotExecuted);
        assert_eq!(begin_at(&mut state, b"x", 2, 1), Reply::Proceed);
        end_with(&mut state, 2, Outcome::Unknown);
        assert_eq!(begin_at(&mut state, b"x", 3, 2), Reply::Unknown);
    }

    #[test]
    fn a_lost_attempt_ends_unknown_and_its_late_end_is_not_taken() {
        let mut state = None;
        begin_at(&mut state, b"x", 1, 0);
        assert_eq!(begin_at(&mut state, b"x", 2, 100), Reply::Unknown);
        assert_eq!(end_with(&mut state, 2, Outcome::NotExecuted), Reply::Mismatch);
    }
}
