//! `POST /v1/tools/execute`: the options of a call from the request's headers, and the response from its outcome.

use std::borrow::Cow;

use crate::cache::Directives;
use crate::dispatch::execute::CallTerms;
use crate::front::cache_status::cache_status;
use crate::front::response::{Answer, ResponseHeader};
use crate::model::request::{Header, RequestHeaders};
use crate::pipeline::call::{AnswerSource, CallOutcome, CallReply, Options, ran_json, result_json};
use crate::ports::OriginResponse;

/// Reads the options of a call; `terms` are its caller's.
pub(crate) fn options(headers: &RequestHeaders, terms: CallTerms) -> Options<'_> {
    Options {
        directives: Directives::parse(headers.get(Header::CacheControl).unwrap_or_default()),
        idempotency_key: headers.get(Header::IdempotencyKey),
        terms,
        source: AnswerSource::Anywhere,
    }
}

/// Writes the response to a call with this outcome.
pub(crate) fn answer<S>(request_id: &str, outcome: CallOutcome) -> Answer<S> {
    let CallOutcome { reply, cache, fallback } = outcome;
    let mut answer = match reply {
        CallReply::Result(ran) => Answer::json(200, ran_json(request_id, &ran).into_owned()),
        CallReply::Stored(entry) => {
            let body = result_json(request_id, &entry.output, true, &entry.duration, &entry.finished_at);
            Answer::json(200, body)
        }
        CallReply::Replayed { status, body } => {
            let mut answer = Answer::json(status, body);
            answer.headers.push(("idempotent-replayed", Cow::Borrowed("true")));
            answer
        }
        CallReply::EngineRefused { response, may_have_run } => engine_refused(response, may_have_run),
    };
    if let Some(stored) = cache.stored {
        // RFC 9111, section 5.1.
        let age = stored.now.since(stored.stored_at).get() / 1000;
        answer.headers.push(("age", Cow::Owned(age.to_string())));
    }
    if let Some(fallback) = fallback {
        answer.headers.push(("toolgate-fallback", Cow::Borrowed(fallback)));
    }
    answer.headers.push(("cache-status", cache_status(&cache)));
    answer
}

/// Passes the engine's refusal on in its own words. The SDKs retry some statuses by themselves: not where that could do
/// harm.
fn engine_refused<S>(response: OriginResponse, may_have_run: bool) -> Answer<S> {
    let mut answer = Answer::json(response.status, response.body);
    if may_have_run {
        answer.headers.push(("x-should-retry", Cow::Borrowed("false")));
    }
    let is_about_repeating =
        |header: &ResponseHeader| matches!(header.0, "retry-after" | "retry-after-ms" | "x-should-retry");
    let headers = response.headers.into_iter().map(|(name, value)| (name, Cow::Owned(value)));
    answer.headers.extend(headers.filter(|header| is_about_repeating(header) && !may_have_run));
    answer
}
