//! Reads the common parts of all executors' answers: statuses, delays, and the members of an output.

use super::outcome::{Failed, OutputKind};
use crate::ports::OriginResponse;
use crate::tools::error::ErrorKind;
use crate::words::json::{self, Json, Object};
use crate::words::limits;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;

/// Returns the delay that an executor asks for: `retry-after-ms`, else `Retry-After` in seconds (RFC 9110
/// section 10.2.3; dates are not parsed: executors send seconds). Rounded up, and no longer than a caller would wait.
fn retry_after(response: &OriginResponse) -> Option<Millis> {
    let number = |name| response.header(name).and_then(|text| text.trim().parse::<f64>().ok());
    let ms = number("retry-after-ms").or_else(|| number("retry-after").map(|seconds| seconds * 1_000.0))?;
    // A float that is too large, negative or no number ends at one of the bounds.
    let longest = limits::RETRY_AFTER_MAX;
    Some(if ms >= longest.get() as f64 { longest } else { Millis::new((ms.ceil() as u64).max(1)) })
}

/// Returns a server error or throttling as a failure; `None` for any other status.
pub(super) fn server_failure(response: &OriginResponse) -> Option<Failed> {
    let status = || format!("status {}", response.status);
    let wait = retry_after(response);
    let refusal = match response.status {
        // An executor that limits its rate is not retried at once.
        429 => Refusal::with(RefusalKind::UpstreamThrottled, status()).after(wait.unwrap_or(Millis::from_secs(1))),
        503 => Refusal { retry_after: wait, ..Refusal::with(RefusalKind::UpstreamBusy, status()) },
        500.. => Refusal::with(RefusalKind::UpstreamFailed, status()),
        _ => return None,
    };
    // Throttling is reported before anything runs; a server error may come after.
    Some(Failed::by_status(refusal, response.status == 429, response.status))
}

/// Returns whether this status means that the executor has surely not run the tool: it rejected the request before. Any
/// other status leaves that open.
pub(super) const fn is_turned_away(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422)
}

/// Returns the failure of a status that the executor protocol does not define here.
pub(super) fn unexpected_status(response: &OriginResponse) -> Failed {
    let refusal = Refusal::with(RefusalKind::UpstreamRefusedRequest, format!("status {}", response.status));
    Failed::by_status(refusal, is_turned_away(response.status), response.status)
}

/// Classifies an output in the engine's form.
pub(super) fn classify(output: &Object<'_>) -> OutputKind {
    let has = |name| output.get(name).is_some_and(|value| *value != Json::Null);
    let consent = output.get("authorization").filter(|authorization| **authorization != Json::Null);
    let is_open = |consent: &Json<'_>| consent.get("status").and_then(Json::as_str) != Some("completed");
    match consent {
        _ if has("error") => OutputKind::Other,
        None if output.get("value").is_some() => OutputKind::Value,
        Some(consent) if !has("value") && is_open(consent) => OutputKind::NeedsConsent,
        _ => OutputKind::Other,
    }
}

/// Returns the delay before a retry of a failed tool, if it asks for one (`can_retry` and `retry_after_ms`), as it does
/// when its own upstream throttles it. A tool that wants other arguments gives no delay.
pub(super) fn tool_retry_after(error: Option<&Json<'_>>) -> Option<Millis> {
    let error = error?;
    let can_retry = error.get("can_retry").and_then(Json::as_bool) == Some(true);
    let Json::Number(ms) = error.get("retry_after_ms").filter(|_| can_retry)? else { return None };
    let ms = ms.as_str().parse::<f64>().ok().filter(|ms| *ms >= 1.0)?;
    let longest = limits::RETRY_AFTER_MAX;
    Some(if ms >= longest.get() as f64 { longest } else { Millis::new(ms.ceil() as u64) })
}

/// Returns the kind of a tool's error for a record: one of the known kinds, whatever the executor wrote.
pub(super) fn error_kind(wire: Option<&str>) -> String {
    wire.and_then(ErrorKind::from_wire).map_or("UNKNOWN", ErrorKind::as_str).to_owned()
}

/// Returns a duration as the text of a JSON number; `0` for anything else.
pub(super) fn duration_text(value: Option<&Json<'_>>) -> String {
    match value {
        Some(Json::Number(number)) => number.as_str().to_owned(),
        _ => "0".to_owned(),
    }
}

/// Bounds executors' answers.
pub(crate) const ANSWER_LIMITS: json::Limits =
    json::Limits { depth: 128, values: 1_000_000, string_bytes: limits::RESPONSE_BYTES_MAX, number_bytes: 100_000 };
