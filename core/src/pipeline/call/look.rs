//! Looks a call up in the cache: its key, its terms, and the outcome of a hit.

use std::borrow::Cow;
use std::rc::Rc;

use super::{CallOutcome, CallReply, StorageTarget, StoredStatus};
use crate::access::admission::Context;
use crate::access::epochs::EpochsView;
use crate::backends::{Executor, NO_ACCOUNT};
use crate::cache::flight::FlightRequest;
use crate::cache::{
    self, Bypass, Cache, CacheOutcome, CacheRules, CacheScopeChoice, Demand, Directives, Entry, Forward, Hit, KeyParts,
    Saved, Terms, Tier, Wanted,
};
use crate::model::call::ToolCall;
use crate::model::tool::Tool;
use crate::pipeline::idempotency::Claim;
use crate::ports::Platform;
use crate::state::epochs::Covered;
use crate::telemetry::{CalledTool, Record};
use crate::words::names::{Project, TenantId, UserId};
use crate::words::refusal::{Refusal, RefusalKind};
use crate::words::time::Timestamp;

/// Returns the hit for the call; else the stale response that may be served if the executor fails.
pub(super) async fn look<P: Platform>(
    platform: &P,
    cache: &Cache,
    wanted: Option<&Wanted<'_>>,
    record: &mut Record,
) -> Result<Hit, Option<Rc<Entry>>> {
    let Some(wanted) = wanted else { return Err(None) };
    if wanted.terms.asked.no_cache {
        record.forward = Some(Forward::Request(Demand::NoCache));
        return Err(None);
    }
    cache::look_up(platform, cache, wanted, &mut record.degraded).await.map_err(|missed| {
        record.forward = Some(missed.forward);
        missed.stale
    })
}

/// Refuses an `only-if-cached` call that no stored response may answer.
pub(super) fn not_cached(record: &Record) -> Refusal {
    Refusal::with(
        RefusalKind::NotCached,
        match (record.cache, record.forward) {
            (CacheOutcome::Bypass(bypass), _) => bypass.name(),
            (_, forward) => forward.unwrap_or_default().name(),
        },
    )
}

/// Returns the outcome of a call that a stored response answers; the record already has the cache status.
pub(super) fn stored_outcome<P: Platform>(
    platform: &P,
    rules: &CacheRules,
    entry: &Rc<Entry>,
    overruled: Option<Demand>,
    fwd_status: Option<u16>,
    record: &mut Record,
) -> CallOutcome {
    if let (true, Some(CalledTool::Registered(tool))) = (record.cache.is_fresh_hit(), &record.tool) {
        record.saved = Some(Saved::by(rules, tool, entry));
    }
    record.degraded.extend(overruled.map(Demand::overruled));
    let (stored_at, expires_at) = (entry.stored_at, entry.expires_at);
    let stored = StoredStatus { overruled, fwd_status, now: platform.now(), stored_at, expires_at };
    let mut outcome = CallOutcome::of(CallReply::Stored(Rc::clone(entry)), record);
    outcome.cache.stored = Some(stored);
    outcome
}

/// Returns the place for the call's response; or the reason for a bypass.
pub(super) fn key_for(
    rules: &CacheRules,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    directives: Directives,
) -> Result<StorageTarget, Bypass> {
    let policy = cache::cache_policy(rules, &call.tool)?;
    if call.run_at.is_some() {
        return Err(Bypass::Scheduled);
    }
    if call.include_stacktrace {
        return Err(Bypass::StacktraceAsked);
    }
    if !context.held.is_current() {
        return Err(Bypass::EpochsUnavailable);
    }
    if directives.no_store {
        return Err(Bypass::Asked);
    }
    let ExecutedBy { executors, account, default_project } = executed_by(context, &call.tool);
    let parts = KeyParts {
        tenant: &context.caller.tenant,
        account: &account,
        project: call.project.as_ref().or(default_project),
        executors: &executors,
        user: call.user.as_ref(),
        tool: &call.tool,
        policy,
        input: &call.input,
    };
    Ok(StorageTarget { policy, key: cache::key_of(&parts) })
}

