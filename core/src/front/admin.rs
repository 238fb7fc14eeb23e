//! Answers the operations that the gateway serves by itself.

mod cache_route;
mod epochs_route;
mod keys_route;
mod ready;

use std::borrow::Cow;
use std::rc::Rc;

use crate::access::admission::Context;
use crate::catalog::Current;
use crate::front::arcade::listing;
use crate::front::conditional::revalidated;
use crate::front::response::Answer;
use crate::model::operation::{Asked, Operation};
use crate::model::request::Request;
use crate::pipeline::runtime::{Isolate, Running};
use crate::pipeline::warm;
use crate::ports::{Body, DurableError, Platform};
use crate::telemetry::explain::{self, Explained};
use crate::telemetry::metrics;
use crate::words::json::Json;
use crate::words::refusal::{Refusal, RefusalKind};

/// The interface description: written by hand, checked against the code by the tests.
const OPENAPI: &str = include_str!("../../openapi.json");

/// Answers the operations that depend on nothing.
#[must_use]
pub(crate) fn open<S>(operation: &Operation, request: &Request) -> Answer<S> {
    match operation {
        Operation::OpenApi => revalidated(Answer::json(200, OPENAPI.as_bytes().to_vec()), request),
        _ => Answer::json(200, br#"{"status":"ok"}"#.to_vec()),
    }
}

/// Answers the operations that are open to anyone.
///
/// # Errors
/// None today; the signature is that of every stage's end.
pub(crate) async fn public<P: Platform>(
    platform: &P,
    running: &Rc<Running>,
    asked: &Asked,
    request: &Request,
) -> Result<Answer<P::Stream>, Refusal> {
    match &asked.operation {
        Operation::Preflight => Ok(preflight(&running.config.cors_origins, request)),
        Operation::WorkerHealth => {
            let count = crate::model::tool::of_local(0).len();
            Ok(Answer::json(200, format!("{{\"status\":\"ok\",\"tool_count\":\"{count}\"}}").into_bytes()))
        }
        _ => {
            let tools = match running.catalog.at_hand(platform, asked.project.as_ref()) {
                Some(tools) => tools,
                None => running.catalog.fetch(platform, None).await,
            };
            let healthy = !tools.registry.is_empty();
            let body = if healthy {
                "{\"healthy\":true}"
            } else {
                "{\"healthy\":false,\"reason\":\"no executor has given its tools yet\"}"
            };
            Ok(Answer::json(if healthy { 200 } else { 503 }, body.as_bytes().to_vec()))
        }
    }
}

/// Answers a CORS preflight request (Fetch, "CORS-preflight request").
fn preflight<S>(cors_origins: &[String], request: &Request) -> Answer<S> {
    let mut headers: Vec<(&'static str, Cow<'static, str>)> = Vec::new();
    if !cors_origins.is_empty() && request.headers.get(crate::model::request::Header::Origin).is_some() {
        headers.push(("access-control-allow-methods", Cow::Borrowed("GET, HEAD, POST, PUT, PATCH, DELETE")));
        headers.push(("access-control-allow-headers", Cow::Borrowed(CORS_HEADERS)));
        headers.push(("access-control-max-age", Cow::Borrowed("600")));
    }
    Answer { status: 204, headers, body: Body::Empty }
}

/// Request headers that the official SDKs send from a browser.
const CORS_HEADERS: &str = "authorization, x-api-key, content-type, accept, idempotency-key, cache-control, if-none-match, \
    traceparent, x-stainless-arch, x-stainless-lang, x-stainless-os, x-stainless-package-version, x-stainless-retry-count, \
    x-stainless-runtime, x-stainless-runtime-version, x-stainless-timeout";

/// Answers an admitted request.
///
/// # Errors
/// The refusals of the operation.
pub(crate) async fn answer<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &Rc<Running>,
    context: &Context<'_>,
    tools: &Current,
    asked: &Asked,
    request: &Request,
) -> Result<Answer<P::Stream>, Refusal> {
    let (catalog, project) = (running.catalog.as_ref(), asked.project.as_ref());
    let (query, whole, formatted) = (&asked.query, listing::Shape::Tools, listing::Shape::Formatted);
    let listed = match &asked.operation {
        Operation::ToolsList => listing::list(platform, catalog, context, query, project, whole).await,
        Operation::FormattedList => listing::list(platform, catalog, context, query, project, formatted).await,
        Operation::ToolGet(name) => listing::get(platform, catalog, context, name, query, project, whole).await,
        Operation::FormattedGet(name) => {
            listing::get(platform, catalog, context, name, query, project, formatted).await
        }
        _ => return unlisted(platform, isolate, running, context, tools, asked, request).await,
    };
    listed.map(|answer| revalidated(answer, request))
}

