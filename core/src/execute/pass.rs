//! Passes a request on to the engine, with the gateway's own credential.

use super::server_failure;
use crate::admission::{EngineCall, Exchange};
use crate::config::{RequestLimits, Upstream};
use crate::limits;
use crate::ports::{Origin, OriginRequest, Platform};
use crate::refusal::{Refusal, RefusalKind};
use crate::request::{Header, Request, RequestBody};
use crate::response::Body;
use crate::time::Millis;
use crate::upstream;

use super::Failure;

/// The engine's answer.
#[derive(Debug)]
pub struct Passed<S> {
    /// Its status.
    pub status: u16,
    /// The headers that are passed on.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Body<S>,
}

/// Sends the request and reads the answer, or hands on its stream. Nothing is repeated: who asked decides that.
///
/// # Errors
/// A refusal where the engine did not answer, did not accept our credential, or failed without words of its own.
pub async fn pass<P: Platform>(
    platform: &P,
    engine: &Upstream,
    call: &EngineCall,
    request: &Request,
    bounds: (Millis, usize, &RequestLimits),
) -> Result<Passed<P::Stream>, Refusal> {
    let (timeout, response_limit, request_limits) = bounds;
    let timeout = match call.exchange {
        // The engine may hold the answer back for as long as it was asked to wait.
        Exchange::AwaitsAuthorization(_) => Millis::new(request_limits.long_poll.get().saturating_add(5_000)),
        Exchange::Streams => limits::STREAM_HEAD_TIMEOUT,
        _ => timeout,
    };
    let body = match &request.body {
        RequestBody::Whole(body) => body.clone(),
        RequestBody::TooLarge => return Err(Refusal::new(RefusalKind::BodyTooLarge)),
        RequestBody::Broken => return Err(Refusal::new(RefusalKind::BodyBroken)),
    };
    let mut headers = vec![("accept", request.headers.get(Header::Accept).unwrap_or("application/json").to_owned())];
    if !body.is_empty() {
        headers.push(("content-type", "application/json".to_owned()));
    }
    if let Some(key) = request.headers.get(Header::IdempotencyKey) {
        headers.push(("idempotency-key", key.to_owned()));
    }
    let missing = || Refusal::new(RefusalKind::EngineMissing);
    let outbound = OriginRequest {
        method: call.method,
        url: format!("{}/{}{}", upstream::engine_url(engine, call.project.as_ref()), call.path, call.query),
        headers,
        authorization: Some(upstream::engine_credential(engine).ok_or_else(missing)?),
        body,
        timeout,
        response_limit,
    };
    let passed = if call.exchange == Exchange::Streams {
        let answer = Origin::open(platform, outbound).await.map_err(|error| Refusal::new(error.into()))?;
        Passed { status: answer.status, headers: answer.headers, body: Body::Stream(answer.body) }
    } else {
        let answer = Origin::send(platform, outbound).await.map_err(|error| Refusal::new(error.into()))?;
        if let (Some(failed), false) = (server_failure(&answer), is_json(answer.header("content-type")))
            && let Failure::Refused(refusal) = failed.failure
        {
            // No words of the engine's own: an intermediary's page is nothing for a caller.
            return Err(refusal);
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

fn is_json(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json"))
}
