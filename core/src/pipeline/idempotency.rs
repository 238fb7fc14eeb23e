//! Idempotency keys around a tool call: one outcome per key.

use hmac_sha256::Hash;

use crate::cache::{CachePolicy, CacheScopeChoice, CacheStrategy, KeyParts, Life, key_of};
use crate::model::call::ToolCall;
use crate::model::caller::Caller;
use crate::ports::{DurableError, Platform};
use crate::state::idempotency::{AttemptOutcome, Command, Reply};
use crate::state::{self, StateCommand, StateReply};
use crate::words::hex;
use crate::words::limits::{IDEMPOTENCY_POLL_MAX, IDEMPOTENCY_POLL_MIN};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};

/// A claim on a key, held until the outcome of the call is settled.
#[derive(Debug)]
pub struct Claim {
    owner: String,
    attempt: u64,
    has_waited: bool,
}

impl Claim {
    /// Returns true after a wait for another attempt that came to nothing: earlier decisions may no longer hold.
    pub(crate) const fn has_waited(&self) -> bool {
        self.has_waited
    }
}

/// The result of a claim.
#[derive(Debug)]
pub enum Claimed {
    /// The call may be made; its outcome must be settled.
    Go(Claim),
    /// The stored answer to an earlier call with this key.
    Replay {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
}

/// The time limits of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Silence after which it counts as lost.
    pub(crate) lost_after: Millis,
    /// Longest wait for another attempt with its key.
    pub(crate) patience: Millis,
}

/// Claims `key` for this call. Keys of different callers never collide. If another request with this key is in flight,
/// waits for its end.
///
/// # Errors
/// [`RefusalKind::IdempotencyInFlight`], [`RefusalKind::IdempotencyKeyReused`], [`RefusalKind::OutcomeUnknown`],
/// [`RefusalKind::DurableUnavailable`], [`RefusalKind::DurableUnsupported`].
pub(crate) async fn claim<P: Platform>(
    platform: &P,
    caller: &Caller,
    key: &str,
    call: &ToolCall<'_>,
    Times { lost_after, patience }: Times,
) -> Result<Claimed, Refusal> {
    let mut attempt = [0; 8];
    platform.fill(&mut attempt);
    let attempt = u64::from_be_bytes(attempt);
    let name = hex::encode(&Hash::hash(key.as_bytes()));
    let owner = format!("idempotency/{}/{}/{name}", caller.tenant, caller.id);
    let command =
        StateCommand::Idempotency(Command::Begin { fingerprint: fingerprint(caller, call), attempt, lost_after });
    let mut waiting = Waiting::new(patience, platform.now());
    loop {
        let reply = match ask(platform, &owner, &command).await {
            Ok(reply) => reply,
            Err(refusal) => {
                give_back(platform, owner, attempt);
                return Err(refusal);
            }
        };
        match reply {
            Reply::Proceed => return Ok(Claimed::Go(Claim { owner, attempt, has_waited: waiting.has_begun() })),
            Reply::Replay { status, body } => return Ok(Claimed::Replay { status, body }),
            Reply::Mismatch => return Err(Refusal::new(RefusalKind::IdempotencyKeyReused)),
            Reply::Unknown => return Err(Refusal::new(RefusalKind::OutcomeUnknown)),
            Reply::InFlight => match waiting.next(platform.now()) {
                Some(span) => platform.sleep(span).await,
                None => return Err(Refusal::new(RefusalKind::IdempotencyInFlight).after(Millis::from_secs(1))),
            },
        }
    }
}

/// The waits of a request whose key another one has claimed. They are bounded: each takes from the remaining time.
#[derive(Clone, Debug)]
struct Waiting {
    until: Timestamp,
    /// The remaining time if every wait lasts as long as planned: a clock that is set back adds none.
    left: Millis,
    pause: Millis,
}

impl Waiting {
    fn new(patience: Millis, now: Timestamp) -> Self {
        Self { until: now.after(patience), left: patience, pause: IDEMPOTENCY_POLL_MIN }
    }

    const fn has_begun(&self) -> bool {
        self.pause.get() > IDEMPOTENCY_POLL_MIN.get()
    }

    /// Returns the wait before the next question; `None` when the time is up.
    fn next(&mut self, now: Timestamp) -> Option<Millis> {
        let span = self.pause.min(self.left).min(now.until(self.until));
        self.left = self.left.saturating_sub(span);
        self.pause = self.pause.twice().min(IDEMPOTENCY_POLL_MAX);
        (span > Millis::ZERO).then_some(span)
    }
}

/// Releases the key of an attempt that will never be made: the durable owner may have noted it.
fn give_back<P: Platform>(platform: &P, owner: String, attempt: u64) {
    let platform_ = platform.clone();
    platform.spawn(async move {
        let command = StateCommand::Idempotency(Command::End { attempt, outcome: AttemptOutcome::NotExecuted });
        let _heard_or_lost = state::apply(&platform_, &owner, &command).await;
    });
}

async fn ask<P: Platform>(platform: &P, owner: &str, command: &StateCommand) -> Result<Reply, Refusal> {
    let mut reply = state::apply(platform, owner, command).await;
    if reply == Err(DurableError::Unavailable) {
        // The durable owner may have noted the attempt while its reply was lost; the key would then be claimed by
        // nobody.
        reply = state::apply(platform, owner, command).await;
    }
    match reply {
        Ok(StateReply::Idempotency(reply)) => Ok(reply),
        Ok(_) | Err(DurableError::Unavailable) => Err(Refusal::new(RefusalKind::DurableUnavailable)),
        Err(DurableError::Unsupported) => Err(Refusal::new(RefusalKind::DurableUnsupported)),
    }
}

/// Settles the claim with the outcome of the call.
///
/// # Errors
/// [`DurableError`]; the key then stays claimed until the attempt counts as lost, and its outcome is unknown.
pub async fn settle<P: Platform>(platform: &P, claim: Claim, outcome: AttemptOutcome) -> Result<(), DurableError> {
    let command = Command::End { attempt: claim.attempt, outcome };
    state::apply(platform, &claim.owner, &StateCommand::Idempotency(command)).await.map(|_| ())
}

/// Returns a digest of everything that makes two calls the same.
fn fingerprint(caller: &Caller, call: &ToolCall<'_>) -> Vec<u8> {
    let parts = KeyParts {
        tenant: &caller.tenant,
        account: &[0; 16],
        project: call.project.as_ref(),
        executors: call.run_at.as_deref().unwrap_or_default(),
        user: call.user.as_ref(),
        tool: &call.tool,
        policy: CachePolicy {
            ttl: Millis::ZERO,
            scope: CacheScopeChoice::User,
            strategy: CacheStrategy::Off,
            rule: [0; 8],
            life: Life::default(),
        },
        input: &call.input,
    };
    Hash::hash(key_of(&parts).as_bytes()).to_vec()
}