/// Answers the operations whose responses change with time, or that take other methods: no client may store those.
async fn unlisted<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &Rc<Running>,
    context: &Context<'_>,
    tools: &Current,
    asked: &Asked,
    request: &Request,
) -> Result<Answer<P::Stream>, Refusal> {
    let Running { identity, lease, catalog, cache, counters, dispatch, explained, config, .. } = running.as_ref();
    let limits = &config.limits;
    let keys = keys_route::KeyMechanisms { identity, lease, limits };
    match &asked.operation {
        // Admission found that the tool needs no authorisation: there is nothing to grant.
        Operation::AuthorizeTool => Ok(Answer::json(200, br#"{"status":"completed"}"#.to_vec())),
        Operation::Metrics => {
            let text = metrics::exposition(platform, counters).await.map_err(durable)?;
            let headers = vec![("content-type", Cow::Borrowed("text/plain; version=0.0.4; charset=utf-8"))];
            Ok(Answer { status: 200, headers, body: Body::Bytes(text.into_bytes()) })
        }
        Operation::Ready => Ok(ready::answer(dispatch, identity, &config.notices, context, tools, platform.now())),
        Operation::Explain(id) => told(platform, explained, context, id).await,
        Operation::EpochsRead => epochs_route::read(platform).await,
        Operation::EpochsAdvance => epochs_route::advance(platform, lease, request, limits).await,
        Operation::KeysList => keys_route::list(platform, &keys, context, &asked.query).await,
        Operation::KeyGet(id) => keys_route::get(platform, &keys, context, id).await,
        Operation::KeyCreate => keys_route::create(platform, &keys, context, request).await,
        Operation::KeyRotate(id) => keys_route::rotate(platform, &keys, context, id, request).await,
        Operation::KeyRevoke(id) => keys_route::revoke(platform, &keys, context, id).await,
        Operation::CacheStatistics => cache_route::statistics(platform, cache, counters, context).await,
        Operation::CacheLookup => {
            cache_route::look_up(platform, catalog, cache, &config.inputs, context, request, limits).await
        }
        Operation::CacheInvalidate => cache_route::invalidate(platform, cache, lease, context, request, limits).await,
        Operation::CacheWarm => {
            let tenant = cache_route::tenant_to_warm(context);
            Ok(cache_route::warmed(&warm::run(platform, isolate, running, tenant).await))
        }
        _ => Err(Refusal::new(RefusalKind::PathUnknown)),
    }
}

/// Explains the outcome of a request: of the caller's own tenant, or of a request without a known caller.
async fn told<P: Platform>(
    platform: &P,
    explained: &Rc<Explained>,
    context: &Context<'_>,
    id: &str,
) -> Result<Answer<P::Stream>, Refusal> {
    let told = explain::look_up(platform, explained, context.caller.tenant.as_str(), id).await;
    told.map(|text| Answer::json(200, text)).ok_or_else(|| Refusal::new(RefusalKind::RecordUnknown))
}

fn durable(error: DurableError) -> Refusal {
    Refusal::new(match error {
        DurableError::Unavailable => RefusalKind::DurableUnavailable,
        DurableError::Unsupported => RefusalKind::DurableUnsupported,
    })
}

/// Returns the text of a member, for small bodies.
fn text_of<'j>(value: &'j Json<'_>, member: &str) -> Option<&'j str> {
    value.get(member).and_then(Json::as_str)
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "admin_docs_tests.rs"]
mod docs_tests;
