//! `/gate/v1/cache`: statistics, look-up, invalidation and warming of the cache.

mod asked;
mod told;

use std::rc::Rc;

use crate::access::admission::{self, Admitted, Context, RequestScope};
use crate::access::epochs::{AdvanceError, EpochLease};
use crate::cache::{self, Cache, Directives};
use crate::catalog::Catalog;
use crate::front::arcade::call;
use crate::front::body::{Members, json_body};
use crate::front::response::Answer;
use crate::model::request::{Header, Request, RequestLimits};
use crate::pipeline::call::StorageTarget;
use crate::pipeline::guard;
use crate::pipeline::warm::Warmed;
use crate::ports::Platform;
use crate::state::epochs::Change;
use crate::telemetry::metrics::{self, IsolateCounters};
use crate::validate::input::InputRule;
use crate::words::action::Action;
use crate::words::names::{Project, TenantId};
use crate::words::refusal::{Refusal, RefusalKind};

use asked::Invalidation;

/// Reports this isolate's memory tier, and the counters of the whole deployment.
pub(super) async fn statistics<P: Platform>(
    platform: &P,
    cache: &Cache,
    counters: &Rc<IsolateCounters>,
    context: &Context<'_>,
) -> Result<Answer<P::Stream>, Refusal> {
    let sums = metrics::sums(platform, counters).await.map_err(super::durable)?;
    // Names of tools are shown only to those who may call them.
    let calls = context.authority.of_call(None);
    Ok(Answer::json(200, told::statistics(cache, &sums, |tool| calls.may_use_name(tool))))
}

/// Reports the stored entries of the call that the body describes. A caller that may not make the call may not look it
/// up; no executor is asked.
pub(super) async fn look_up<P: Platform>(
    platform: &P,
    catalog: &Rc<Catalog>,
    cache: &Cache,
    inputs: &[InputRule],
    context: &Context<'_>,
    request: &Request,
    limits: &RequestLimits,
) -> Result<Answer<P::Stream>, Refusal> {
    let body = json_body(request, limits)?;
    let named = Members::of(&body)?.text("project")?.map(|text| {
        let rule = || Refusal::with(RefusalKind::RequestInvalid, "project: must be \"org/project\"");
        Project::new(text).ok_or_else(rule)
    });
    let project = named.transpose()?;
    let authority = context.authority.of_call(project.as_ref());
    let scope = RequestScope { project: project.clone(), ..RequestScope::default() };
    admission::permit(context.rules, context.caller, &authority, context.held, &scope)?;
    let Some(tools) = catalog.at_hand(platform, project.as_ref()) else {
        catalog.fetch(platform, project.as_ref()).await;
        // Earlier decisions are made again when the request is repeated.
        let again = Refusal::with(RefusalKind::RegistryUnavailable, "the tools of this project were not known yet");
        return Err(again);
    };
    let described = guard::context(context.rules, &tools, context.caller, &authority, context.held);
    let requested = call::of_body(body, project.clone());
    let Admitted::Call(call) = admission::admit(&described, &requested)? else {
        return Err(Refusal::new(RefusalKind::PathUnknown));
    };
    let place = match StorageTarget::of(&cache.rules, inputs, &described, &call, directives_of(request)) {
        Ok(place) => place,
        Err(bypass) => return Ok(Answer::json(200, told::bypassed(&call, bypass))),
    };
    let wanted = place.wanted(&cache.rules, &described, &call);
    let facts = cache::inspect(platform, cache, &wanted).await;
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
    cache: &Cache,
    lease: &EpochLease,
    context: &Context<'_>,
    request: &Request,
    limits: &RequestLimits,
) -> Result<Answer<P::Stream>, Refusal> {
    let body = json_body(request, limits)?;
    let Invalidation { word, tenant, scope } = asked::invalidation(&body, &context.caller.tenant, &cache.rules)?;
    let is_own = tenant.as_ref() == Some(&context.caller.tenant);
    if !is_own && !context.authority.may_also(Action::CacheAdmin) {
        return Err(Refusal::with(RefusalKind::ActionNotPermitted, Action::CacheAdmin.as_str()));
    }
    match lease.advance(platform, vec![Change::Cache(scope)]).await {
        Ok(epochs) => {
            Ok(Answer::json(200, told::invalidated(word, tenant.as_ref(), epochs.version, lease.rules.lease)))
        }
        Err(AdvanceError::Durable(error)) => Err(super::durable(error)),
        // Scopes have no bound that refuses: one too many invalidates everything.
        Err(AdvanceError::Full) => Err(Refusal::new(RefusalKind::DurableUnavailable)),
    }
}

/// Returns the tenant whose warming calls the caller may have made: its own; `None` for all, with `cache/admin`.
pub(super) fn tenant_to_warm<'c>(context: &Context<'c>) -> Option<&'c TenantId> {
    (!context.authority.may_also(Action::CacheAdmin)).then_some(&context.caller.tenant)
}

/// Reports the warming calls that were made.
pub(super) fn warmed<S>(warmed: &[Warmed<'_>]) -> Answer<S> {
    Answer::json(200, told::warmed(warmed))
}

fn directives_of(request: &Request) -> Directives {
    Directives::parse(request.headers.get(Header::CacheControl).unwrap_or_default())
}
