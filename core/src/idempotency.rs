//! Idempotency keys around a tool call: one outcome per key.

use hmac_sha256::Hash;

use crate::admission::ToolCall;
use crate::cache::{Keep, KeyParts, Life, key_of};
use crate::config::{CacheScopeChoice, CacheStrategy, Caller};
use crate::hex;
use crate::limits::{IDEMPOTENCY_POLL_MAX, IDEMPOTENCY_POLL_MIN};
use crate::ports::{DurableError, Platform};
use crate::refusal::{Refusal, RefusalKind};
use crate::state::idempotency::{Command, Outcome, Reply};
use crate::state::{self, Command as AnyCommand, Reply as AnyReply};
use crate::time::Millis;

/// A key that this request holds until it says how its call ended.
#[derive(Debug)]
pub struct Claim {
    owner: String,
    attempt: u64,
    has_waited: bool,
}

impl Claim {
    /// Whether another attempt had to be waited for, which came to nothing: what was decided of this one may not hold any more.
    pub(crate) const fn has_waited(&self) -> bool {
        self.has_waited
    }
}

/// What became of the claim.
#[derive(Debug)]
pub enum Claimed {
    /// The call may be made; its end must be told.
    Go(Claim),
    /// The call was made before: its answer.
    Replay {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
}

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// After this long without a word, it is given up for lost.
    pub(crate) lost_after: Millis,
    /// So long it waits for another with its key.
    pub(crate) patience: Millis,
}

/// Claims `key` for this call. Keys of different callers never meet. Where another request with this key is under way, waits
/// for its end.
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
        AnyCommand::Idempotency(Command::Begin { fingerprint: fingerprint(caller, call), attempt, lost_after });
    let until = platform.now().after(patience);
    // What is left if every wait lasts as long as it should: a clock that is set back gives no more.
    let mut left = patience;
    let mut pause = IDEMPOTENCY_POLL_MIN;
    let mut has_waited = false;
    loop {
        match ask(platform, &owner, &command).await? {
            Reply::Proceed => return Ok(Claimed::Go(Claim { owner, attempt, has_waited })),
            Reply::Replay { status, body } => return Ok(Claimed::Replay { status, body }),
            Reply::Mismatch => return Err(Refusal::new(RefusalKind::IdempotencyKeyReused)),
            Reply::Unknown => return Err(Refusal::new(RefusalKind::OutcomeUnknown)),
            Reply::InFlight => {
                let span = pause.min(left).min(platform.now().until(until));
                if span == Millis::ZERO {
                    return Err(Refusal::new(RefusalKind::IdempotencyInFlight).after(Millis::from_secs(1)));
                }
                platform.sleep(span).await;
                has_waited = true;
                left = left.saturating_sub(span);
                pause = pause.twice().min(IDEMPOTENCY_POLL_MAX);
            }
        }
    }
}

async fn ask<P: Platform>(platform: &P, owner: &str, command: &AnyCommand) -> Result<Reply, Refusal> {
    let mut reply = state::apply(platform, owner, command).await;
    if reply == Err(DurableError::Unavailable) {
        // The owner may have noted the attempt and only its reply was lost; the key would then be taken by nobody.
        reply = state::apply(platform, owner, command).await;
    }
    match reply {
        Ok(AnyReply::Idempotency(reply)) => Ok(reply),
        Ok(_) | Err(DurableError::Unavailable) => Err(Refusal::new(RefusalKind::DurableUnavailable)),
        Err(DurableError::Unsupported) => Err(Refusal::new(RefusalKind::DurableUnsupported)),
    }
}

/// Tells how the call ended.
///
/// # Errors
/// [`DurableError`]; the key then stays taken until the attempt counts as lost, and its outcome is unknown.
pub async fn settle<P: Platform>(platform: &P, claim: Claim, outcome: Outcome) -> Result<(), DurableError> {
    let command = Command::End { attempt: claim.attempt, outcome };
    state::apply(platform, &claim.owner, &AnyCommand::Idempotency(command)).await.map(|_| ())
}

/// Digest of everything that makes two calls the same.
fn fingerprint(caller: &Caller, call: &ToolCall<'_>) -> Vec<u8> {
    let parts = KeyParts {
        tenant: &caller.tenant,
        account: [0; 16],
        project: call.project.as_ref(),
        executors: call.run_at.as_deref().unwrap_or_default(),
        user: call.user.as_ref(),
        tool: &call.tool,
        keep: Keep {
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
