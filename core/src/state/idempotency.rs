//! One outcome per idempotency key (draft-ietf-httpapi-idempotency-key-header): a repeated request gets the first
//! response.

use minicbor::{Decode, Encode};

use crate::words::time::{Millis, Timestamp};

/// Retention of an outcome.
const KEPT: Millis = Millis::from_secs(24 * 3600);

/// The state of one idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Idempotency {
    /// Digest of the first request.
    #[cbor(n(0), with = "minicbor::bytes")]
    fingerprint: Vec<u8>,
    #[n(1)]
    progress: Progress,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
enum Progress {
    /// The attempt with this number is in flight, and counts as lost after `until`.
    #[n(0)]
    InFlight {
        #[n(0)]
        attempt: u64,
        #[n(1)]
        until: Timestamp,
    },
    /// The execution finished with this response.
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
    /// The execution may have happened, with an unknown outcome.
    #[n(3)]
    Unknown,
}

/// A request to the owner of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Command {
    /// Begins an attempt. `attempt` distinguishes attempts; after `lost_after` it counts as lost.
    #[n(0)]
    Begin {
        /// Digest of the request.
        #[cbor(n(0), with = "minicbor::bytes")]
        fingerprint: Vec<u8>,
        /// A number that no other attempt has.
        #[n(1)]
        attempt: u64,
        /// Longest duration of the attempt.
        #[n(2)]
        lost_after: Millis,
    },
    /// Ends an attempt.
    #[n(1)]
    End {
        /// The attempt's number, as at its beginning.
        #[n(0)]
        attempt: u64,
        /// The outcome.
        #[n(1)]
        outcome: AttemptOutcome,
    },
}

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum AttemptOutcome {
    /// It completed with this response, which every repetition is given.
    #[n(0)]
    Completed {
        /// The response's status.
        #[n(0)]
        status: u16,
        /// The response's body.
        #[cbor(n(1), with = "minicbor::bytes")]
        body: Vec<u8>,
    },
    /// It never reached an executor.
    #[n(1)]
    NotExecuted,
    /// Its outcome is unknown.
    #[n(2)]
    Unknown,
}

/// Answers a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Reply {
    /// Go on; or, after an end: recorded.
    #[n(0)]
    Proceed,
    /// Another attempt is in flight.
    #[n(1)]
    InFlight,
    /// It was executed before: the first response.
    #[n(2)]
    Replay {
        /// The response's status.
        #[n(0)]
        status: u16,
        /// The response's body.
        #[cbor(n(1), with = "minicbor::bytes")]
        body: Vec<u8>,
    },
    /// The key was used with another request.
    #[n(3)]
    Mismatch,
    /// It may have been executed before, with an unknown outcome.
    #[n(4)]
    Unknown,
}

/// Returns the next state (`None`: unchanged), and the reply.
fn apply(earlier: Option<Idempotency>, command: Command, now: Timestamp) -> (Option<Idempotency>, Reply) {
    match command {
        Command::Begin { fingerprint, attempt, lost_after } => begin(earlier, fingerprint, attempt, lost_after, now),
        Command::End { attempt, outcome } => end(earlier, attempt, outcome),
    }
}

/// Applies a command; returns the state to store, its expiry, and the reply.
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
        // The same attempt asks again, because it did not receive the first reply.
        Progress::InFlight { attempt: current, .. } if current == attempt => (None, Reply::Proceed),
        Progress::InFlight { until, .. } if now < until => (None, Reply::InFlight),
        // The attempt that held the key vanished: it may or may not have executed.
        Progress::InFlight { .. } | Progress::Unknown => (None, Reply::Unknown),
    }
}

fn end(earlier: Option<Idempotency>, attempt: u64, outcome: AttemptOutcome) -> (Option<Idempotency>, Reply) {
    match earlier {
        Some(Idempotency { fingerprint, progress: Progress::InFlight { attempt: current, .. } })
            if current == attempt =>
        {
            let progress = match outcome {
                AttemptOutcome::Completed { status, body } => Progress::Completed { status, body },
                AttemptOutcome::NotExecuted => Progress::Released,
                AttemptOutcome::Unknown => Progress::Unknown,
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

    fn end_with(state: &mut Option<Idempotency>, attempt: u64, outcome: AttemptOutcome) -> Reply {
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
        let answer = AttemptOutcome::Completed { status: 200, body: b"{}".to_vec() };
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
        end_with(&mut state, 1, AttemptOutcome::NotExecuted);
        assert_eq!(begin_at(&mut state, b"x", 2, 1), Reply::Proceed);
        end_with(&mut state, 2, AttemptOutcome::Unknown);
        assert_eq!(begin_at(&mut state, b"x", 3, 2), Reply::Unknown);
    }

    #[test]
    fn a_lost_attempt_ends_unknown_and_its_late_end_is_not_taken() {
        let mut state = None;
        begin_at(&mut state, b"x", 1, 0);
        assert_eq!(begin_at(&mut state, b"x", 2, 100), Reply::Unknown);
        assert_eq!(end_with(&mut state, 2, AttemptOutcome::NotExecuted), Reply::Mismatch);
    }
}
