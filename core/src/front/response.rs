//! Responses: statuses, headers and bodies, the same for every exit path.

use std::borrow::Cow;

use crate::access::rate::RateLimitFields;
use crate::model::request::{Header, Request};
use crate::ports::Body;
use crate::words::json::ObjectWriter;
use crate::words::refusal::{Again, Refusal, RefusalKind};
use crate::words::time::Millis;

/// A header: its name in lower case, its value without line breaks.
pub type ResponseHeader = (&'static str, Cow<'static, str>);

/// A response as a host sends it. A host adds `content-length` or chunked framing itself, nothing else.
#[derive(Debug)]
pub struct Response<S> {
    /// The status, 200 to 599.
    pub status: u16,
    /// The headers.
    pub headers: Vec<ResponseHeader>,
    /// The body.
    pub body: Body<S>,
}

/// Room for the headers of almost every response.
const HEADERS: usize = 12;

/// An answer before the headers that every response carries.
#[derive(Debug)]
pub struct Answer<S> {
    /// The status.
    pub status: u16,
    /// Headers of its own.
    pub headers: Vec<ResponseHeader>,
    /// The body.
    pub body: Body<S>,
}

impl<S> Answer<S> {
    /// Returns a JSON answer.
    #[must_use]
    pub fn json(status: u16, body: Vec<u8>) -> Self {
        let mut headers = Vec::with_capacity(HEADERS);
        headers.push(("content-type", Cow::Borrowed("application/json")));
        Self { status, headers, body: Body::Bytes(body) }
    }

    /// Returns the error body of the Arcade API, with the refusal's details: `{"name","message","request_id"}`.
    #[must_use]
    pub fn refusal(refusal: &Refusal, request_id: &str) -> Self {
        let mut answer = Self::json(refusal.kind.status(), refusal_body(refusal, request_id));
        answer.headers.push(("toolgate-refusal", Cow::Borrowed(refusal.kind.name())));
        let again = refusal.kind.again() == Again::Later && !refusal.is_spent;
        answer.headers.push(("x-should-retry", Cow::Borrowed(if again { "true" } else { "false" })));
        if let Some(wait) = refusal.retry_after.or(again.then_some(DEFAULT_WAIT)) {
            answer.headers.push(("retry-after", Cow::Owned(wait.as_secs_ceil().to_string())));
            answer.headers.push(("retry-after-ms", Cow::Owned(wait.get().to_string())));
        }
        if refusal.kind.status() == 401 {
            // RFC 6750 section 3: no error where nothing was presented.
            let is_missing = refusal.kind == RefusalKind::CredentialMissing;
            let challenge = if is_missing { "Bearer" } else { "Bearer error=\"invalid_token\"" };
            answer.headers.push(("www-authenticate", Cow::Borrowed(challenge)));
        }
        if let Some(allow) = refusal.allow {
            answer.headers.push(("allow", Cow::Borrowed(allow)));
        }
        answer
    }
}

/// Returns the end of a broken stream, of a response with these headers: an event (HTML, section 9.2.6) with an
/// `error`, which no client takes for the end. A host may have no other way to report it: workerd ends each body as if
/// it were whole.
#[must_use]
pub fn broken_stream(headers: &[ResponseHeader]) -> Vec<u8> {
    let id = headers.iter().find(|(name, _)| *name == "x-request-id").map_or("", |(_, value)| value.as_ref());
    // The break may have come within a line.
    let mut event = b"\n\nevent: error\ndata: {\"error\":".to_vec();
    event.extend_from_slice(&refusal_body(&Refusal::new(RefusalKind::UpstreamCut), id));
    event.extend_from_slice(b"}\n\n");
    event
}

fn refusal_body(refusal: &Refusal, request_id: &str) -> Vec<u8> {
    let mut body = ObjectWriter::new();
    body.text("name", refusal.kind.name());
    body.text("message", &refusal.message());
    body.text("request_id", request_id);
    body.end()
}

/// Wait before a retry that a refusal allows without a time of its own.
const DEFAULT_WAIT: Millis = Millis::from_secs(1);

/// Completes an answer: adds the request id, the security headers, and the headers that a browser needs.
#[must_use]
pub fn finish<S>(
    answer: Answer<S>,
    request_id: &str,
    rate: RateLimitFields,
    request: &Request,
    cors_origins: &[String],
) -> Response<S> {
    let Answer { status, mut headers, body } = answer;
    headers.push(("x-request-id", Cow::Owned(request_id.to_owned())));
    // Answers are one caller's own; only our cache may store them, unless they say otherwise of themselves.
    if !headers.iter().any(|(name, _)| *name == "cache-control") {
        headers.push(("cache-control", Cow::Borrowed("no-store")));
    }
    for (name, list) in [("ratelimit-policy", rate.policy), ("ratelimit", rate.service)] {
        if !list.is_empty() {
            headers.push((name, Cow::Owned(list)));
        }
    }
    headers.push(("x-content-type-options", Cow::Borrowed("nosniff")));
    if !cors_origins.is_empty()
        && let Some(origin) = request.headers.get(Header::Origin)
    {
        headers.push(("vary", Cow::Borrowed("origin")));
        let is_allowed = cors_origins.iter().any(|allowed| allowed == "*" || allowed == origin);
        if is_allowed && origin.bytes().all(|byte| byte.is_ascii_graphic()) {
            headers.push(("access-control-allow-origin", Cow::Owned(origin.to_owned())));
            headers.push(("access-control-expose-headers", Cow::Borrowed(EXPOSED)));
        }
    }
    let body = if request.method == crate::words::method::Method::Head { Body::Empty } else { body };
    Response { status, headers, body }
}

const EXPOSED: &str = "x-request-id, age, cache-status, etag, toolgate-refusal, retry-after, retry-after-ms, x-should-retry, \
    ratelimit, ratelimit-policy, toolgate-route, toolgate-fallback";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_breaks_ends_with_an_event_that_is_an_error() {
        let headers = vec![("x-request-id", Cow::Borrowed("req_1"))];
        let text = String::from_utf8(broken_stream(&headers)).unwrap();
        let data = text.strip_prefix("\n\nevent: error\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(
            (data["error"]["name"].as_str(), data["error"]["request_id"].as_str()),
            (Some("upstream_cut"), Some("req_1"))
        );
        assert!(!text.contains("[DONE]"));
    }
}
