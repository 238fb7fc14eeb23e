//! `/gate/v1/cache`: statistics, look-up, invalidation and warming of the cache.

mod asked;
mod told;

use std::rc::Rc;

use crate::access::admission::{self, Admitted, Context, Members, json_body};
use crate::access::epochs::AdvanceError;
use crate::cache::{self, Directives};
use crate::front::response::Answer;
use crate::model::operation::Asked;
use crate::model::request::{Header, Request};
use crate::pipeline::call::StorageTarget;
use crate::pipeline::runtime::{Isolate, Running};
use crate::pipeline::{guard, warm};
use crate::ports::Platform;
use crate::state::epochs::Change;
use crate::telemetry::metrics;
use crate::words::action::Action;
use crate::words::names::Project;
use crate::words::refusal::{Refusal, RefusalKind};

use asked::Invalidation;

/// Reports this isolate's memory tier, and the counters of the whole deployment.
pub(super) async fn statistics<P: Platform>(
    platform: &P,
    running: &Running,
    context: &Context<'_>,
) -> Result<Answer<P::Stream>, Refusal> {
    let sums = metrics::sums(platform, &running.counters).await.map_err(super::durable)?;
    // Names of tools are shown only to those who may call them.
    let calls = context.authority.of_call(None);
    Ok(Answer::json(200, told::statistics(running, &sums, |tool| calls.may_use_name(tool))))
}

/// Reports the stored entries of the call that the body describes. A caller that may not make the call may not look it
/// up; no executor is asked.
pub(super) async fn look_up<P: Platform>(
    platform: &P,
    running: &Rc<Running>,
    context: &Context<'_>,
    request: &Request,
) -> Result<Answer<P::Stream>, Refusal> {
    let project = {
        let body = json_body(request, &context.rules.limits)?;
        let named = Members::of(&body)?.text("project")?.map(|text| {
            let rule = || Refusal::with(RefusalKind::RequestInvalid, "project: must be \"org/project\"");
            Project::new(text).ok_or_else(rule)
        });
        named.transpose()?
    };
    let authority = context.authority.of_call(project.as_ref());
    let asked = Asked::of_call(project.clone());
    admission::permit(context.rules, context.caller, &authority, context.held, &asked)?;
    let Some(tools) = running.catalog.at_hand(platform, &asked) else {
        running.catalog.fetch(platform, asked.project.as_ref()).await;
        // Earlier decisions are made again when the request is repeated.
        let again = Refusal::with(RefusalKind::RegistryUnavailable, "the tools of this project were not known yet");
        return Err(again);
    };
    let described = guard::context(running, &tools, context.caller, &authority, context.held);
    let Admitted::Tool(call) = admission::admit(&described, &asked, request)? else {
        return Err(Refusal::new(RefusalKind::PathUnknown));
    };
    let place = match StorageTarget::of(running, &described, &call, directives_of(request)) {
        Ok(place) => place,
        Err(bypass) => return Ok(Answer::json(200, told::bypassed(&call, bypass))),
    };
    let wanted = place.wanted(running, &described, &call);
    let facts = cache::inspect(platform, &running.cache, &wanted).await;
    let look = told::Look {
        call: &call,
        place: &place,
        floor: wanted.floor,
        epoch: context.held.epochs.version,
        now: platform.now(),
        shows_values: context.authority.may_also(Action::CacheValues),
    };
    Ok(Answer::json(200, look.tell(&facts)))
}

/// Invalidates the scope that the body names in the caller's own tenant; in other tenants, and everywhere, with
/// `cache/admin`.
pub(super) async fn invalidate<P: Platform>(
    platform: &P,
    running: &Running,
    context: &Context<'_>,
    request: &Request,
) -> Result<Answer<P::Stream>, Refusal> {
    let body = json_body(request, &context.rules.limits)?;
    let Invalidation { word, tenant, scope } = asked::invalidation(&body, &context.caller.tenant, &running.config)?;
    let is_own = tenant.as_ref() == Some(&context.caller.tenant);
    if !is_own && !context.authority.may_also(Action::CacheAdmin) {
        return Err(Refusal::with(RefusalKind::ActionNotPermitted, Action::CacheAdmin.as_str()));
    }
    match running.lease.advance(platform, vec![Change::Cache(scope)]).await {
        Ok(epochs) => {
            let lease = running.config.epochs.lease;
            Ok(Answer::json(200, told::invalidated(word, tenant.as_ref(), epochs.version, lease)))
        }
        Err(AdvanceError::Durable(error)) => Err(super::durable(error)),
        // Scopes have no bound that refuses: one too many invalidates everything.
        Err(AdvanceError::Full) => Err(Refusal::new(RefusalKind::DurableUnavailable)),
    }
}

/// Makes the configured warming calls: those of the caller's own tenant, and all with `cache/admin`.
pub(super) async fn warm<P: Platform>(
    platform: &P,
    isolate: &Rc<Isolate>,
    running: &Rc<Running>,
    context: &Context<'_>,
) -> Answer<P::Stream> {
    let tenant = (!context.authority.may_also(Action::CacheAdmin)).then_some(&context.caller.tenant);
    let warmed = warm::run(platform, isolate, running, tenant).await;
    Answer::json(200, told::warmed(&warmed))
}

fn directives_of(request: &Request) -> Directives {
    Directives::parse(request.headers.get(Header::CacheControl).unwrap_or_default())
}
