//! Makes the call: within a deadline, repeated only where that is safe, its answer read into one form.

mod again;
mod attempt;
mod attempts;
mod call_state;
mod engine;
mod local;
mod pass;
mod terms;
mod worker;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use again::Why;
pub use call_state::{Arrival, Attempted, Attempts};
pub use engine::output_authorization;
pub(crate) use local::call as call_local;
pub use local::write_result as write_worker_result;
pub use pass::{Passed, pass};
pub use terms::CallTerms;

use crate::dispatch::Dispatch;
use crate::dispatch::route::{Candidate, Decision};
use crate::model::call::ToolCall;
use crate::ports::{OriginError, OriginResponse, Platform};
use crate::tools::error::ErrorKind;
use crate::words::json::{self, Json, Object};
use crate::words::limits;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::{Millis, Timestamp};
use call_state::CallState;

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
    /// When the tool may be asked again, where it failed for now only and says so.
    pub retry_after: Option<Millis>,
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
    pub(crate) const fn refused(refusal: Refusal, surely_not_run: bool) -> Self {
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

    /// Whether another executor could do better: unless it is the caller's fault, or what the operator must mend here.
    fn may_go_elsewhere(&self) -> bool {
        self.may_be_covered()
            || matches!(
                &self.failure,
                Failure::Refused(Refusal {
                    kind: RefusalKind::UpstreamRefusedCredential
                        | RefusalKind::UpstreamRefusedRequest
                        | RefusalKind::UpstreamForbidden
                        | RefusalKind::UpstreamTooLarge,
                    ..
                })
            )
    }

    /// The same after so many attempts: what was repeated here is not to be repeated by the caller.
    fn after_attempts(self, attempts: u32) -> Self {
        let failure = match self.failure {
            Failure::Refused(refusal) => Failure::Refused(Refusal { is_spent: attempts > 1, ..refusal }),
            Failure::Answered(mut response) if attempts > 1 => {
                response.headers.retain(|(name, _)| *name != "x-should-retry");
                response.headers.push(("x-should-retry", "false".to_owned()));
                Failure::Answered(response)
            }
            answered @ Failure::Answered(_) => answered,
        };
        Self { failure, ..self }
    }

    /// The name in explanations.
    const fn name(&self) -> &'static str {
        match &self.failure {
            Failure::Refused(refusal) => refusal.kind.name(),
            Failure::Answered(_) => "engine_refused",
        }
    }

    /// Whether an earlier answer may stand in for this failure (RFC 5861, section 4): the executor is down or breaks. Not where
    /// it, or this host, turned the call away: that is for the caller or the operator to see.
    #[must_use]
    pub fn may_be_covered(&self) -> bool {
        let is_away = matches!(
            &self.failure,
            Failure::Refused(Refusal {
                kind: RefusalKind::UpstreamTimeout | RefusalKind::CircuitOpen | RefusalKind::UpstreamSaturated,
                ..
            })
        );
        self.is_transient() || is_away
    }

    fn wait(&self) -> Option<Millis> {
        match &self.failure {
            Failure::Refused(refusal) => refusal.retry_after,
            Failure::Answered(_) => None,
        }
    }
}

/// Runs the call where it was decided. Every wait and every attempt gets what is left of its time.
///
/// INVARIANT (at most once): a call that is not repeatable is sent a second time only when the first provably did not run:
/// it never reached its executor, or was turned away before anything ran.
///
/// A tool that ran and failed is an answer, not an error.
pub async fn run<P: Platform>(
    platform: &P,
    dispatch: &Rc<Dispatch>,
    call: &ToolCall<'_>,
    decision: &Decision<'_>,
    terms: CallTerms,
    arrival: Arrival<'_>,
) -> (Attempts, Result<Ran, Failed>) {
    let (log, may_have_run) = (RefCell::default(), Cell::default());
    let state = CallState { platform, dispatch, call, decision, terms, arrival, log, may_have_run };
    let (place, ended) = state.run().await;
    let executor = decision.ranked.get(place).map(Candidate::executor);
    (Attempts { log: state.log.into_inner(), executor }, ended)
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
    let wait = retry_after(response);
    let refusal = match response.status {
        // Who limits how often it is asked is not asked at once again.
        429 => Refusal::with(RefusalKind::UpstreamThrottled, status()).after(wait.unwrap_or(Millis::from_secs(1))),
        503 => Refusal { retry_after: wait, ..Refusal::with(RefusalKind::UpstreamBusy, status()) },
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

/// When a tool that failed may be asked again, where it says so (`can_retry` and `retry_after_ms`): as it does when whom it asks
/// limits how often. One that wants other arguments says no time.
fn tool_retry_after(error: Option<&Json<'_>>) -> Option<Millis> {
    let error = error?;
    let can_retry = error.get("can_retry").and_then(Json::as_bool) == Some(true);
    let Json::Number(ms) = error.get("retry_after_ms").filter(|_| can_retry)? else { return None };
    let ms = ms.as_str().parse::<f64>().ok().filter(|ms| *ms >= 1.0)?;
    let longest = limits::RETRY_AFTER_MAX;
    Some(if ms >= longest.get() as f64 { longest } else { Millis::new(ms.ceil() as u64) })
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
