//! Makes the call: within a deadline, repeated only where that is safe, its answer read into one form.

mod engine;
mod local;
mod pass;
mod worker;

pub use engine::output_authorization;
pub(crate) use local::call as call_local;
pub use local::write_result as write_worker_result;
pub use pass::{Passed, pass};

use crate::admission::ToolCall;
use crate::isolate::Running;
use crate::json::{self, Json, Object};
use crate::limits;
use crate::ports::{OriginError, OriginResponse, Platform};
use crate::record::Record;
use crate::refusal::{Refusal, RefusalKind};
use crate::route::Target;
use crate::time::{Millis, Timestamp};
use crate::tools::error::ErrorKind;

/// How a tool call ended, where an executor answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The `output` object as JSON text.
    pub output: Vec<u8>,
    /// Whether the tool succeeded.
    pub success: bool,
    /// How long it took, in milliseconds, as a JSON number.
    pub duration: String,
    /// When it finished.
    pub finished_at: String,
    /// The kind of the tool's error, if it failed.
    pub error_kind: Option<String>,
    /// The authorisation that the user must give first, by its id.
    pub authorization: Option<String>,
    /// What the output says.
    pub says: Says,
    /// The executor's whole answer, to be passed on as it is.
    pub whole: Option<Vec<u8>>,
}

/// What an output says, apart from its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// A value and nothing else, which is all that may be kept.
    Value,
    /// That the user must consent first, and nothing else: the tool has not run.
    NeedsConsent,
    /// Anything else, an error first of all.
    Other,
}

/// A call that gave no answer of a tool.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub failure: Failure,
    /// Whether the tool provably did not run.
    pub surely_not_run: bool,
    /// The status of the executor's answer, if it gave one.
    pub status: Option<u16>,
}

/// Why a call gave no answer of a tool.
#[derive(Debug)]
pub enum Failure {
    /// A refusal of ours.
    Refused(Refusal),
    /// The engine refused, in its own words, which are passed on.
    Answered(OriginResponse),
}

impl Failed {
    fn refused(refusal: Refusal, surely_not_run: bool) -> Self {
        Self { failure: Failure::Refused(refusal), surely_not_run, status: None }
    }

    fn by_status(refusal: Refusal, surely_not_run: bool, status: u16) -> Self {
        Self { status: Some(status), ..Self::refused(refusal, surely_not_run) }
    }

    fn origin(error: OriginError) -> Self {
        Self::refused(Refusal::new(error.into()), error.surely_not_sent())
    }

    /// Whether another attempt could end differently.
    fn is_transient(&self) -> bool {
        matches!(
            &self.failure,
            Failure::Refused(Refusal {
                kind: RefusalKind::UpstreamUnreachable
                    | RefusalKind::UpstreamBroken
                    | RefusalKind::UpstreamCut
                    | RefusalKind::UpstreamFailed
                    | RefusalKind::UpstreamBusy
                    | RefusalKind::UpstreamThrottled
                    | RefusalKind::UpstreamNotJson,
                ..
            })
        )
    }

    /// Whether an earlier answer may stand in for this failure (RFC 5861, section 4): the executor is down or breaks. Not where
    /// it, or this host, turned the call away: that is for the caller or the operator to see.
    #[must_use]
    pub fn may_be_covered(&self) -> bool {
        let is_late =
            matches!(&self.failure, Failure::Refused(refusal) if refusal.kind == RefusalKind::UpstreamTimeout);
        self.is_transient() || is_late
    }

    fn wait(&self) -> Option<Millis> {
        match &self.failure {
            Failure::Refused(refusal) => refusal.retry_after,
            Failure::Answered(_) => None,
        }
    }
}

/// Without a word from the executor, the next attempt waits this long.
const BACKOFF: Millis = Millis::new(50);

