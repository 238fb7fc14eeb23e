//! The outcome of a tool call, for any interface.

use std::borrow::Cow;
use std::rc::Rc;

use crate::backends::Ran;
use crate::cache::{CacheOutcome, Demand, Directives, Entry, Forward, Role};
use crate::dispatch::execute::CallTerms;
use crate::ports::OriginResponse;
use crate::telemetry::Record;
use crate::words::json::ObjectWriter;
use crate::words::time::Timestamp;

use super::AnswerSource;

/// The options of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options<'o> {
    /// The caller's demands on stored responses (RFC 9111, section 5.2.1).
    pub(crate) directives: Directives,
    /// The idempotency key as it was sent.
    pub(crate) idempotency_key: Option<&'o str>,
    /// Its deadline and priority.
    pub(crate) terms: CallTerms,
    /// The permitted source of its answer.
    pub(crate) source: AnswerSource,
}

/// The outcome of a call.
#[derive(Debug)]
pub(crate) struct CallOutcome {
    /// The reply.
    pub(crate) reply: CallReply,
    /// The cache status.
    pub(crate) cache: CacheStatus,
    /// The name of the fallback that stands in for an executor's answer, if any.
    pub(crate) fallback: Option<&'static str>,
}

/// The reply to a call.
#[derive(Debug)]
pub(crate) enum CallReply {
    /// The result of this call.
    Result(Ran),
    /// The result of an earlier call, or of another one at the same time.
    Stored(Rc<Entry>),
    /// The answer to the first call with this idempotency key, as it was stored.
    Replayed {
        /// Its status.
        status: u16,
        /// Its body.
        body: Vec<u8>,
    },
    /// A refusal of the engine's, in its own words.
    EngineRefused {
        /// The engine's answer.
        response: OriginResponse,
        /// True if repeating the call could do harm.
        may_have_run: bool,
    },
}

/// The cache status of a call (RFC 9211).
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheStatus {
    /// The outcome.
    pub(crate) outcome: CacheOutcome,
    /// The call's role among those that missed the same key.
    pub(crate) role: Role,
    /// The reason for asking an executor.
    pub(crate) forward: Option<Forward>,
    /// The stored response that is served.
    pub(crate) stored: Option<StoredStatus>,
}

/// The facts of a stored response that is served.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredStatus {
    /// The caller's demand that the operator's bound overruled.
    pub(crate) overruled: Option<Demand>,
    /// The status with which the executor failed.
    pub(crate) fwd_status: Option<u16>,
    /// The time of the answer.
    pub(crate) now: Timestamp,
    /// The time of storing.
    pub(crate) stored_at: Timestamp,
    /// The end of freshness.
    pub(crate) expires_at: Timestamp,
}

impl CallOutcome {
    /// Returns the outcome with this reply, and the cache status from the record.
    pub(crate) const fn of(reply: CallReply, record: &Record) -> Self {
        let cache = CacheStatus { outcome: record.cache, role: record.flight, forward: record.forward, stored: None };
        Self { reply, cache, fallback: None }
    }
}

/// Writes the result of a call as JSON: the form in which Arcade's engine answers (`ExecuteToolResponse`), and in which
/// the outcome of an idempotency key is stored.
pub(crate) fn result_json(
    request_id: &str,
    output: &[u8],
    success: bool,
    duration: &str,
    finished_at: &str,
) -> Vec<u8> {
    let id = request_id.strip_prefix("req_").unwrap_or(request_id);
    let mut body = ObjectWriter::with_capacity(output.len().saturating_add(256));
    body.text("id", &["tc_", id].concat());
    body.text("execution_id", &["te_", id].concat());
    body.text("execution_type", "immediate");
    body.text("status", if success { "success" } else { "failed" });
    body.boolean("success", success);
    body.json("duration", duration.as_bytes());
    body.text("finished_at", finished_at);
    body.json("output", output);
    body.end()
}

/// Writes the result of a call that ran just now: the executor's own answer if it gave one.
pub(crate) fn ran_json<'r>(request_id: &str, ran: &'r Ran) -> Cow<'r, [u8]> {
    match &ran.whole {
        Some(whole) => Cow::Borrowed(whole),
        None => Cow::Owned(result_json(request_id, &ran.output, ran.success, &ran.duration, &ran.finished_at)),
    }
}
