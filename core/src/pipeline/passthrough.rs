//! Passes an admitted request on to its engine: ownership of authorisations, the exchange, and new authorisations.

use hmac_sha256::Hash;

use crate::access::admission::Context;
use crate::backends::{ANSWER_LIMITS, Bounds, Passed, pass};
use crate::dispatch::Dispatch;
use crate::dispatch::execute::{Attempted, Why};
use crate::dispatch::route;
use crate::model::call::{EngineCall, Exchange};
use crate::model::caller::UserRule;
use crate::ports::{Body, DurableError, Platform};
use crate::state::authorization::{Command, Reply};
use crate::state::{self, StateCommand, StateReply};
use crate::telemetry::Record;
use crate::words::json::{self, Json};
use crate::words::names::UserId;
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Millis;
use crate::words::{hex, limits};

/// Passes the request on to its engine, and returns the engine's answer.
///
/// # Errors
/// The refusal of the first stage that cannot go on.
pub(crate) async fn run<P: Platform>(
    platform: &P,
    dispatch: &Dispatch,
    long_poll: Millis,
    context: &Context<'_>,
    mut call: EngineCall<'_>,
    record: &mut Record,
) -> Result<Passed<P::Stream>, Refusal> {
    if let Exchange::AwaitsAuthorization(id) = &call.exchange {
        let executor = owner_of_authorization(platform, context, id).await?;
        let index = dispatch.executors.iter().position(|known| known.id.as_str() == executor);
        // The engine that gave the id is no longer configured, and no other one knows it.
        call.executor = Some(index.ok_or_else(|| Refusal::new(RefusalKind::AuthorizationUnknown))?);
    }
    let engine = route::of_engine(&dispatch.executors, call.executor, &context.caller.tenant)?;
    let executor = engine.executor;
    let index = dispatch.executors.iter().position(|known| known.id == executor.id).unwrap_or_default();
    record.executor = Some(executor.id.clone());
    let bounds = Bounds { timeout: executor.timeout, response_limit: dispatch.execute.response_bytes, long_poll };
    let began = platform.now();
    let passed = pass(platform, &dispatch.rotations, engine, context.caller, &call, bounds).await;
    let outcome = match &passed {
        Ok(passed) if passed.status < 400 => "ok",
        Ok(_) => "engine_refused",
        Err(refusal) => refusal.kind.name(),
    };
    record.routed.attempts.push(Attempted {
        executor: index,
        why: Why::First,
        began: began.since(record.at),
        took: platform.now().since(began),
        outcome,
    });
    let passed = passed?;
    record.engine_refused = passed.status >= 400;
    match (&call.exchange, &passed.body) {
        (Exchange::BeginsAuthorization, Body::Bytes(body)) if passed.status < 300 => {
            let answer = json::parse(body, ANSWER_LIMITS);
            let answer = answer.map_err(|_| Refusal::new(RefusalKind::UpstreamNotJson))?;
            let ids = authorizations_in(&answer);
            begin_authorizations(platform, context, index, &ids, record).await?;
        }
        (Exchange::OneExecution, Body::Bytes(body)) if passed.status < 300 => {
            // An execution without a user is only for callers that may name any user.
            let is_theirs = match user_in(body)? {
                Some(user) => UserId::new(&user).is_some_and(|user| context.caller.may_name(&user)),
                None => context.caller.users == UserRule::Every,
            };
            if !is_theirs {
                return Err(Refusal::new(RefusalKind::ScheduledToolUnknown));
            }
        }
        (Exchange::AwaitsAuthorization(_), Body::Bytes(body)) if passed.status < 300 => {
            // The caller may have lost its right to this user since it began.
            let may_name = |user: String| UserId::new(&user).is_some_and(|user| context.caller.may_name(&user));
            if !user_in(body)?.is_none_or(may_name) {
                return Err(Refusal::new(RefusalKind::AuthorizationUnknown));
            }
        }
        _ => {}
    }
    Ok(passed)
}

/// Returns the user that an answer is about.
fn user_in(body: &[u8]) -> Result<Option<String>, Refusal> {
    let answer = json::parse(body, ANSWER_LIMITS).map_err(|_| Refusal::new(RefusalKind::UpstreamNotJson))?;
    let user = answer.get("user_id").and_then(Json::as_str);
    Ok(user.filter(|user| !user.is_empty()).map(str::to_owned))
}

/// Returns every authorisation id that an answer names: its own `id` (with a `status`), and `authorization_id` below
/// `authorization.items` of a requirements answer.
fn authorizations_in(answer: &Json<'_>) -> Vec<String> {
    let own = answer.get("id").filter(|_| answer.get("status").is_some());
    let items = answer.get("authorization").and_then(|authorization| authorization.get("items"));
    let items = items.and_then(Json::as_object).into_iter().flat_map(json::Object::iter);
    let of_items = items.filter_map(|(_, item)| item.get("authorization_id"));
    own.into_iter().chain(of_items).filter_map(Json::as_str).map(str::to_owned).collect()
}

fn owner_key(context: &Context<'_>, id: &str) -> String {
    format!("authorization/{}/{}", context.caller.tenant, hex::encode(&Hash::hash(id.as_bytes())))
}

/// Notes that these authorisations belong to the caller, before it learns of them. Only an engine can be asked for one
/// later, so only engines' ids are noted.
///
/// # Errors
/// [`RefusalKind::DurableUnavailable`], [`RefusalKind::DurableUnsupported`]: an id that nobody owns could never be
/// asked for.
pub(crate) async fn begin_authorizations<P: Platform>(
    platform: &P,
    context: &Context<'_>,
    executor: usize,
    ids: &[String],
    record: &mut Record,
) -> Result<(), Refusal> {
    let Some(engine) = context.rules.executors.get(executor).filter(|executor| executor.engine().is_some()) else {
        return Ok(());
    };
    let mut are_left_out = ids.len() > limits::AUTHORIZATIONS_PER_ANSWER;
    for id in ids.iter().take(limits::AUTHORIZATIONS_PER_ANSWER) {
        let command = Command::Begin { caller: context.caller.id.to_string(), executor: engine.id.to_string() };
        let reply = state::apply(platform, &owner_key(context, id), &StateCommand::Authorization(command)).await;
        are_left_out |= reply.map_err(durable)? == StateReply::Authorization(Reply::No);
    }
    if are_left_out {
        record.degraded.push("authorizations_left_out");
    }
    Ok(())
}

/// Returns the executor at which the caller began this authorisation.
async fn owner_of_authorization<P: Platform>(platform: &P, context: &Context<'_>, id: &str) -> Result<String, Refusal> {
    let command = Command::IsOf(context.caller.id.to_string());
    let reply = state::apply(platform, &owner_key(context, id), &StateCommand::Authorization(command)).await;
    match reply.map_err(durable)? {
        StateReply::Authorization(Reply::Yes(executor)) => Ok(executor),
        _ => Err(Refusal::new(RefusalKind::AuthorizationUnknown)),
    }
}

fn durable(error: DurableError) -> Refusal {
    Refusal::new(match error {
        DurableError::Unavailable => RefusalKind::DurableUnavailable,
        DurableError::Unsupported => RefusalKind::DurableUnsupported,
    })
}