/// Runs the call on its target. Every attempt gets what is left of the deadline.
///
/// INVARIANT (at most once): a call that is not repeatable is sent a second time only when the first provably did not run:
/// it never reached its executor, or was turned away before anything ran.
///
/// # Errors
/// [`Failed`]. A tool that ran and failed is an answer, not an error.
pub async fn run<P: Platform>(
    platform: &P,
    running: &Running,
    call: &ToolCall<'_>,
    target: Target<'_>,
    record: &mut Record,
) -> Result<Ran, Failed> {
    let remote = match target {
        Target::Local(local) => {
            record.attempts = 1;
            return Ok(local::run(platform, local, &call.input));
        }
        Target::Engine(remote) | Target::Worker(remote) => remote,
    };
    let deadline = record.at.after(running.config.execute.timeout);
    let mut retries_left = running.config.execute.max_retries;
    loop {
        let timeout = remote.executor.timeout.min(platform.now().until(deadline));
        if timeout == Millis::ZERO {
            // What came before the call used its time up; an executor that is asked now may run it for nobody.
            let late = Refusal::with(RefusalKind::UpstreamTimeout, "no time was left to ask it");
            return Err(Failed::refused(late, true));
        }
        record.attempts = record.attempts.saturating_add(1);
        let exchange =
            Exchange { timeout, response_limit: running.config.execute.response_bytes, request_id: &record.request_id };
        let ended = match target {
            Target::Worker(..) => worker::run(platform, remote, call, &exchange).await,
            _ => engine::run(platform, remote, call, &exchange).await,
        };
        let failed = match ended {
            Ok(ran) => return Ok(ran),
            Err(failed) => failed,
        };
        let is_safe = failed.surely_not_run || call.is_repeatable();
        let wait = failed.wait().unwrap_or(BACKOFF);
        if retries_left == 0 || !is_safe || !failed.is_transient() || wait >= platform.now().until(deadline).half() {
            return Err(failed);
        }
        retries_left = retries_left.saturating_sub(1);
        platform.sleep(wait).await;
    }
}

/// What an attempt is given besides the call.
#[derive(Debug)]
struct Exchange<'e> {
    timeout: Millis,
    response_limit: usize,
    request_id: &'e str,
}

/// The delay an executor asks for: `retry-after-ms`, else `Retry-After` in seconds (RFC 9110 section 10.2.3; a date is not
/// read: executors send seconds). Rounded up, and no longer than a caller would wait.
fn retry_after(response: &OriginResponse) -> Option<Millis> {
    let number = |name| response.header(name).and_then(|text| text.trim().parse::<f64>().ok());
    let ms = number("retry-after-ms").or_else(|| number("retry-after").map(|seconds| seconds * 1_000.0))?;
    // A float that is too large, negative or no number ends at one of the bounds.
    let longest = limits::RETRY_AFTER_MAX;
    Some(if ms >= longest.get() as f64 { longest } else { Millis::new((ms.ceil() as u64).max(1)) })
}

/// A server error or throttling as a refusal; `None` for any other status.
fn server_failure(response: &OriginResponse) -> Option<Failed> {
    let status = || format!("status {}", response.status);
    let wait = || retry_after(response).unwrap_or(Millis::from_secs(1));
    let refusal = match response.status {
        429 => Refusal::with(RefusalKind::UpstreamThrottled, status()).after(wait()),
        503 => Refusal::with(RefusalKind::UpstreamBusy, status()).after(wait()),
        500.. => Refusal::with(RefusalKind::UpstreamFailed, status()),
        _ => return None,
    };
    // Throttling is said before anything runs; a server error may come after.
    Some(Failed::by_status(refusal, response.status == 429, response.status))
}

/// Whether an executor that answers with this status has surely not run the tool: it found fault with the request before.
/// Of any other status nobody can say that.
const fn is_turned_away(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422)
}

/// A status that the protocol of executors does not have here.
fn unexpected_status(response: &OriginResponse) -> Failed {
    let refusal = Refusal::with(RefusalKind::UpstreamRefusedRequest, format!("status {}", response.status));
    Failed::by_status(refusal, is_turned_away(response.status), response.status)
}

/// What an output in the engine's form says.
fn says(output: &Object<'_>) -> Says {
    let has = |name| output.get(name).is_some_and(|value| *value != Json::Null);
    let consent = output.get("authorization").filter(|authorization| **authorization != Json::Null);
    let is_open = |consent: &Json<'_>| consent.get("status").and_then(Json::as_str) != Some("completed");
    match consent {
        _ if has("error") => Says::Other,
        None if output.get("value").is_some() => Says::Value,
        Some(consent) if !has("value") && is_open(consent) => Says::NeedsConsent,
        _ => Says::Other,
    }
}

/// The kind of a tool's error as a record may hold it: one of the known kinds, whatever the executor wrote.
fn error_kind(wire: Option<&str>) -> String {
    wire.and_then(ErrorKind::from_wire).map_or("UNKNOWN", ErrorKind::as_str).to_owned()
}

/// A JSON number for a duration, checked to be one.
fn duration_text(value: Option<&Json<'_>>) -> String {
    match value {
        Some(Json::Number(number)) => number.as_str().to_owned(),
        _ => "0".to_owned(),
    }
}

/// How executors' answers are read.
pub(crate) const ANSWER_LIMITS: json::Limits =
    json::Limits { depth: 128, values: 1_000_000, string_bytes: limits::RESPONSE_BYTES_MAX, number_bytes: 100_000 };

/// The time as executors write it.
fn written(now: Timestamp) -> String {
    now.to_string()
}
