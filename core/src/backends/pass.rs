//! Passes a request on to the engine, with the gateway's own credential.

use hmac_sha256::Hash;

use super::answer::server_failure;
use super::engine::{SCHEME, url};
use super::send::send_as;
use super::{Failure, Remote, Rotations};
use crate::model::call::{EngineCall, Exchange};
use crate::model::caller::Caller;
use crate::model::request;
use crate::ports::{Body, Origin, OriginRequest, OriginResponse, OriginStream, Platform};
use crate::words::method::Method;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;
use crate::words::{hex, limits};

/// Bounds a request that is passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Timeout of the exchange.
    pub timeout: Millis,
    /// Most bytes of the answer.
    pub response_limit: usize,
    /// Longest time for which an engine may be asked to hold an answer back.
    pub long_poll: Millis,
}

/// Holds the engine's answer.
#[derive(Debug)]
pub(crate) struct Passed<S> {
    /// Its status.
    pub status: u16,
    /// The headers that are passed on.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Body<S>,
}

/// Sends the request and reads the answer, or hands on its stream. Nothing is retried: that is the caller's decision.
///
/// # Errors
/// A refusal if the engine did not answer, did not accept our credential, or failed without words of its own.
pub(crate) async fn pass<P: Platform>(
    platform: &P,
    rotations: &Rotations,
    engine: Remote<'_>,
    caller: &Caller,
    call: &EngineCall<'_>,
    bounds: Bounds,
) -> Result<Passed<P::Stream>, Refusal> {
    let Bounds { timeout, response_limit, long_poll } = bounds;
    let timeout = match call.exchange {
        // The engine may hold the answer back for as long as it was asked to wait.
        Exchange::AwaitsAuthorization(_) => Millis::new(long_poll.get().saturating_add(5_000)),
        Exchange::Streams => limits::STREAM_HEAD_TIMEOUT,
        _ => timeout,
    };
    let mut headers = vec![("accept", call.accept.unwrap_or("application/json").to_owned())];
    if !call.body.is_empty() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    if let Some(key) = request::idempotency_key(call.idempotency_key)? {
        headers.push(("idempotency-key", key_upstream(caller, key)));
    }
    let outbound = OriginRequest {
        // The execution's user is in the body, which an answer to HEAD does not have.
        method: if call.exchange == Exchange::OneExecution { Method::Get } else { call.method },
        url: format!("{}/{}{}", url(engine.upstream, call.project.as_ref()), call.path, call.query),
        headers,
        authorization: None,
        body: call.body.to_vec(),
        timeout,
        response_limit,
    };
    let passed = if call.exchange == Exchange::Streams {
        let open = async |request| Origin::open(platform, request).await;
        let opened =
            send_as(platform, &SCHEME, rotations, engine.credential, outbound, open, |answer| answer.status).await;
        let OriginStream { status, headers, body } = opened.map_err(|error| Refusal::new(error.into()))?;
        let head = OriginResponse { status, headers, body: Vec::new() };
        let kind = head.header("content-type");
        if !is_json(kind) && !is_of(kind, "text/event-stream") {
            return Err(wordless(&head));
        }
        Passed { status, headers: head.headers, body: Body::Stream(body) }
    } else {
        let send = async |request| Origin::send(platform, request).await;
        let sent =
            send_as(platform, &SCHEME, rotations, engine.credential, outbound, send, |answer| answer.status).await;
        let answer = sent.map_err(|error| Refusal::new(error.into()))?;
        let needs_words = !answer.body.is_empty() || (answer.status >= 400 && call.method != Method::Head);
        if needs_words && !is_json(answer.header("content-type")) {
            return Err(wordless(&answer));
        }
        let body = if answer.body.is_empty() { Body::Empty } else { Body::Bytes(answer.body) };
        Passed { status: answer.status, headers: answer.headers, body }
    };
    match passed.status {
        401 => Err(Refusal::new(RefusalKind::UpstreamRefusedCredential)),
        200..=299 | 400..=599 => Ok(passed),
        status => Err(Refusal::with(RefusalKind::UpstreamRefusedRequest, format!("status {status}"))),
    }
}

/// Returns the key for the engine. Callers choose their keys, and share the account there: no two callers may use the
/// same.
fn key_upstream(caller: &Caller, key: &str) -> String {
    hex::encode(&Hash::hash(format!("{}\n{}\n{key}", caller.tenant, caller.id).as_bytes()))
}

/// Returns the refusal for an answer without the engine's own words: an intermediary's page is not passed on.
fn wordless(answer: &OriginResponse) -> Refusal {
    match (server_failure(answer).map(|failed| failed.failure), answer.status) {
        (Some(Failure::Refused(refusal)), _) => refusal,
        (_, 200..=299) => Refusal::new(RefusalKind::UpstreamNotJson),
        (_, 401) => Refusal::new(RefusalKind::UpstreamRefusedCredential),
        (_, status) => Refusal::with(RefusalKind::UpstreamRefusedRequest, format!("status {status}")),
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    is_of(content_type, "application/json") || is_of(content_type, "application/problem+json")
}

fn is_of(content_type: Option<&str>, essence: &str) -> bool {
    content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with(essence))
}