/// The part of a key that depends on the executor.
struct ExecutedBy<'c> {
    /// The executor, or all that the operator declares equivalent.
    executors: Cow<'c, str>,
    /// The account there, or all accounts there with their default projects.
    account: Cow<'c, [u8]>,
    /// The default project of a call that names none.
    default_project: Option<&'c Project>,
}

fn executed_by<'c>(context: &Context<'c>, tool: &Tool) -> ExecutedBy<'c> {
    let Some(route) = context.rules.routing.route_of(&tool.folded) else {
        let executor = context.rules.executors.get(tool.executor);
        let (account, default_project) = executor.map_or((&NO_ACCOUNT, None), |executor| account_of(executor, context));
        let executors = Cow::Borrowed(executor.map_or("", |executor| executor.id.as_str()));
        return ExecutedBy { executors, account: Cow::Borrowed(account), default_project };
    };
    // Any of them may answer: none may have another's account behind the same text.
    let (mut executors, mut accounts) = (String::from("route"), Vec::with_capacity(64));
    for executor in route.executors.iter().filter_map(|place| context.rules.executors.get(*place)) {
        let (account, project) = account_of(executor, context);
        executors.push(' ');
        executors.push_str(executor.id.as_str());
        accounts.extend_from_slice(account);
        accounts.extend_from_slice(project.map_or("", Project::as_str).as_bytes());
        accounts.push(0);
    }
    ExecutedBy { executors: Cow::Owned(executors), account: Cow::Owned(accounts), default_project: None }
}

fn account_of<'c>(executor: &'c Executor, context: &Context<'_>) -> (&'c [u8; 16], Option<&'c Project>) {
    let project = executor.upstream.as_ref().and_then(|upstream| upstream.project.as_ref());
    (executor.account_of(&context.caller.tenant), project)
}

/// Returns the oldest version of the epochs that an entry of this place may carry.
pub(super) fn floor_of(
    rules: &CacheRules,
    held: &EpochsView,
    tenant: &TenantId,
    user: Option<&UserId>,
    tool: &Tool,
    target: &StorageTarget,
) -> u64 {
    let user = match target.policy.scope {
        CacheScopeChoice::Shared => None,
        CacheScopeChoice::User => Some(user.map_or("", UserId::as_str)),
    };
    held.epochs.cache_floor_of(&Covered {
        tenant: tenant.as_str(),
        toolkit: tool.toolkit_folded(),
        tool: &tool.folded,
        // Without narrow scopes, no tags are needed.
        tags: if held.epochs.cache.is_empty() { &[] } else { cache::tags_of(rules, tool) },
        user,
        key: target.key.as_bytes(),
    })
}

pub(super) fn wanted<'k>(
    rules: &CacheRules,
    context: &Context<'_>,
    call: &ToolCall<'_>,
    target: &'k StorageTarget,
    directives: Directives,
) -> Wanted<'k> {
    let (tenant, user) = (&context.caller.tenant, call.user.as_ref());
    let floor = floor_of(rules, context.held, tenant, user, &call.tool, target);
    let StorageTarget { policy, key } = target;
    let farthest = Tier::farthest(policy.strategy, policy.whole_life());
    Wanted { key, floor, farthest, terms: Terms::of(policy.life, directives) }
}

/// Returns the flight that a missed call may join; `None` for a call that shares with no other. A local tool's call
/// ends before another can begin; one that has claimed an idempotency key makes the outcome of that key itself.
pub(super) fn asked<'a>(
    rules: &CacheRules,
    context: &Context<'_>,
    call: &'a ToolCall<'_>,
    claim: Option<&Claim>,
    wanted: Wanted<'a>,
    until: Timestamp,
) -> Option<FlightRequest<'a>> {
    // Another call's execution may have begun before this call, which `no-cache` forbids.
    if claim.is_some() || wanted.terms.asked.no_cache {
        return None;
    }
    asked_of_others(rules, call, wanted, context.held.epochs.version, until)
}

pub(super) fn asked_of_others<'a>(
    rules: &CacheRules,
    call: &'a ToolCall<'_>,
    wanted: Wanted<'a>,
    epoch: u64,
    until: Timestamp,
) -> Option<FlightRequest<'a>> {
    let choice = cache::single_flight(rules, &call.tool);
    call.tool.local.is_none().then(|| FlightRequest { wanted, epoch, until, choice, tool: &call.tool.folded })
}
